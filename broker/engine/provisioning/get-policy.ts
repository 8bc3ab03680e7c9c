/** GetPolicy: the version that is in force. Source: reference shadow-and-provisioning.md §2. */
import type { GetPolicyRequest, GetPolicyResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { documentInForce, generationIdOf, nameAndArn, policyNamed } from './policies.ts';

export function getPolicy({ state }: Turn, { policyName }: GetPolicyRequest): Reply<GetPolicyResponse> {
  const policy = policyNamed(state, policyName);
  if ('accepted' in policy) return policy;
  const { row } = policy;
  return accept({
    ...nameAndArn(state, policyName),
    policyDocument: documentInForce(policy),
    defaultVersionId: row.defaultVersionId,
    creationDate: row.createdAt,
    lastModifiedDate: row.lastModifiedAt,
    generationId: generationIdOf(row),
  });
}

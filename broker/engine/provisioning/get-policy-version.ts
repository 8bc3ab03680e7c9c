/** GetPolicyVersion. Source: reference shadow-and-provisioning.md §2. */
import type { GetPolicyVersionRequest, GetPolicyVersionResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { policyVersionNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { generationIdOf, nameAndArn, policyNamed, versionOf } from './policies.ts';

export function getPolicyVersion(
  { state }: Turn,
  { policyName, policyVersionId }: GetPolicyVersionRequest,
): Reply<GetPolicyVersionResponse> {
  const policy = policyNamed(state, policyName);
  if ('accepted' in policy) return policy;
  const version = versionOf(policy, policyVersionId);
  if (version === undefined) return policyVersionNotFound(policyName, policyVersionId);
  return accept({
    ...nameAndArn(state, policyName),
    policyDocument: version.document,
    policyVersionId,
    isDefaultVersion: policy.row.defaultVersionId === policyVersionId,
    creationDate: version.createdAt,
    lastModifiedDate: version.createdAt,
    generationId: generationIdOf(policy.row),
  });
}

/** ListPolicyVersions, oldest first; at most five, so there are no pages. Source: reference shadow-and-provisioning.md §2. */
import type { ListPolicyVersionsRequest, ListPolicyVersionsResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { policyNamed } from './policies.ts';

export function listPolicyVersions(
  { state }: Turn,
  { policyName }: ListPolicyVersionsRequest,
): Reply<ListPolicyVersionsResponse> {
  const policy = policyNamed(state, policyName);
  if ('accepted' in policy) return policy;
  const { versions, defaultVersionId } = policy.row;
  return accept({
    policyVersions: versions.map(({ versionId, createdAt }) => ({
      versionId,
      isDefaultVersion: versionId === defaultVersionId,
      createDate: createdAt,
    })),
  });
}

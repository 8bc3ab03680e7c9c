/** DeletePolicyVersion: any but the one in force. Source: reference shadow-and-provisioning.md §2. */
import type { DeletePolicyVersionRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { deleteConflict, policyVersionNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { policyNamed, replacePolicy, versionOf } from './policies.ts';

export function deletePolicyVersion(
  turn: Turn,
  { policyName, policyVersionId }: DeletePolicyVersionRequest,
): Reply<undefined> {
  const policy = policyNamed(turn.state, policyName);
  if ('accepted' in policy) return policy;
  const { row } = policy;
  if (versionOf(policy, policyVersionId) === undefined) return policyVersionNotFound(policyName, policyVersionId);
  if (row.defaultVersionId === policyVersionId) {
    return deleteConflict(`Cannot delete the default version of a policy (name=${policyName})`);
  }
  const versions = row.versions.filter(({ versionId }) => versionId !== policyVersionId);
  replacePolicy(turn, policy, { ...row, versions, lastModifiedAt: turn.now });
  return acceptedNothing;
}

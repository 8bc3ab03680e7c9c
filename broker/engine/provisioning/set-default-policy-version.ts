/** SetDefaultPolicyVersion: this version is in force from now on. Source: reference shadow-and-provisioning.md §2, S8. */
import type { SetDefaultPolicyVersionRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { policyVersionNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { tellPolicy } from './attachments.ts';
import { policyNamed, replacePolicy, versionOf } from './policies.ts';

export function setDefaultPolicyVersion(
  turn: Turn,
  { policyName, policyVersionId }: SetDefaultPolicyVersionRequest,
): Reply<undefined> {
  const policy = policyNamed(turn.state, policyName);
  if ('accepted' in policy) return policy;
  if (versionOf(policy, policyVersionId) === undefined) return policyVersionNotFound(policyName, policyVersionId);
  replacePolicy(turn, policy, { ...policy.row, defaultVersionId: policyVersionId, lastModifiedAt: turn.now });
  tellPolicy(turn, policy);
  return acceptedNothing;
}

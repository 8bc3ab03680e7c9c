/**
 * DeletePolicy: not while it is attached or has versions beside the one in force.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { DeletePolicyRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { deleteConflict } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { setTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { nameAndArn, policyNamed } from './policies.ts';

export function deletePolicy(turn: Turn, { policyName }: DeletePolicyRequest): Reply<undefined> {
  const { state } = turn;
  const policy = policyNamed(state, policyName);
  if ('accepted' in policy) return policy;
  if (policy.targets.size > 0) {
    return deleteConflict(
      `The policy cannot be deleted as the policy is attached to one or more principals (name=${policyName})`,
    );
  }
  if (policy.row.versions.length > 1) {
    return deleteConflict(
      `Cannot delete the policy because it has one or more policy versions attached to it (name=${policyName})`,
    );
  }
  state.policies.delete(policyName);
  state.policyList.remove(policy);
  turn.drop('policy', policyName);
  setTags(turn, nameAndArn(state, policyName).policyArn, {});
  return acceptedNothing;
}

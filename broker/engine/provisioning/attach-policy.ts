/**
 * AttachPolicy, and AttachPrincipalPolicy, which is its older name for certificates. In force at once.
 * Source: reference shadow-and-provisioning.md §2 and §3.
 */
import type { AttachPolicyRequest, AttachPrincipalPolicyRequest } from '../../../protocol/aws/iot.ts';
import { maxPoliciesPerTarget } from '../../../protocol/limits.ts';
import type { Reply } from '../contract.ts';
import { limitExceeded } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { policiesOf, policyTargetOf, setPolicies } from './attachments.ts';
import { policyNamed } from './policies.ts';

export function attachPolicy(turn: Turn, { policyName, target: arn }: AttachPolicyRequest): Reply<undefined> {
  const policy = policyNamed(turn.state, policyName);
  if ('accepted' in policy) return policy;
  const target = policyTargetOf(turn.state, arn);
  if ('accepted' in target) return target;
  const policies = policiesOf(target);
  if (policies.includes(policyName)) return acceptedNothing;
  if (policies.length >= maxPoliciesPerTarget) {
    return limitExceeded(`The target ${arn} has ${maxPoliciesPerTarget} policies already.`);
  }
  setPolicies(turn, target, [...policies, policyName]);
  return acceptedNothing;
}

export function attachPrincipalPolicy(
  turn: Turn,
  { policyName, principal }: AttachPrincipalPolicyRequest,
): Reply<undefined> {
  return attachPolicy(turn, { policyName, target: principal });
}

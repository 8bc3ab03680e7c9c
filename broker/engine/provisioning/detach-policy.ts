/**
 * DetachPolicy, and DetachPrincipalPolicy, which is its older name for certificates. Detaching what is not attached succeeds.
 * Source: reference shadow-and-provisioning.md §2 (AWS takes minutes, S8).
 */
import type { DetachPolicyRequest, DetachPrincipalPolicyRequest } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { acceptedNothing } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { policiesOf, policyTargetOf, setPolicies } from './attachments.ts';
import { policyNamed } from './policies.ts';

export function detachPolicy(turn: Turn, { policyName, target: arn }: DetachPolicyRequest): Reply<undefined> {
  const policy = policyNamed(turn.state, policyName);
  if ('accepted' in policy) return policy;
  const target = policyTargetOf(turn.state, arn);
  if ('accepted' in target) return target;
  const policies = policiesOf(target);
  const left = policies.filter((name) => name !== policyName);
  if (left.length < policies.length) setPolicies(turn, target, left);
  return acceptedNothing;
}

export function detachPrincipalPolicy(
  turn: Turn,
  { policyName, principal }: DetachPrincipalPolicyRequest,
): Reply<undefined> {
  return detachPolicy(turn, { policyName, target: principal });
}

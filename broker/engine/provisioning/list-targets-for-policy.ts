/** ListTargetsForPolicy, in the order of the alphabet. Source: reference shadow-and-provisioning.md §2. */
import type { ListTargetsForPolicyRequest, ListTargetsForPolicyResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { markedPageOf } from '../page.ts';
import { badMarker } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { policyNamed } from './policies.ts';

export function listTargetsForPolicy(
  { state }: Turn,
  request: ListTargetsForPolicyRequest,
): Reply<ListTargetsForPolicyResponse> {
  const policy = policyNamed(state, request.policyName);
  if ('accepted' in policy) return policy;
  const numbered = [...policy.targets].sort().map((arn, index) => ({ arn, number: index + 1 }));
  const page = markedPageOf(state, request, {
    list: 'targets',
    from: ([after] = [0]) => numbered.slice(after),
    cursorOf: ({ number }) => [number],
  });
  if (page === undefined) return badMarker();
  return accept({ targets: page.entries.map(({ arn }) => arn), nextMarker: page.nextMarker });
}

/**
 * ListAttachedPolicies, and ListPrincipalPolicies, which is its older name for certificates. `recursive` adds those of the
 * groups in which a group lies. At most ten to a target, so that a page can hold them all.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type {
  ListAttachedPoliciesRequest,
  ListAttachedPoliciesResponse,
  ListPrincipalPoliciesRequest,
  ListPrincipalPoliciesResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { markedPageOf } from '../page.ts';
import { badMarker } from '../refusals.ts';
import { accept } from '../reply.ts';
import { lineageOf } from '../targets.ts';
import type { Turn } from '../turn.ts';
import { policiesOf, policyTargetOf } from './attachments.ts';
import { nameAndArn } from './policies.ts';

export function listAttachedPolicies(
  { state }: Turn,
  request: ListAttachedPoliciesRequest,
): Reply<ListAttachedPoliciesResponse> {
  const target = policyTargetOf(state, request.target);
  if ('accepted' in target) return target;
  const isInherited = request.recursive === true && 'group' in target;
  const names = isInherited
    ? [...new Set(lineageOf(target.group).flatMap(({ row }) => row.policies ?? []))]
    : policiesOf(target);
  const numbered = names.map((name, index) => ({ name, number: index + 1 }));
  const page = markedPageOf(state, request, {
    list: 'attached',
    from: ([after] = [0]) => numbered.filter(({ number }) => number > after),
    cursorOf: ({ number }) => [number],
  });
  if (page === undefined) return badMarker();
  return accept({ policies: page.entries.map(({ name }) => nameAndArn(state, name)), nextMarker: page.nextMarker });
}

/** @param request may ask for the other order, which makes no difference to who reads all of it. */
export function listPrincipalPolicies(
  turn: Turn,
  { principal, marker, pageSize, ascendingOrder: _order }: ListPrincipalPoliciesRequest,
): Reply<ListPrincipalPoliciesResponse> {
  return listAttachedPolicies(turn, { target: principal, marker, pageSize });
}

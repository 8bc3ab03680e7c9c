/** ListPolicies, newest first unless asked otherwise. Source: reference shadow-and-provisioning.md §2. */
import type { ListPoliciesRequest, ListPoliciesResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, markedPageOf } from '../page.ts';
import { badMarker } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { nameAndArn } from './policies.ts';

export function listPolicies({ state }: Turn, request: ListPoliciesRequest): Reply<ListPoliciesResponse> {
  const order = request.ascendingOrder === true ? 'oldest first' : 'newest first';
  const page = markedPageOf(state, request, {
    list: `policies-${order === 'oldest first' ? 'up' : 'down'}`,
    ...inOrderOf(state.policyList, order),
  });
  if (page === undefined) return badMarker();
  return accept({ policies: page.entries.map(({ name }) => nameAndArn(state, name)), nextMarker: page.nextMarker });
}

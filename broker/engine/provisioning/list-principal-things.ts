/** ListPrincipalThings, oldest attachment first. Source: reference shadow-and-provisioning.md §2. */
import type { ListPrincipalThingsRequest, ListPrincipalThingsResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { certificateOf } from './certificates.ts';

export function listPrincipalThings(
  { state }: Turn,
  request: ListPrincipalThingsRequest,
): Reply<ListPrincipalThingsResponse> {
  const certificate = certificateOf(state, request.principal);
  if ('accepted' in certificate) return certificate;
  const things = certificate.row.things.toSorted((one, other) => one.sequence - other.sequence);
  const page = pageOf(state, request, {
    list: 'things-of-principal',
    from: ([after] = [0]) => things.filter(({ sequence }) => sequence > after),
    cursorOf: ({ sequence }) => [sequence],
  });
  if (page === undefined) return badToken();
  return accept({ things: page.entries.map(({ thingName }) => thingName), nextToken: page.nextToken });
}

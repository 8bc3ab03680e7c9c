/** ListThingPrincipals, oldest attachment first. Source: reference shadow-and-provisioning.md §2. */
import type { ListThingPrincipalsRequest, ListThingPrincipalsResponse } from '../../../protocol/aws/iot.ts';
import { formatCertificateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { pageOf } from '../page.ts';
import { badToken, thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';
import { principalsOf } from './attachments.ts';

export function listThingPrincipals(
  { state }: Turn,
  request: ListThingPrincipalsRequest,
): Reply<ListThingPrincipalsResponse> {
  const { thingName } = request;
  if (findRegistration(state, thingName) === undefined) return thingNotFound(thingName);
  const attached = principalsOf(state, thingName).map(({ certificateId, things }) => ({
    certificateId,
    sequence: things.find((attachment) => attachment.thingName === thingName)!.sequence,
  }));
  const page = pageOf(state, request, {
    list: 'principals',
    from: ([after] = [0]) => attached.filter(({ sequence }) => sequence > after),
    cursorOf: ({ sequence }) => [sequence],
  });
  if (page === undefined) return badToken();
  return accept({
    principals: page.entries.map(({ certificateId }) => formatCertificateArn(state.identity, certificateId)),
    nextToken: page.nextToken,
  });
}

/** DetachThingPrincipal: what is not attached is no change. Source: reference shadow-and-provisioning.md §2, S8. */
import type { DetachThingPrincipalRequest, DetachThingPrincipalResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { thingNotFound } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';
import { detachThing } from './attachments.ts';
import { certificateOf } from './certificates.ts';

export function detachThingPrincipal(
  turn: Turn,
  { thingName, principal }: DetachThingPrincipalRequest,
): Reply<DetachThingPrincipalResponse> {
  if (findRegistration(turn.state, thingName) === undefined) return thingNotFound(thingName);
  const certificate = certificateOf(turn.state, principal);
  if ('accepted' in certificate) return certificate;
  detachThing(turn, certificate, thingName);
  return acceptedEmpty;
}

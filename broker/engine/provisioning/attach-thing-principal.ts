/**
 * AttachThingPrincipal: again is no change. A certificate that belongs to one thing exclusively belongs to no other.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { AttachThingPrincipalRequest, AttachThingPrincipalResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { invalidRequest, thingNotFound } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';
import { attachThing } from './attachments.ts';
import { certificateOf } from './certificates.ts';

export function attachThingPrincipal(
  turn: Turn,
  { thingName, principal, thingPrincipalType }: AttachThingPrincipalRequest,
): Reply<AttachThingPrincipalResponse> {
  if (findRegistration(turn.state, thingName) === undefined) return thingNotFound(thingName);
  const certificate = certificateOf(turn.state, principal);
  if ('accepted' in certificate) return certificate;
  const isExclusive = thingPrincipalType === 'EXCLUSIVE_THING';
  const others = certificate.row.things.filter((attachment) => attachment.thingName !== thingName);
  // Assumed: the text.
  if (others.some(({ exclusive }) => isExclusive || exclusive === true)) {
    return invalidRequest(`Principal ${principal} is attached to another thing and cannot be exclusive to one.`);
  }
  attachThing(turn, certificate, thingName, isExclusive);
  return acceptedEmpty;
}

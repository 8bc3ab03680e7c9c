/**
 * DeleteThingShadow, classic and named. The version is kept for a while: the delete itself adds one to it.
 * Source: reference shadow-and-provisioning.md §1, open point S2.
 */
import type { DeleteThingShadowResponse } from '../../../protocol/aws/iot-data.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { invalidRequest, shadowNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { acceptedDelete, deleteMessage } from './shadow-messages.ts';
import { findShadow, holdShadow, shadowKey } from './shadows.ts';
import { readClientToken } from './update-request.ts';

export function deleteThingShadow(
  turn: Turn,
  { thingName, shadowName, payload = '' }: RequestOf<'iot:DeleteThingShadow'>,
): Reply<DeleteThingShadowResponse> {
  const { state, now } = turn;
  const clientToken = readClientToken(payload);
  if ('problem' in clientToken) return invalidRequest(clientToken.problem);
  const shadow = findShadow(state, thingName, shadowName);
  if (shadow === undefined) return shadowNotFound(shadowName ?? thingName);
  const { document: _gone, ...rest } = shadow;
  const deleted = { ...rest, version: shadow.version + 1, deletedAt: now };
  holdShadow(state, deleted);
  turn.put('shadow', shadowKey(deleted), deleted);
  const accepted = acceptedDelete(shadow, now, clientToken.value);
  turn.event(deleteMessage(shadow, accepted));
  return accept({ payload: JSON.stringify(accepted) });
}

/**
 * UpdateThingShadow, classic and named: makes the shadow when there is none. Nothing is stored of an update that is refused.
 * Source: reference shadow-and-provisioning.md §1.
 */
import type { UpdateThingShadowResponse } from '../../../protocol/aws/iot-data.ts';
import { maxShadowBytes } from '../../../protocol/limits.ts';
import { toEpochSeconds } from '../../../protocol/time.ts';
import { utf8Length } from '../../../protocol/utf8.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { invalidRequest, shadowConflict, shadowTooLarge } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { emptyDocument, updatedDocument, type ShadowState } from './shadow-document.ts';
import { acceptedUpdate, updateMessages } from './shadow-messages.ts';
import { findShadow, holdShadow, shadowKey, versionBefore, type LiveShadow } from './shadows.ts';
import { readUpdate } from './update-request.ts';

export function updateThingShadow(
  turn: Turn,
  { thingName, shadowName, payload }: RequestOf<'iot:UpdateThingShadow'>,
): Reply<UpdateThingShadowResponse> {
  const { state, now } = turn;
  const read = readUpdate(payload, state.profile.shadowDepth);
  if ('problem' in read) return invalidRequest(read.problem);
  const { patch, version, clientToken } = read.value;
  const before = versionBefore(state, thingName, shadowName, now);
  if (version !== undefined && version !== before) return shadowConflict();
  const previous = findShadow(state, thingName, shadowName);
  const document = updatedDocument(previous?.document ?? emptyDocument, patch, toEpochSeconds(now));
  if (sizeOf(document.state) > maxShadowBytes) return shadowTooLarge();

  const sequence = previous?.sequence ?? turn.createSequence();
  const named = shadowName === undefined ? {} : { shadowName };
  const current: LiveShadow = { sequence, thingName, ...named, version: before + 1, document };
  holdShadow(state, current);
  turn.put('shadow', shadowKey(current), current);
  const accepted = acceptedUpdate(patch, current.version, now, clientToken);
  for (const message of updateMessages({ thingName, ...named, previous, current, accepted, clientToken }, now)) {
    turn.event(message);
  }
  return accept({ payload: JSON.stringify(accepted) });
}

function sizeOf({ desired, reported }: ShadowState): number {
  return [desired, reported].reduce((bytes, section) => bytes + (section ? utf8Length(JSON.stringify(section)) : 0), 0);
}

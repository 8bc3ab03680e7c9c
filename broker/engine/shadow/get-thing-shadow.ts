/**
 * GetThingShadow, classic and named: the whole document, with what `desired` has beyond `reported`.
 * Source: reference shadow-and-provisioning.md §1.
 */
import type { GetThingShadowResponse } from '../../../protocol/aws/iot-data.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { invalidRequest, shadowNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { acceptedGet } from './shadow-messages.ts';
import { findShadow } from './shadows.ts';
import { readClientToken } from './update-request.ts';

export function getThingShadow(
  { state, now }: Turn,
  { thingName, shadowName, payload = '' }: RequestOf<'iot:GetThingShadow'>,
): Reply<GetThingShadowResponse> {
  const clientToken = readClientToken(payload);
  if ('problem' in clientToken) return invalidRequest(clientToken.problem);
  const shadow = findShadow(state, thingName, shadowName);
  if (shadow === undefined) return shadowNotFound(shadowName ?? thingName);
  return accept({ payload: JSON.stringify(acceptedGet(shadow, now, clientToken.value)) });
}

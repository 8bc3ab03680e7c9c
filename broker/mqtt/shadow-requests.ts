/**
 * Device shadows over MQTT: a message on a request topic is a command for the service; what answers it is an ordinary message
 * for all who have subscribed, so that who asks without a subscription hears nothing. The request itself can be heard too.
 * What a change causes (`accepted`, `documents`, `delta`) the service says itself, as effects, whichever door it came by.
 * Source: reference shadow-and-provisioning.md §1, open point S5.
 */
import { shadowError } from '../../protocol/rejections.ts';
import { toEpochSeconds, type EpochMs } from '../../protocol/time.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';
import { validateRequest } from '../../protocol/validation.ts';
import type { CommandOf, Rejected, Reply } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { ShadowsInFlight } from '../net/shadows-in-flight.ts';
import { clientTokenOf } from './client-token.ts';
import type { ReservedAnswerer } from './reserved-requests.ts';

const operations = {
  get: 'GetThingShadow',
  update: 'UpdateThingShadow',
  delete: 'DeleteThingShadow',
} as const;

type Operation = (typeof operations)[keyof typeof operations];

export function shadowAnswerer(port: ServicePort, inFlight: ShadowsInFlight): ReservedAnswerer {
  return ({ topic, parsed: { parameters }, payload, connection }, { announce, done }) => {
    const text = typeof payload === 'string' ? payload : decodeUtf8(payload);
    announce(topic, text ?? Buffer.from(payload));
    const answer = (reply: Reply<{ readonly payload?: string }>, at: EpochMs): void => {
      if (!reply.accepted) announce(`${topic}/rejected`, rejectedText(reply, at, text ?? ''));
      else if (operation === 'GetThingShadow') announce(`${topic}/accepted`, reply.response.payload ?? '');
      ended?.();
      done();
    };
    const ended = inFlight.begin(connection, parameters['thingName'] ?? '');
    if (ended === undefined) return answer(tooMany, port.now());

    const operation = operations[parameters['operation'] as keyof typeof operations];
    const command = commandOf(operation, parameters, text);
    if ('accepted' in command) answer(command, port.now());
    else port.submit(command, answer);
  };
}

function commandOf(
  operation: Operation,
  { thingName = '', shadowName }: Readonly<Record<string, string>>,
  payload: string | undefined,
): CommandOf<`iot:${Operation}`> | Rejected {
  const request = { thingName, ...(shadowName !== undefined && { shadowName }), payload: payload ?? '' };
  const problem = validateRequest('iot-data', operation, request);
  if (problem !== undefined) return { accepted: false, code: 'InvalidRequest', message: problem };
  if (payload !== undefined) return { name: `iot:${operation}`, request };
  const message = 'Unsupported documented encoding; supported encoding is UTF-8';
  return { accepted: false, code: 'UnsupportedDocumentEncoding', message };
}

const tooMany: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Rate exceeded' };
/** Observed: as AWS writes it over MQTT (aws-iot-device-sdk-python-v2 issue 307), which it documents nowhere. */
const throttledText = 'TOO_MANY_REQUESTS';

/** Observed: a 404 has no timestamp; assumed of a 409 (S5). */
const untimed: ReadonlySet<number> = new Set([404, 409]);

function rejectedText({ code, message }: Rejected, at: EpochMs, request: string): string {
  const { status } = shadowError(code);
  const timestamp = untimed.has(status) ? undefined : toEpochSeconds(at);
  const said = code === 'RequestThrottled' ? throttledText : message;
  return JSON.stringify({ code: status, message: said, timestamp, clientToken: clientTokenOf(request) });
}

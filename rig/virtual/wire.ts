/**
 * How requests and messages cross the simulated wire: as objects, or encoded to topic and text and decoded again, as over a
 * socket. Both say the same (a test runs the same seeds both ways); objects are faster by far. No link and no time here.
 */
import type { CommandOf, NotifyEffect, NotifyNextEffect, Rejected, Reply } from '../../broker/engine/contract.ts';
import type { DeviceOperations } from '../../protocol/device-api.ts';
import { acceptedBytes, notifyBytes, notifyNextBytes, rejectedBytes } from '../../protocol/device-bytes.ts';
import { acceptedJson, notifyJson, notifyNextJson, refusalJson, rejectedJson } from '../../protocol/device-json.ts';
import {
  decodeDeviceMessage,
  encodeDeviceRequest,
  type DeviceMessage,
  type DeviceRequest,
} from '../../protocol/device-messages.ts';
import { acceptedPayload, notifyNextPayload, notifyPayload, rejectedPayload } from '../../protocol/device-payloads.ts';
import { commandNames, decodeDeviceRequest } from '../../protocol/device-requests.ts';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import { formatJobsTopic, parseJobsTopic, type RequestOperation } from '../../protocol/topics.ts';

export type DeviceCommand = { [Name in RequestOperation]: CommandOf<`iotjobsdata:${Name}`> }[RequestOperation];
export type DeviceReply = Reply<DeviceOperations[RequestOperation]['response']>;
export type Notification = NotifyEffect | NotifyNextEffect;

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export interface Wire {
  /** The request as the service reads it, or why it refuses to. */
  toCommand(thingName: string, request: DeviceRequest): DeviceCommand | Rejected;
  toMessage(thingName: string, request: DeviceRequest, reply: DeviceReply, at: EpochMs): DeviceMessage;
  /** A rejection with any code. */
  toRefusal(thingName: string, request: DeviceRequest, refusal: Refusal, at: EpochMs): DeviceMessage;
  toNotification(effect: Notification): DeviceMessage;
}

/** Every message has the same members, unset ones too: one shape is read fastest. */
export const objectWire: Wire = {
  toCommand: (thingName, { operation, jobId, namespaceId, body }) => {
    // The agent's own types vouch for the members, which the text wire checks; the token is read by nobody.
    const request = {
      thingName,
      jobId,
      namespaceId,
      status: body.status,
      statusDetails: body.statusDetails,
      expectedVersion: body.expectedVersion,
      executionNumber: body.executionNumber,
      includeJobExecutionState: body.includeJobExecutionState,
      includeJobDocument: body.includeJobDocument,
      stepTimeoutInMinutes: body.stepTimeoutInMinutes,
    };
    return { name: commandNames[operation], request } as unknown as DeviceCommand;
  },
  toMessage(_, request, reply, at) {
    const { operation, jobId, namespaceId, body } = request;
    const { clientToken } = body;
    const { accepted } = reply;
    const bytes = accepted
      ? acceptedBytes(operation, reply.response, at, clientToken)
      : rejectedBytes(reply, at, clientToken);
    const payload = accepted
      ? acceptedPayload(operation, reply.response, at, clientToken)
      : rejectedPayload(reply, at, clientToken);
    const outcome = accepted ? 'accepted' : 'rejected';
    return { kind: 'reply', outcome, operation, jobId, namespaceId, bytes, payload } as DeviceMessage;
  },
  toRefusal(_, { operation, jobId, namespaceId, body }, { code, message }, at) {
    const { clientToken } = body;
    const bytes = refusalJson({ code, message }, at, clientToken).length;
    const payload = { code, message, timestamp: toEpochSeconds(at), ...(clientToken !== undefined && { clientToken }) };
    return { kind: 'reply', outcome: 'rejected', operation, jobId, namespaceId, bytes, payload } as DeviceMessage;
  },
  toNotification(effect) {
    const isList = effect.kind === 'notify';
    const name = isList ? 'JobExecutionsChanged' : 'NextJobExecutionChanged';
    const payload = isList ? notifyPayload(effect) : notifyNextPayload(effect);
    const bytes = isList ? notifyBytes(effect) : notifyNextBytes(effect);
    return { kind: 'notification', name, namespaceId: effect.namespaceId, bytes, payload } as DeviceMessage;
  },
};

const encoder = new TextEncoder();

export const textWire: Wire = {
  toCommand(thingName, request) {
    const { topic, payload } = encodeDeviceRequest(thingName, request);
    const about = parseJobsTopic(topic);
    if (about?.kind !== 'request') return { accepted: false, code: 'InvalidTopic', message: topic };
    const decoded = decodeDeviceRequest(about, encoder.encode(payload));
    if (!decoded.ok) return { accepted: false, code: decoded.code, message: decoded.message };
    return { name: commandNames[decoded.operation], request: decoded.request } as DeviceCommand;
  },
  toMessage: (thingName, request, reply, at) =>
    readBack(replyTopic(thingName, request, reply.accepted ? 'accepted' : 'rejected'), replyText(request, reply, at)),
  toRefusal: (thingName, request, refusal, at) =>
    readBack(replyTopic(thingName, request, 'rejected'), refusalJson(refusal, at, request.body.clientToken)),
  toNotification(effect) {
    const topic = formatJobsTopic({
      kind: 'notification',
      thingName: effect.thingName,
      name: effect.kind === 'notify' ? 'JobExecutionsChanged' : 'NextJobExecutionChanged',
      ...(effect.namespaceId !== undefined && { namespaceId: effect.namespaceId }),
    });
    return readBack(topic, notificationText(effect));
  },
};

function replyTopic(
  thingName: string,
  { operation, jobId, namespaceId }: DeviceRequest,
  outcome: 'accepted' | 'rejected',
): string {
  return formatJobsTopic({
    kind: 'reply',
    outcome,
    thingName,
    operation,
    ...(jobId !== undefined && { jobId }),
    ...(namespaceId !== undefined && { namespaceId }),
  });
}

function replyText({ operation, body }: DeviceRequest, reply: DeviceReply, at: EpochMs): string {
  return reply.accepted
    ? acceptedJson(operation, reply.response, at, body.clientToken)
    : rejectedJson(reply, at, body.clientToken);
}

function notificationText(effect: Notification): string {
  return effect.kind === 'notify' ? notifyJson(effect) : notifyNextJson(effect);
}

function readBack(topic: string, text: string): DeviceMessage {
  const message = decodeDeviceMessage(topic, encoder.encode(text));
  if (message === undefined) throw new Error(`what the service wrote cannot be read: ${topic} ${text}`);
  return message;
}

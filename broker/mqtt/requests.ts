/**
 * From a message on a Jobs topic to a command for the service, and from its reply to the message that answers. Every request
 * is answered: what cannot be read is rejected here, what is wrong with respect to state by the engine.
 * Source: reference mqtt-api.md §5 and §6.
 */
import type { Watchers } from '../../observation/watchers.ts';
import type { DeviceOperations } from '../../protocol/device-api.ts';
import { acceptedJson, refusalJson, rejectedJson } from '../../protocol/device-json.ts';
import { commandNames, decodeDeviceRequest } from '../../protocol/device-requests.ts';
import { parseJsonObject } from '../../protocol/json.ts';
import type { EpochMs } from '../../protocol/time.ts';
import {
  type ReplyOutcome,
  type RequestOperation,
  type RequestTopic,
  type UnknownJobsTopic,
  asksNext,
} from '../../protocol/topics.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import type { CommandOf, Reply } from '../engine/contract.ts';
import type { ServicePort, TakeWritten } from '../engine/port.ts';
import type { DoorReadings } from './readings.ts';

type DeviceCommand = { [Operation in RequestOperation]: CommandOf<`iotjobsdata:${Operation}`> }[RequestOperation];

type DeviceReply = Reply<DeviceOperations[RequestOperation]['response']>;

/** What a client asks, and the way back to it. */
export interface Request {
  readonly clientId: string;
  readonly qos: 0 | 1;
  /** As published. */
  readonly topic: string;
  readonly parsed: RequestTopic | UnknownJobsTopic;
  readonly payload: Uint8Array | string;
  /** Called once, now or when the service has made the outcome durable; a fault may make it late, twice or never. */
  reply(outcome: ReplyOutcome, payload: string | Buffer): void;
  /** Called once: nothing of the asker's has to wait for an answer to this request any more. */
  answered(): void;
}

export interface AnswerOptions {
  readonly port: ServicePort;
  /** What goes wrong with answers; absent: nothing. */
  readonly faults: AnswerFaults | undefined;
  readonly emptyPayload: DoorReadings['emptyPayload'];
  readonly watchers: Watchers;
  /** Told of a payload that is no JSON object; absent: nobody wants to know. */
  readonly unreadable: ((request: Pick<Request, 'clientId' | 'topic'>, message: string) => void) | undefined;
}

export function answer(options: AnswerOptions, asked: Request): void {
  const { port, faults, emptyPayload, unreadable, watchers } = options;
  const { topic, parsed, payload } = asked;
  if (watchers.observer.written !== undefined) showText(watchers, asked, port.now());
  if (parsed.kind === 'unknown') {
    const message = `The topic ${topic} is no operation of AWS IoT Jobs.`;
    return reject(asked, { code: 'InvalidTopic', message }, port.now());
  }
  if (payload.length === 0 && emptyPayload === 'InvalidJson') {
    return reject(asked, { code: 'InvalidJson', message: 'The payload is empty.' }, port.now());
  }
  const { takeWritten } = port;
  if (
    takeWritten !== undefined &&
    (faults === undefined || faults.isIdle === true) &&
    watchers.observer.sent === undefined
  ) {
    return passOn(takeWritten, options, asked, parsed);
  }
  const decoded = decodeDeviceRequest(parsed, textOf(payload));
  const { clientToken } = decoded;
  if (!decoded.ok) {
    if (decoded.code === 'InvalidJson') unreadable?.(asked, decoded.message);
    return reject(asked, decoded, port.now(), clientToken);
  }
  const { operation, request } = decoded;
  if (watchers.observer.sent !== undefined) showRequest(watchers, parsed, asked, port.now());
  // Operation and request belong together in `decoded`; the type of a table cannot say so.
  const command = { name: commandNames[operation], request } as DeviceCommand;
  const fault = faults?.of(parsed.thingName, operation, asksNext(parsed));
  if (fault !== undefined) return answerFaultily(options, asked, command, operation, clientToken, fault);
  submit(port, asked, command, operation, clientToken);
}

function submit(
  port: ServicePort,
  asked: Request,
  command: DeviceCommand,
  operation: RequestOperation,
  clientToken: string | undefined,
  isTwice = false,
): void {
  port.submit(command, (outcome, at) => {
    tell(asked, operation, outcome, at, clientToken);
    if (isTwice) tell(asked, operation, outcome, at, clientToken);
    asked.answered();
  });
}

function answerFaultily(
  { port, faults }: AnswerOptions,
  asked: Request,
  command: DeviceCommand,
  operation: RequestOperation,
  clientToken: string | undefined,
  fault: NonNullable<ReturnType<AnswerFaults['of']>>,
): void {
  switch (fault.answer) {
    case 'twice':
      return submit(port, asked, command, operation, clientToken, true);
    case 'refuse':
      return refuse(asked, refusalJson(fault, port.now(), clientToken));
    case 'empty-next':
      tell(asked, operation, { accepted: true, response: {} }, port.now(), clientToken);
      return asked.answered();
    case 'late':
      port.submit(command, (outcome, at) =>
        faults?.later(fault.lateMs, () => tell(asked, operation, outcome, at, clientToken)),
      );
      return asked.answered();
    case 'not-at-all':
      return asked.answered();
  }
}

/** The engine is elsewhere, and reads what is asked there. */
function passOn(
  takeWritten: TakeWritten,
  { port, unreadable }: AnswerOptions,
  asked: Request,
  parsed: RequestTopic,
): void {
  const text = textOf(asked.payload);
  const kept = typeof text === 'string' ? text : Buffer.from(text);
  takeWritten(parsed, kept, (told) => {
    if ('code' in told) {
      reject(asked, told, port.now(), decodeDeviceRequest(parsed, kept).clientToken);
      return;
    }
    if (told.unreadable !== undefined) unreadable?.(asked, told.unreadable);
    asked.reply(told.accepted ? 'accepted' : 'rejected', told.payload);
    asked.answered();
  });
}

function tell(
  asked: Request,
  operation: RequestOperation,
  outcome: DeviceReply,
  at: EpochMs,
  clientToken: string | undefined,
): void {
  asked.reply(outcome.accepted ? 'accepted' : 'rejected', written(operation, outcome, at, clientToken));
}

function written(
  operation: RequestOperation,
  outcome: DeviceReply,
  at: EpochMs,
  clientToken: string | undefined,
): string {
  if (!outcome.accepted) return rejectedJson(outcome, at, clientToken);
  const response = outcome.response as DeviceOperations[typeof operation]['response'];
  return acceptedJson(operation, response, at, clientToken);
}

function reject(asked: Request, refusal: Parameters<typeof rejectedJson>[0], at: EpochMs, clientToken?: string): void {
  refuse(asked, rejectedJson(refusal, at, clientToken));
}

function refuse(asked: Request, text: string): void {
  asked.reply('rejected', text);
  asked.answered();
}

/** For doors that are elsewhere: reads what they were asked, and writes what they are to answer. */
export function answersWritten(port: ServicePort): TakeWritten {
  return (topic, payload, answered) => {
    const decoded = decodeDeviceRequest(topic, payload);
    const { clientToken } = decoded;
    if (!decoded.ok) {
      const refusal = rejectedJson(decoded, port.now(), clientToken);
      const unreadable = decoded.code === 'InvalidJson' && { unreadable: decoded.message };
      answered({ accepted: false, payload: refusal, ...unreadable });
      return;
    }
    const { operation, request } = decoded;
    const command = { name: commandNames[operation], request } as DeviceCommand;
    port.submit(command, (outcome: DeviceReply, at: EpochMs) =>
      answered({ accepted: outcome.accepted, payload: written(operation, outcome, at, clientToken) }),
    );
  };
}

/** ASCII as text, which is quick to find out and to read; anything else as it came. */
function textOf(payload: Uint8Array | string): Uint8Array | string {
  return Buffer.isBuffer(payload) ? textIn(payload, 0, payload.length) : payload;
}

/** The same of some bytes. @returns what is no ASCII as these very bytes */
export function textIn(bytes: Buffer, start: number, end: number): Buffer | string {
  for (let at = start; at < end; at += 1) if (bytes[at]! > 0x7f) return bytes.subarray(start, end);
  return bytes.toString('latin1', start, end);
}

function showText({ observer }: Watchers, { topic, parsed, payload }: Request, at: EpochMs): void {
  const text = typeof payload === 'string' ? payload : (decodeUtf8(payload) ?? '');
  const { thingName } = parsed;
  observer.written?.({ kind: 'written', source: 'wire', at, thingName, to: 'service', topic, text });
}

/** As the device wrote it. */
function showRequest({ observer }: Watchers, parsed: RequestTopic, { payload, qos }: Request, at: EpochMs): void {
  const { thingName, operation, jobId, namespaceId } = parsed;
  const body = parseJsonObject(typeof payload === 'string' ? payload : (decodeUtf8(payload) ?? '')) ?? {};
  const request = {
    operation,
    ...(jobId !== undefined && { jobId }),
    ...(namespaceId !== undefined && { namespaceId }),
    body,
  };
  observer.sent?.({ kind: 'sent', source: 'wire', at, thingName, request, via: 'mqtt', qos });
}

/**
 * From a message on a Jobs topic to a command for the service, and from its reply to the message that answers. Every request
 * is answered: what cannot be read is rejected here, what is wrong with respect to state by the engine.
 * Source: reference mqtt-api.md §5 and §6.
 */
import type { DeviceOperations } from '../../protocol/device-api.ts';
import { acceptedJson, rejectedJson } from '../../protocol/device-json.ts';
import { decodeDeviceRequest } from '../../protocol/device-requests.ts';
import type { RequestOperation, RequestTopic, UnknownJobsTopic } from '../../protocol/topics.ts';
import type { CommandOf } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { DoorReadings } from './readings.ts';

type DeviceCommand = { [Operation in RequestOperation]: CommandOf<`iotjobsdata:${Operation}`> }[RequestOperation];

/** Not put together for each request: a text that was just made is slow to look up by. */
const commandNames: { readonly [Operation in RequestOperation]: `iotjobsdata:${Operation}` } = {
  GetPendingJobExecutions: 'iotjobsdata:GetPendingJobExecutions',
  StartNextPendingJobExecution: 'iotjobsdata:StartNextPendingJobExecution',
  DescribeJobExecution: 'iotjobsdata:DescribeJobExecution',
  UpdateJobExecution: 'iotjobsdata:UpdateJobExecution',
};

export interface Request {
  readonly clientId: string;
  /** As published. */
  readonly topic: string;
  readonly parsed: RequestTopic | UnknownJobsTopic;
  readonly payload: Uint8Array | string;
}

export interface AnswerOptions {
  readonly port: ServicePort;
  readonly emptyPayload: DoorReadings['emptyPayload'];
  /** Told of a payload that is no JSON object; absent: nobody wants to know. */
  readonly unreadable: ((request: Request, message: string) => void) | undefined;
}

/** Calls `reply` exactly once, now or when the service has made the outcome durable. */
export function answer(
  { port, emptyPayload, unreadable }: AnswerOptions,
  asked: Request,
  reply: (topic: string, payload: string) => void,
): void {
  const { topic, parsed, payload } = asked;
  const reject = (refusal: Parameters<typeof rejectedJson>[0], at: number, clientToken?: string): void =>
    reply(`${topic}/rejected`, rejectedJson(refusal, at, clientToken));

  if (parsed.kind === 'unknown') {
    reject({ code: 'InvalidTopic', message: `The topic ${topic} is no operation of AWS IoT Jobs.` }, port.now());
    return;
  }
  if (payload.length === 0 && emptyPayload === 'InvalidJson') {
    reject({ code: 'InvalidJson', message: 'The payload is empty.' }, port.now());
    return;
  }
  const decoded = decodeDeviceRequest(parsed, payload);
  const { clientToken } = decoded;
  if (!decoded.ok) {
    if (decoded.code === 'InvalidJson') unreadable?.(asked, decoded.message);
    reject(decoded, port.now(), clientToken);
    return;
  }
  const { operation, request } = decoded;
  // Operation and request belong together in `decoded`; the type of a table cannot say so.
  const command = { name: commandNames[operation], request } as DeviceCommand;
  port.submit(command, (outcome, at) => {
    if (!outcome.accepted) reject(outcome, at, clientToken);
    else {
      const response = outcome.response as DeviceOperations[typeof operation]['response'];
      reply(`${topic}/accepted`, acceptedJson(operation, response, at, clientToken));
    }
  });
}

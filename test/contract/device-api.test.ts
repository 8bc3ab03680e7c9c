/**
 * The device contract through every door of the service: both MQTT versions, plain and over WebSocket, and the REST API; in the
 * engine's process, on a link to it, and in a process of its own.
 */
import { connectAsync } from 'mqtt';
import { describe } from 'vitest';
import type { ServicePort } from '../../broker/engine/port.ts';
import { openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { type RejectionCode, rejections } from '../../protocol/rejections.ts';
import { type RequestTopic, formatJobsTopic } from '../../protocol/topics.ts';
import { linked } from '../support/linked.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { type DeviceAnswer, type DeviceDoor, type DeviceRequest, deviceApiContract } from './device-api.contract.ts';
import { closingBoth, contractOfAProcess, httpDoorFor } from './doors.ts';

type Json = Readonly<Record<string, unknown>>;

async function mqttDoor(port: ServicePort, transport: 'tcp' | 'ws', protocolVersion: 4 | 5): Promise<DeviceDoor> {
  const door = await openMqttDoor({ port, listeners: { [transport]: 0 }, identity: 'open' });
  const url = transport === 'tcp' ? `mqtt://127.0.0.1:${door.ports.tcp}` : `ws://127.0.0.1:${door.ports.ws}/mqtt`;
  const client = await mqttClient(url, protocolVersion);
  return closingBoth(client, door);
}

async function mqttClient(url: string, protocolVersion: 4 | 5): Promise<DeviceDoor> {
  const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion });
  const waiting = new Map<string, (answer: DeviceAnswer) => void>();
  client.on('message', (topic, payload) => {
    const { clientToken, timestamp: _timestamp, ...members } = JSON.parse(payload.toString()) as Json;
    const answer = topic.endsWith('/accepted') ? { accepted: members } : rejectedOverMqtt(members);
    waiting.get(String(clientToken))?.(answer);
  });
  let asked = 0;
  return {
    ask(thingName, { operation, jobId, body }) {
      const topic: RequestTopic = { kind: 'request', thingName, operation, ...(jobId !== undefined && { jobId }) };
      const clientToken = String((asked += 1));
      return new Promise((resolve, reject) => {
        waiting.set(clientToken, resolve);
        const payload = JSON.stringify({ ...body, clientToken });
        client.publishAsync(formatJobsTopic(topic), payload, { qos: 1 }).catch(reject);
      });
    },
    close: () => client.endAsync(true),
  };
}

function rejectedOverMqtt({ code, message, ...state }: Json): DeviceAnswer {
  return { rejected: rejections[code as RejectionCode].data.exception, message: String(message), ...state };
}

const httpDoor = httpDoorFor(httpClient);

function httpClient(port: number): DeviceDoor['ask'] {
  return async (thingName, request) => {
    const headers = scopedTo('iot-jobs-data');
    const { status, json } = await rawHttp(port, { ...requestLine(thingName, request), headers });
    return status === 200 ? { accepted: withoutHttpForm(json()) } : rejectedOverHttp(json());
  };
}

function requestLine(thingName: string, { operation, jobId, body = {} }: DeviceRequest) {
  const jobs = `/things/${thingName}/jobs`;
  switch (operation) {
    case 'GetPendingJobExecutions':
      return { method: 'GET', path: jobs };
    case 'StartNextPendingJobExecution':
      return { method: 'PUT', path: `${jobs}/$next`, body: JSON.stringify(body) };
    case 'DescribeJobExecution': {
      const query = Object.entries(body).map(([name, value]) => `${name}=${String(value)}`);
      return { method: 'GET', path: `${jobs}/${jobId}?${query.join('&')}` };
    }
    case 'UpdateJobExecution':
      return { method: 'POST', path: `${jobs}/${jobId}`, body: JSON.stringify(body) };
  }
}

/** The job document as an object and the thing unnamed, as over MQTT. */
function withoutHttpForm(members: Json): Json {
  const { execution, jobDocument, ...others } = members;
  const plain = jobDocument === undefined ? others : { ...others, jobDocument: parsed(jobDocument) };
  if (execution === undefined) return plain;
  const { thingName: _thingName, ...rest } = withoutHttpForm(execution as Json);
  return { ...plain, execution: rest };
}

function parsed(jobDocument: unknown): unknown {
  return JSON.parse(jobDocument as string);
}

function rejectedOverHttp({ __type: rejected, message, ...state }: Json): DeviceAnswer {
  return { rejected: String(rejected), message: String(message), ...state };
}

describe.each([
  ['MQTT 3.1.1', 'tcp', 4],
  ['MQTT 5', 'tcp', 5],
  ['MQTT 3.1.1 over WebSocket', 'ws', 4],
  ['MQTT 5 over WebSocket', 'ws', 5],
] as const)('MQTT door, %s', (_name, transport, protocolVersion) => {
  deviceApiContract((port) => mqttDoor(port, transport, protocolVersion));
});

describe('MQTT door on a link to the engine', () => {
  deviceApiContract(async (port) => mqttDoor((await linked(port)).doors[0]!.port, 'tcp', 4));
});

describe('HTTP door, data plane, on a link to the engine', () => {
  deviceApiContract(async (port) => httpDoor((await linked(port)).doors[0]!.port));
});

describe('HTTP door, data plane', () => {
  deviceApiContract(httpDoor);
});

contractOfAProcess(deviceApiContract, (url) => mqttClient(url, 4), httpClient);

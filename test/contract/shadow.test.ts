/**
 * The contract of device shadows through every door: both MQTT versions, and the REST API of the data plane; in the engine's process and
 * in a process of its own.
 */
import { connectAsync } from 'mqtt';
import { describe } from 'vitest';
import type { ServicePort } from '../../broker/engine/port.ts';
import { openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { type ShadowAnswer, type ShadowAsk, type ShadowDoor, shadowContract } from './shadow.contract.ts';
import { closingBoth, contractOfAProcess, httpDoorFor } from './doors.ts';

type Json = Readonly<Record<string, unknown>>;

async function mqttDoor(port: ServicePort, protocolVersion: 4 | 5, clean: boolean): Promise<ShadowDoor> {
  const door = await openMqttDoor({ port, listeners: { tcp: 0 }, identity: 'open' });
  const client = await mqttClient(`mqtt://127.0.0.1:${door.ports.tcp}`, protocolVersion, clean);
  return closingBoth(client, door);
}

async function mqttClient(url: string, protocolVersion: 4 | 5, clean: boolean): Promise<ShadowDoor> {
  const options = { reconnectPeriod: 0, protocolVersion, clean, clientId: 'bench' };
  const client = await connectAsync(url, options);
  await client.subscribeAsync('$aws/things/#', { qos: clean ? 0 : 1 });
  let answered: ((answer: ShadowAnswer) => void) | undefined;
  client.on('message', (topic, payload) => {
    const members = (): Json => JSON.parse(payload.toString()) as Json;
    if (topic.endsWith('/accepted')) answered?.({ accepted: members() });
    if (topic.endsWith('/rejected')) answered?.(refusal(members()));
  });
  return {
    ask({ operation, thingName, shadowName, payload = '' }) {
      const named = shadowName === undefined ? '' : `/name/${shadowName}`;
      return new Promise((resolve, reject) => {
        answered = resolve;
        const topic = `$aws/things/${thingName}/shadow${named}/${operation}`;
        client.publishAsync(topic, payload, { qos: 1 }).catch(reject);
      });
    },
    close: () => client.endAsync(true),
  };
}

function refusal({ code, message }: Json): ShadowAnswer {
  return { code: code as number, message: message as string };
}

const methods = { get: 'GET', update: 'POST', delete: 'DELETE' } as const;

const httpDoor = httpDoorFor(httpClient);

function httpClient(port: number): ShadowDoor['ask'] {
  return async ({ operation, thingName, shadowName, payload }: ShadowAsk) => {
    const query = shadowName === undefined ? '' : `?name=${encodeURIComponent(shadowName)}`;
    const path = `/things/${thingName}/shadow${query}`;
    const asked = { method: methods[operation], path, headers: scopedTo('iotdata') };
    const { status, json } = await rawHttp(port, { ...asked, ...(payload && { body: payload }) });
    const members = json() as Json;
    return status === 200 ? { accepted: members } : { code: status, message: members['message'] as string };
  };
}

describe.each([
  ['MQTT 3.1.1, clean session', 4, true],
  ['MQTT 3.1.1, persistent session', 4, false],
  ['MQTT 5', 5, true],
] as const)('MQTT door, %s', (_name, protocolVersion, clean) => {
  shadowContract((port) => mqttDoor(port, protocolVersion, clean));
});

describe('HTTP door, data plane', () => {
  shadowContract(httpDoor);
});

contractOfAProcess(shadowContract, (url) => mqttClient(url, 4, true), httpClient);

/** The contract of MQTT file streams in both formats, both MQTT versions, by every way in, and through `serve --processes`. */
import { readFile } from 'node:fs/promises';
import { CreateStreamCommand, DeleteStreamCommand, UpdateStreamCommand } from '@aws-sdk/client-iot';
import { decode, encode } from 'cborg';
import { type IClientOptions, connectAsync } from 'mqtt';
import { afterAll, describe } from 'vitest';
import type { CertificateAuthority } from '../../broker/certificates.ts';
import { killAll, startServe } from '../support/serve-process.ts';
import {
  type StreamAnswer,
  type StreamDoor,
  type StreamMessage,
  type StreamService,
  streamContract,
  streamId,
  thingName,
} from './streams.contract.ts';
import { operatorOf } from '../support/operator.ts';

interface Format {
  readonly write: (members: StreamMessage) => string | Buffer;
  readonly read: (payload: Buffer) => StreamMessage;
}

const formats: Readonly<Record<'json' | 'cbor', Format>> = {
  json: {
    write: (members) =>
      JSON.stringify(members, (_name, value: unknown) => {
        const { type, data } = (value ?? {}) as { readonly type?: string; readonly data?: readonly number[] };
        return type === 'Buffer' ? Buffer.from(data ?? []).toString('base64') : value;
      }),
    read(payload) {
      const members = JSON.parse(payload.toString()) as Record<string, unknown>;
      return 'p' in members ? { ...members, p: Buffer.from(members['p'] as string, 'base64') } : members;
    },
  },
  cbor: {
    write: (members) => Buffer.from(encode(members)),
    read(payload) {
      const members = decode(payload) as Record<string, unknown>;
      return 'p' in members ? { ...members, p: Buffer.from(members['p'] as Uint8Array) } : members;
    },
  },
};

type WayIn = (service: StreamService) => { readonly url: string | undefined } & IClientOptions;

const waysIn: Readonly<Record<string, WayIn>> = {
  'MQTT 3.1.1': ({ mqttUrl }) => ({ url: mqttUrl }),
  'MQTT 3.1.1 in a session that stays': ({ mqttUrl }) => ({ url: mqttUrl, clean: false }),
  'MQTT 5': ({ mqttUrl }) => ({ url: mqttUrl, protocolVersion: 5 }),
  TLS: ({ mqttsUrl }) => ({ url: mqttsUrl }),
  'port 443, by ALPN': ({ wssUrl }) => ({
    url: wssUrl?.replace('wss:', 'mqtts:').replace('/mqtt', ''),
    ALPNProtocols: ['x-amzn-mqtt-ca'],
  }),
  WebSocket: ({ wsUrl }) => ({ url: wsUrl }),
  'WebSocket over TLS in MQTT 5': ({ wssUrl }) => ({ url: wssUrl, protocolVersion: 5 }),
};

const space = `$aws/things/${thingName}/streams/${streamId}`;

async function open(
  format: 'json' | 'cbor',
  wayIn: WayIn,
  service: StreamService,
  authority: CertificateAuthority,
): Promise<StreamDoor> {
  const { url = '', ...options } = wayIn(service);
  const certificate =
    url.startsWith('ws:') || url.startsWith('mqtt:') ? {} : await authority.issueThingCertificate(thingName);
  const client = await connectAsync(url, {
    clientId: thingName,
    reconnectPeriod: 0,
    ca: service.ca,
    ...certificate,
    ...options,
  });
  const { read, write } = formats[format];
  const heard: StreamAnswer[] = [];
  let look: (() => void) | undefined;
  client.on('message', (topic, payload) => {
    const kind = topic.slice(space.length + 1).split('/')[0] as StreamAnswer['kind'];
    heard.push({ kind, members: read(payload) });
    look?.();
  });
  await client.subscribeAsync(
    ['description', 'data', 'rejected'].map((kind) => `${space}/${kind}/${format}`),
    { qos: 1 },
  );
  return {
    async ask(operation, members, answers = 1) {
      const whole = new Promise<void>((resolve) => {
        look = () => void (heard.length >= answers && resolve());
      });
      await client.publishAsync(`${space}/${operation}/${format}`, write(members));
      await whole;
      return heard.splice(0);
    },
    close: () => client.endAsync(true),
  };
}

describe.each(Object.entries(waysIn))('a stream by %s', (_name, wayIn) => {
  describe.each(['json', 'cbor'] as const)('in %s', (format) => {
    streamContract((service, authority) => open(format, wayIn, service, authority));
  });
});

const commands = {
  'iot:CreateStream': CreateStreamCommand,
  'iot:UpdateStream': UpdateStreamCommand,
  'iot:DeleteStream': DeleteStreamCommand,
} as const;

/** An engine and two doors, each a process of its own, and an operator with AWS's SDK. */
async function throughDoors(files: string, dataDir: string): Promise<StreamService> {
  const flags = ['--files', files, '--data-dir', dataDir, '--durability', 'off', '--mqtts-port', '0'];
  const service = await startServe({ flags: [...flags, '--processes', '3', '--log-level', 'error'] });
  const { mqtt = '', mqtts = '', ca = '' } = service.urls;
  const operator = operatorOf(service);
  return {
    mqttUrl: mqtt,
    mqttsUrl: mqtts,
    ca: await readFile(ca, 'utf8'),
    async run(name, request) {
      const Command = commands[name as keyof typeof commands] as new (input: unknown) => CreateStreamCommand;
      return operator.send(new Command(request)).then(
        () => true,
        () => false,
      );
    },
    async close() {
      operator.destroy();
      await service.stop();
    },
  } as StreamService;
}

describe('a stream of a service of several processes, by TLS, in cbor', () => {
  afterAll(killAll);
  streamContract((service, authority) => open('cbor', waysIn['TLS']!, service, authority), throughDoors);
});

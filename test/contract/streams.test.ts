/** The contract of MQTT file streams in both formats, both MQTT versions, and by every way in. */
import { decode, encode } from 'cborg';
import { type IClientOptions, connectAsync } from 'mqtt';
import { describe } from 'vitest';
import type { CertificateAuthority } from '../../broker/certificates.ts';
import type { Service } from '../../broker/start-service.ts';
import {
  type StreamAnswer,
  type StreamDoor,
  type StreamMessage,
  streamContract,
  streamId,
  thingName,
} from './streams.contract.ts';

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

type WayIn = (service: Service) => { readonly url: string | undefined } & IClientOptions;

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
  service: Service,
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

/**
 * One MQTT 3.1.1 connection of a device: MQTT.js with QoS 1 and without reconnecting of its own, because the agent decides when
 * to come back. Translates between messages as values and bytes on topics.
 * Source: docs/reference/mqtt-api.md §1 and limits.md §5 (QoS, filters a SUBSCRIBE).
 */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { MqttClient, connect, type IClientOptions, type IStream } from 'mqtt';
import type { GrantedFilter } from '../../observation/observation.ts';
import { decodeDeviceMessage, encodeDeviceRequest } from '../../protocol/device-messages.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import { maxTopicFiltersPerSubscribe } from '../../protocol/limits.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { HandshakeWatch } from './handshakes.ts';
import { decodeStreamAnswer, encodeBlockRequest } from './stream-messages.ts';

/** PEM texts. Without `cert` and `key` only the server is checked. */
export interface DeviceCredentials {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Makes the stream of a connection, for a service that is in this process. */
export type OpenStream = () => Duplex;

export interface DeviceConnectionOptions {
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
  readonly endpoint: string;
  readonly thingName: string;
  readonly credentials?: DeviceCredentials;
  /** Instead of a socket to the endpoint. */
  readonly openStream?: OpenStream;
  /** The session outlives the connection (clean=false). */
  readonly keepsSession: boolean;
  readonly keepAliveMs: DurationMs;
  /** For CONNACK to come; default 10 s. */
  readonly connectWithinMs?: DurationMs;
  readonly listener: ConnectionListener;
}

export interface ConnectionListener {
  connected(sessionPresent: boolean): void;
  /** What came of each filter of a {@link DeviceConnection.subscribe}. */
  subscribed(filters: readonly GrantedFilter[]): void;
  message(message: DeviceMessage): void;
  stream(answer: StreamAnswer): void;
  /** The last call, once: the connection never came up, was lost, or was closed by the other side. */
  closed(reason: Error | undefined): void;
}

export interface DeviceConnection {
  subscribe(filters: readonly string[]): void;
  publish(request: DeviceRequest): void;
  /** At QoS 0; the answers of a stream are subscribed to with its first request. */
  askForBlocks(request: BlockRequest): void;
  /** Says goodbye; the listener hears nothing more. `gone` is called when the socket has closed. */
  disconnect(gone?: () => void): void;
  /** The socket is gone without a word, as when power fails; the listener hears nothing more. */
  drop(): void;
}

const usualConnectMs: DurationMs = 10_000;
const goodbyeTimeoutMs = 500;

/** Opens a connection. Throws a `TypeError` when `endpoint` is no URL. */
export function openDeviceConnection(options: DeviceConnectionOptions): DeviceConnection {
  const { thingName, listener } = options;
  const handshakes = new HandshakeWatch();
  const client = openClient(options, handshakes);
  let listening = true;
  let reason: Error | undefined;
  const streams = new Set<string>();

  client.on('connect', (packet) => {
    if (listening) listener.connected(packet.sessionPresent);
  });
  client.on('message', (topic, payload) => {
    if (!listening) return;
    const message = decodeDeviceMessage(topic, payload);
    if (message !== undefined) return listener.message(message);
    const answer = decodeStreamAnswer(thingName, topic, payload);
    if (answer !== undefined) listener.stream(answer);
  });
  client.on('error', (error) => {
    reason ??= inWords(error, client, handshakes);
    client.end(true);
  });
  client.on('close', () => {
    if (!listening) return;
    listening = false;
    listener.closed(reason);
  });

  const drop = () => {
    listening = false;
    client.end(true);
    client.stream.destroy();
  };

  return {
    subscribe(filters) {
      const granted: GrantedFilter[] = [];
      for (const some of chunks(filters, maxTopicFiltersPerSubscribe)) {
        client.subscribe(some, { qos: 1 }, (error, _, packet) => {
          const suback = packet as { readonly granted: readonly unknown[] } | undefined;
          if (!listening) return;
          // Without a SUBACK the connection has ended, which is told as such.
          if (suback === undefined) return error === null ? undefined : void client.emit('error', error);
          granted.push(...some.map((filter, index) => grantOf(filter, Number(suback.granted[index]))));
          if (granted.length === filters.length) listener.subscribed(granted);
        });
      }
    },
    publish(request) {
      const { topic, payload } = encodeDeviceRequest(thingName, request);
      client.publish(topic, payload, { qos: 1 });
    },
    askForBlocks(request) {
      const { topic, payload, answers } = encodeBlockRequest(thingName, request);
      if (!streams.has(request.streamId)) {
        streams.add(request.streamId);
        client.subscribe([...answers], { qos: 0 });
      }
      client.publish(topic, payload, { qos: 0 });
    },
    disconnect(gone) {
      listening = false;
      if (gone !== undefined) whenGone(client, gone);
      if (!client.connected) return drop();
      // `end` waits for acknowledgements, which a service that has gone silent never sends.
      const impatience = setTimeout(drop, goodbyeTimeoutMs);
      whenGone(client, () => clearTimeout(impatience));
      client.end();
    },
    drop,
  };
}

function chunks(filters: readonly string[], size: number): string[][] {
  const count = Math.ceil(filters.length / size);
  return Array.from({ length: count }, (_, index) => filters.slice(index * size, (index + 1) * size));
}

function grantOf(filter: string, code: number): GrantedFilter {
  return code === 0 || code === 1 ? { filter, qos: code } : { filter };
}

/** MQTT.js speaks of its own parts, and of bytes that are none of MQTT's as of packets. */
function inWords(
  error: Error & { readonly code?: unknown },
  { stream, options }: MqttClient,
  handshakes: HandshakeWatch,
): Error {
  if (error.message === 'connack timeout') {
    const missing = handshakes.awaited ?? 'CONNACK';
    return new Error(`no ${missing} for ${(options.connectTimeout ?? usualConnectMs) / 1000} s`);
  }
  // What sockets say, and refusals, have a code; WebSocket has words of its own.
  const isParser = error.code === undefined && stream instanceof net.Socket;
  return isParser ? new Error(`what it answers is not MQTT (${error.message})`) : error;
}

function whenGone(client: MqttClient, gone: () => void): void {
  if (client.stream.closed) gone();
  else client.stream.once('close', gone);
}

function openClient(wanted: DeviceConnectionOptions, handshakes: HandshakeWatch): MqttClient {
  const { endpoint, thingName, credentials, keepsSession, keepAliveMs, connectWithinMs, openStream } = wanted;
  const url = new URL(endpoint);
  const options: IClientOptions = {
    ...credentials,
    clientId: thingName,
    protocolVersion: 4,
    clean: !keepsSession,
    keepalive: Math.round(keepAliveMs / 1000),
    connectTimeout: connectWithinMs ?? usualConnectMs,
    reconnectPeriod: 0,
    resubscribe: false,
  };
  if (openStream !== undefined) return new MqttClient(() => openStream() as unknown as IStream, options);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  switch (url.protocol) {
    case 'mqtt:':
      return new MqttClient(
        () => handshakes.watch(net.connect({ host, port: Number(url.port || 1883), noDelay: true })),
        options,
      );
    case 'mqtts:':
      return new MqttClient(() => handshakes.watch(openTls(host, Number(url.port || 8883), credentials)), options);
    default:
      return connect(endpoint, { ...options, wsOptions: { finishRequest: handshakes.finishRequest } });
  }
}

function openTls(host: string, port: number, credentials: DeviceCredentials | undefined): tls.TLSSocket {
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = tls.connect({ ...credentials, ...servername, host, port });
  socket.setNoDelay(true);
  return socket;
}

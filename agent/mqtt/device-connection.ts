/**
 * One device's MQTT 3.1.1 session: MQTT.js with a clean session, QoS 1 and no reconnecting of its own, because back-off is
 * the agent's business. Translates between messages as values and bytes on topics; decides nothing.
 * Source: reference mqtt-api.md §1 and limits.md §5 (QoS, filters a SUBSCRIBE); performance.md (noDelay).
 */
import net from 'node:net';
import tls from 'node:tls';
import { MqttClient, connect, type IClientOptions } from 'mqtt';
import { decodeDeviceMessage, encodeDeviceRequest } from '../../protocol/device-messages.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import { maxTopicFiltersPerSubscribe } from '../../protocol/limits.ts';

/** PEM texts. Without `cert` and `key` only the server is checked. */
export interface DeviceCredentials {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface DeviceConnectionOptions {
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
  readonly endpoint: string;
  readonly thingName: string;
  readonly credentials?: DeviceCredentials;
  readonly listener: ConnectionListener;
}

export interface ConnectionListener {
  connected(sessionPresent: boolean): void;
  /** Every filter of a {@link DeviceConnection.subscribe} is in place. */
  subscribed(): void;
  message(message: DeviceMessage): void;
  /** The last call, once: the connection never came up, was lost, or was closed by the other side. */
  closed(reason: Error | undefined): void;
}

export interface DeviceConnection {
  /** A refused filter ends the connection: an agent that cannot hear must not believe it can. */
  subscribe(filters: readonly string[]): void;
  publish(request: DeviceRequest): void;
  /** Says goodbye; the listener hears nothing more. `gone` is called when the socket has closed. */
  disconnect(gone?: () => void): void;
  /** The socket is gone without a word, as when power fails; the listener hears nothing more. */
  drop(): void;
}

const keepAliveSeconds = 300;
const connectTimeoutMs = 10_000;
const goodbyeTimeoutMs = 500;

/** Opens a connection. Throws a `TypeError` when `endpoint` is no URL. */
export function openDeviceConnection(options: DeviceConnectionOptions): DeviceConnection {
  const { thingName, listener } = options;
  const client = openClient(options);
  let listening = true;
  let reason: Error | undefined;

  client.on('connect', (packet) => {
    if (listening) listener.connected(packet.sessionPresent);
  });
  client.on('message', (topic, payload) => {
    const message = listening ? decodeDeviceMessage(topic, payload) : undefined;
    if (message !== undefined) listener.message(message);
  });
  client.on('error', (error) => {
    reason ??= error;
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
      const settings = { qos: 1 } as const;
      client.subscribe([...filters], settings, (error) => {
        if (!listening) return;
        if (error) client.emit('error', error);
        else listener.subscribed();
      });
    },
    publish(request) {
      const { topic, payload } = encodeDeviceRequest(thingName, request);
      client.publish(topic, payload, { qos: 1 });
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

function whenGone(client: MqttClient, gone: () => void): void {
  if (client.stream.closed) gone();
  else client.stream.once('close', gone);
}

function openClient({ endpoint, thingName, credentials }: DeviceConnectionOptions): MqttClient {
  const url = new URL(endpoint);
  const options: IClientOptions = {
    ...credentials,
    clientId: thingName,
    protocolVersion: 4,
    clean: true,
    keepalive: keepAliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    subscribeBatchSize: maxTopicFiltersPerSubscribe,
  };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  switch (url.protocol) {
    case 'mqtt:':
      return new MqttClient(() => net.connect({ host, port: Number(url.port || 1883), noDelay: true }), options);
    case 'mqtts:':
      return new MqttClient(() => openTls(host, Number(url.port || 8883), credentials), options);
    default:
      return connect(endpoint, options);
  }
}

function openTls(host: string, port: number, credentials: DeviceCredentials | undefined): tls.TLSSocket {
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = tls.connect({ ...credentials, ...servername, host, port });
  socket.setNoDelay(true);
  return socket;
}

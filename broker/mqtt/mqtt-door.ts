/**
 * The MQTT door of the service: aedes for the protocol, the rules of AWS's broker around it, and the Jobs topics taken out of
 * its hands. It translates and forwards; which job does what is the engine's business. Any duplex stream may come in, so
 * that a further transport is one entry in listeners.ts or one call of `accept`.
 * Source: reference connection.md, mqtt-api.md §1–§3.
 */
import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { maxClientIdBytes, maxSessionExpirySeconds, persistentSessionSeconds } from '../../protocol/limits.ts';
import type { Effect } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { WantedPort } from '../net/listening.ts';
import { SocketBudget } from '../net/socket-budget.ts';
import { announce } from './announcements.ts';
import { boundPersistence } from './bounded-persistence.ts';
import { Disconnection, type Reason } from './disconnection.ts';
import { FastLane } from './fast-lane.ts';
import { awaitProtocolLevel } from './first-packet.ts';
import { type ConnectionProof, Gatekeeper } from './gatekeeper.ts';
import type { IdentityMode, Principal } from './identity.ts';
import { guardInbound } from './inbound-guard.ts';
import { JobsBroker, type OutgoingPacket } from './jobs-broker.ts';
import {
  type Arrivals,
  type Listener,
  type ServerCertificate,
  type Transport,
  listen,
  transports,
} from './listeners.ts';
import { KeptSessions, type SessionStore } from './kept-sessions.ts';
import { MemoryBounds } from './memory-bounds.ts';
import { Mqtt5Stream } from './mqtt5-stream.ts';
import { whyNotGranted } from './permissions.ts';
import { type DoorReadings, doorReadings } from './readings.ts';
import { commandAnswerer } from './command-requests.ts';
import { defenderAnswerer } from './defender-requests.ts';
import { shadowAnswerer } from './shadow-requests.ts';
import { RequestDesk } from './request-desk.ts';
import { type ReservedAnswerers, type ReservedCounts, ReservedRequests } from './reserved-requests.ts';
import type { ReservedFeature } from './reserved-topics.ts';
import { type Delivery, Sessions } from './sessions.ts';
import { StrictLimits } from './strict-limits.ts';
import type { WhyNotUpgrade } from './websockets.ts';

export interface MqttDoorOptions {
  readonly port: ServicePort;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where to listen: 0 is a free port, absent is not at all. `tls` and `wss` need {@link certificates}. */
  readonly listeners: { readonly [T in Transport]?: WantedPort };
  /** How a client shows who it is. Default: by its certificate on TLS and where it shows one, by its client id elsewhere. */
  readonly identity?: IdentityMode;
  readonly certificates?: ServerCertificate;
  /** Who may come in by WebSocket; absent: everybody. A signature stands for the client id that comes with it. */
  readonly whyNotUpgrade?: WhyNotUpgrade;
  /** Shared with other doors of this process; absent: this door counts for itself. */
  readonly budget?: SocketBudget;
  /** Where persistent sessions outlive the process; absent: nowhere. */
  readonly sessionStore?: SessionStore;
  /** AWS's limits on topics, rates and sessions too, which a bench does without. */
  readonly strict?: boolean;
  /** Which reading of AWS's open points; default: what was observed or decided. */
  readonly readings?: DoorReadings;
  /** Some answers come late, twice or never, so that nothing may wait for them: PUBACKs leave at once. */
  readonly answersMayStray?: boolean;
  /** Further features of AWS IoT that are answered; of those that nobody answers a publication is accepted and dropped. */
  readonly answerers?: ReservedAnswerers;
  /** Answers who speaks HTTP on the `wss` port and wants no WebSocket. */
  readonly web?: RequestListener;
  readonly onEvent?: (event: MqttDoorEvent) => void;
  /** Goes between each connection and the door; absent: nothing does. */
  readonly tap?: ConnectionTap;
}

/** What looks at a connection, or injects faults into it, before the door reads it. */
export type ConnectionTap = (stream: Duplex, certificateName: string | undefined) => Duplex;

/** For logs and dashboards. */
export type MqttDoorEvent =
  | {
      readonly kind: 'connected';
      readonly clientId: string;
      readonly principal: Principal;
      /** Host name or address by which the client has reached this door, as far as that can be seen. */
      readonly address?: string;
    }
  | { readonly kind: 'disconnected'; readonly clientId: string }
  /** A connection was refused or cut off, by its own fault or the network's. */
  | { readonly kind: 'failed'; readonly clientId?: string; readonly reason: string }
  /** The first publication on a reserved topic of a feature that this service does not have; it was accepted and dropped. */
  | {
      readonly kind: 'not-answered';
      readonly feature: ReservedFeature;
      readonly clientId: string;
      readonly topic: string;
    }
  /** The process has no descriptor left for a further connection, which was closed. */
  | { readonly kind: 'out-of-descriptors'; readonly connections: number }
  /** What was kept of a session or a message is damaged. A session's key is its client id. */
  | { readonly kind: 'forgotten'; readonly what: 'session' | 'message' | 'retained message'; readonly key: string }
  /** A message for which there is no room: its session, all sessions together or retained messages have too much. */
  | { readonly kind: 'dropped'; readonly what: 'queued message'; readonly clientId: string }
  | { readonly kind: 'dropped'; readonly what: 'retained message'; readonly topic: string };

const lost = { mqttSession: 'session', mqttMessage: 'message', mqttRetained: 'retained message' } as const;

export interface MqttDoor {
  /** The ports listened on. */
  readonly ports: { readonly [T in Transport]?: number };
  readonly connectedClients: number;
  /** Publications on reserved topics outside the Jobs space so far, answered or not. */
  readonly reservedPublications: ReservedCounts;
  /** For how many sockets this process has descriptors; infinite where the system does not tell. */
  readonly maxConnections: number;
  /** Lets a client in by any stream, known by its client id unless the proof says otherwise. */
  accept(stream: Duplex, proof?: Partial<ConnectionProof>): void;
  close(): Promise<void>;
}

const brokerLimits = {
  /** No bound on deliveries under way: with one, a subscriber that does not read holds up all others. */
  concurrency: 0,
  /** How long a client may leave a full socket unread. */
  drainTimeout: 5000,
  /** Packets before CONNACK. AWS wants none; clients in the field send their subscriptions at once. */
  queueLimit: 100,
  /** MQTT 3.1 allows 23; AWS's SDK v1 speaks it with longer ones. */
  maxClientsIdLength: maxClientIdBytes,
} as const;

/** What the door answers with no more than the service behind it. */
function ownAnswerers(port: ServicePort): ReservedAnswerers {
  return { shadow: shadowAnswerer(port), defender: defenderAnswerer(port), commands: commandAnswerer };
}

const untapped: ConnectionTap = (stream) => stream;
const everythingMayPass = (): boolean => true;

export async function openMqttDoor(options: MqttDoorOptions): Promise<MqttDoor> {
  const { port, host = '127.0.0.1', identity, certificates, sessionStore, web, onEvent = () => {} } = options;
  const { tap = untapped } = options;
  const { whyNotUpgrade = () => undefined, answersMayStray = false, readings = doorReadings.observed } = options;
  const outOfDescriptors = (connections: number): void => onEvent({ kind: 'out-of-descriptors', connections });
  const { budget = new SocketBudget(outOfDescriptors) } = options;
  const kept = sessionStore && new KeptSessions(sessionStore);
  const strict = options.strict === true ? new StrictLimits() : undefined;
  const mayPass = strict ? (client: Client) => strict.mayPass(client) : everythingMayPass;
  // AWS's hour, or the most to which an account can have it raised: a bench sleeps over the weekend.
  const expirySeconds = strict ? persistentSessionSeconds : maxSessionExpirySeconds;
  const sessions = new Sessions({ keep, discard, kept, mayPass, expirySeconds });
  const gatekeeper = new Gatekeeper(sessions, strict, readings.forbiddenSubscribe);
  const { emptyPayload } = readings;
  const reserved = new ReservedRequests(
    { ...ownAnswerers(port), ...options.answerers },
    (feature, { clientId, topic }) => onEvent({ kind: 'not-answered', feature, clientId, topic }),
  );
  const desk = new RequestDesk({ port, sessions, gatekeeper, reserved, mayPass, answersMayStray, emptyPayload });
  const bounds = new MemoryBounds();
  const broker = new JobsBroker({
    ...brokerLimits,
    ...gatekeeper.hooks,
    preConnect(client, packet, done) {
      if (packet.will === undefined || bounds.will(client, packet.will))
        gatekeeper.hooks.preConnect!(client, packet, done);
      else done(new Disconnection('quotaExceeded', 'no room for a last will'), false);
    },
    take: (packet, client) => desk.takeRouted(packet, client),
    acknowledge: (client, messageId) => sessions.connectionOf(client)?.outbox.acknowledge(messageId),
    safe: (subscribers, { retain }) => (subscribers > 0 || retain ? kept?.safe() : undefined),
  });
  /** Everything open, TLS handshakes under way included. */
  const streams = new Set<Duplex>();
  const connected = new Set<Client>();

  function keep(clientId: string, packet: OutgoingPacket): void {
    broker.persistence.outgoingEnqueue({ clientId }, packet).catch(() => kept?.removeMessage(clientId, packet));
  }

  function discard(clientId: string): Promise<void> {
    return broker.discardSession(clientId).catch((error: Error) => void broker.emit('error', error));
  }

  function track(stream: Duplex): void {
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
  }

  function accept(stream: Duplex, proof: Partial<ConnectionProof> = {}): void {
    track(stream);
    awaitProtocolLevel(
      stream,
      (level) => (level === 5 ? serveMqtt5 : serveMqtt311)(stream, proof),
      ({ message }) => onEvent({ kind: 'failed', reason: message }),
    );
  }

  function serveMqtt5(stream: Duplex, proof: Partial<ConnectionProof>): void {
    const explain = (filter: string): Reason => whyNotGranted(gatekeeper.principalOf(client), client.id, filter);
    const translated = new Mqtt5Stream(stream, explain);
    track(translated);
    const client = serve(translated, translated, { ...proof, terms: translated });
  }

  function serveMqtt311(stream: Duplex, proof: Partial<ConnectionProof>): void {
    // Strictly, every publication is counted once, on the one way that all of them go.
    const conn = strict ? stream : new FastLane(stream, (packet) => takes(packet));
    const takes = desk.attend(serve(stream, conn, proof));
  }

  /** @param conn what aedes reads and writes, in front of the stream. */
  function serve(stream: Duplex, conn: Duplex, proof: Partial<ConnectionProof>): Client {
    const client = broker.handle(conn);
    gatekeeper.expect(client, { identity: identity ?? 'client-id', ...proof });
    guardInbound(client, desk.attend(client));
    stream.once('close', () => {
      // Not aedes' own event: it is not sent for a connection that was closing when its client came back.
      sessions.close(client);
      bounds.forgetWill(client);
      if (connected.delete(client)) onEvent({ kind: 'disconnected', clientId: client.id });
    });
    return client;
  }

  broker.on('clientReady', (client) => {
    connected.add(client);
    const { socket, address: cameBy } = gatekeeper.proofOf(client);
    if (socket !== undefined) budget.hold(socket);
    const principal = gatekeeper.principalOf(client);
    onEvent({ kind: 'connected', clientId: client.id, principal, ...(cameBy !== undefined && { address: cameBy }) });
    sessions.ready(client);
  });
  broker.on('unsubscribe', (filters, client) => sessions.unsubscribe(client, filters));
  broker.on('clientError', (client, { message }) => onEvent({ kind: 'failed', clientId: client.id, reason: message }));
  broker.on('connectionError', (_client, { message }) => onEvent({ kind: 'failed', reason: message }));
  await broker.listen();
  const restored = await kept?.restore(broker.persistence, bounds);
  boundPersistence(broker.persistence, {
    bounds,
    queueIsFull(clientId) {
      const client = broker.clientOf(clientId);
      client?.conn.destroy(new Disconnection('quotaExceeded', 'does not acknowledge what it is sent'));
      onEvent({ kind: 'dropped', what: 'queued message', clientId });
    },
    notRetained: (topic) => onEvent({ kind: 'dropped', what: 'retained message', topic }),
  });
  for (const session of restored?.sessions ?? []) sessions.restore(session);
  for (const { table, key } of restored?.damaged ?? []) {
    onEvent({ kind: 'forgotten', what: lost[table], key });
  }

  /** With a store: to whom something certain will be told, once it and what waits for absent clients are kept together. */
  const foreseen = new Map<Effect, readonly Delivery[]>();
  const forms = readings.namespacedNotify;
  const addressees = (effect: Effect): readonly Delivery[] => {
    const deliveries: Delivery[] = [];
    announce(effect, forms, (topic, write) => deliveries.push(...sessions.address(topic, write)));
    return deliveries;
  };
  const tell = (topic: string, writePayload: () => string): void => sessions.announce(topic, writePayload);
  const stopAnnouncing = port.onEffect(
    (effect) => {
      const deliveries = foreseen.get(effect);
      if (deliveries === undefined) {
        announce(effect, forms, tell);
        return;
      }
      for (const delivery of deliveries) sessions.deliver(delivery);
      foreseen.delete(effect);
    },
    kept && ((effect) => foreseen.set(effect, addressees(effect))),
  );

  const listeners = new Map<Transport, Listener>();
  const identityOn = (transport: Transport, certificateName?: string): IdentityMode =>
    identity ?? (transport === 'tls' || certificateName !== undefined ? 'certificate' : 'client-id');

  async function close(): Promise<void> {
    stopAnnouncing();
    const stopped = [...listeners.values()].map((listener) => listener.close());
    // What the translators have to say before is written to the sockets below them.
    const translators = [...streams].filter((stream) => stream instanceof Mqtt5Stream);
    for (const translator of translators) {
      translator.foretell('serverShuttingDown');
      translator.destroy();
    }
    for (const stream of streams) stream.destroy();
    await Promise.all(stopped);
    await new Promise<void>((resolve) => {
      broker.close(resolve);
    });
  }

  const arrivals: Arrivals = {
    connecting(socket) {
      track(socket);
      budget.admit(socket);
    },
    arrived: ({ transport, stream, socket, certificateName, address: cameBy }) =>
      accept(tap(stream, certificateName), {
        identity: identityOn(transport, certificateName),
        certificateName,
        address: cameBy,
        socket,
      }),
    failed: ({ message }) => onEvent({ kind: 'failed', reason: message }),
  };
  try {
    for (const transport of transports) {
      const wanted = options.listeners[transport];
      if (wanted === undefined) continue;
      // Where HTTP is spoken as well, a client without one is refused when it turns out to speak MQTT.
      const speaksHttp = transport === 'wss' && web !== undefined;
      const demandCertificate = identityOn(transport) === 'certificate' && !speaksHttp;
      const settings = { host, port: wanted, certificates, demandCertificate, whyNotUpgrade, ...(web && { web }) };
      listeners.set(transport, await listen(transport, settings, arrivals));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ports: Object.fromEntries([...listeners].map(([transport, listener]) => [transport, listener.port])),
    get connectedClients() {
      return connected.size;
    },
    get reservedPublications() {
      return reserved.counts;
    },
    maxConnections: budget.max,
    accept,
    close,
  };
}

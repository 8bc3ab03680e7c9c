/**
 * The MQTT door of the service: sockets, aedes for connections, and what stands between them, put together. Any duplex stream
 * may come in, so that a further transport is one entry in listeners.ts or one call of `accept`. Which job does what is
 * the engine's business.
 * Source: docs/reference/connection.md, docs/reference/mqtt-api.md §1 to §3; docs/decisions/0008-routing.md.
 */
import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { maxSessionExpirySeconds, persistentSessionSeconds } from '../../protocol/limits.ts';
import type { ArnScope } from '../../protocol/names.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Effect } from '../engine/contract.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import { Watchers } from '../../observation/watchers.ts';
import type { ServicePort } from '../engine/port.ts';
import type { Inflow } from '../net/inflow.ts';
import type { WantedPort } from '../net/listening.ts';
import { ShadowsInFlight } from '../net/shadows-in-flight.ts';
import { SocketBudget } from '../net/socket-budget.ts';
import type { ConnectionProof } from './access-control.ts';
import { announce } from './announcements.ts';
import type { ClientStream } from './client-stream.ts';
import { bugIn, Disconnection, reasonOf } from './disconnection.ts';
import { type Ending, type EventListener, refusalIn } from './door-events.ts';
import { FastLane } from './fast-lane.ts';
import { connectClientId, protocolLevel } from './first-packet.ts';
import type { IdentityMode, IdentityRule } from './identity.ts';
import { type InboundContext, InboundPackets } from './inbound-packets.ts';
import {
  type Arrivals,
  type Listener,
  type ServerCertificate,
  type Transport,
  listen,
  transports,
} from './listeners.ts';
import { KeptSessions, type SessionChange, type SessionStore } from './kept-sessions.ts';
import { Mqtt5Stream } from './mqtt5-stream.ts';
import type { Passage } from './passing.ts';
import { Presence } from './presence.ts';
import { QuietAedes } from './quiet-aedes.ts';
import { type DoorReadings, doorReadings } from './readings.ts';
import { RegisteredPrincipals } from './registered-principals.ts';
import { type ReservedAnswerers, type ReservedCounts, ReservedRequests } from './reserved-requests.ts';
import { commandAnswerer } from './command-requests.ts';
import { defenderAnswerer } from './defender-requests.ts';
import { MemoryBounds } from './memory-bounds.ts';
import { shadowAnswerer } from './shadow-requests.ts';
import { ServiceRequests } from './service-requests.ts';
import type { Delivery } from './routing.ts';
import { Sessions } from './sessions.ts';
import { StrictLimits } from './strict-limits.ts';
import { Traffic } from './traffic.ts';
import type { WhyNotUpgrade } from './websockets.ts';
import { type Wire, awaitStart } from './wire.ts';

export interface MqttDoorOptions {
  readonly port: ServicePort;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where to listen: 0 is a free port, absent is not at all. `tls` and `wss` need {@link certificates}. */
  readonly listeners: { readonly [T in Transport]?: WantedPort };
  /**
   * How a client shows which thing it is. Default: by its certificate on TLS and where it shows one, elsewhere by the first
   * thing that it speaks for.
   */
  readonly identity?: IdentityMode;
  /** Whether there is a thing of this name; absent: there is none. A client whose client id is one is that thing. */
  readonly isThing?: (name: string) => boolean;
  readonly certificates?: ServerCertificate;
  /** Region and account in the ARNs of policies. Present: what policies say of certificates of the registry is enforced. */
  readonly policyScope?: ArnScope;
  /** Who may come in by WebSocket; absent: everybody. A signature stands for the client id that comes with it. */
  readonly whyNotUpgrade?: WhyNotUpgrade;
  /** Shared with other doors of this process; absent: this door counts for itself. */
  readonly budget?: SocketBudget;
  /** Where persistent sessions outlive the process; absent: nowhere. */
  readonly sessionStore?: SessionStore;
  /** The way to other doors of the service; absent: there are none. */
  readonly passage?: Passage;
  /** AWS's limits on topics, rates and sessions too, which a bench does without. */
  readonly strict?: boolean;
  /** How fast one connection is read; default: ten times as fast as AWS reads it. */
  readonly packetsPerSecond?: number;
  /** While it is held, nobody is read; absent: it never is. */
  readonly inflow?: Inflow;
  /** Which reading of AWS's open points; default: what was observed or decided. */
  readonly readings?: DoorReadings;
  /** What goes wrong with answers to devices; absent: nothing. */
  readonly faults?: AnswerFaults;
  /** Further features of AWS IoT that are answered; of those that nobody answers a publication is accepted and dropped. */
  readonly answerers?: ReservedAnswerers;
  /** Answers who speaks HTTP on the `wss` port and wants no WebSocket. */
  readonly web?: RequestListener;
  /** What happens, for logs, metrics and dashboards. */
  readonly onEvent?: EventListener;
  /** Who looks at the wire; absent: nobody does. */
  readonly watchers?: Watchers;
  /** Clients that come by WebSocket have signed for it. */
  readonly upgradesAreSigned?: boolean;
  /** Goes between each connection and the door; absent: nothing does. */
  readonly tap?: ConnectionTap;
  /** The door of a client that belongs to another one; absent: all belong to this one. */
  readonly elsewhere?: ElsewhereOf;
}

/** @returns takes the client over; `undefined`: it belongs here */
export type ElsewhereOf = (clientId: string) => ((arrived: Arrived) => void) | undefined;

/** A client of which it is known what it calls itself. */
export interface Arrived {
  readonly wire: Wire;
  readonly proof: Partial<ConnectionProof>;
  /** What was read of it; valid during the call only. */
  readonly start: Buffer;
  /** Lets it in here after all. @param start what was read of it */
  stay(start: Buffer): void;
}

/** What looks at a connection, or injects faults into it, before the door reads it. */
export type ConnectionTap = (stream: Duplex, certificateName: string | undefined) => Duplex;

export interface MqttDoor {
  /** The ports listened on. */
  readonly ports: { readonly [T in Transport]?: number };
  readonly connectedClients: number;
  /** Publications on reserved topics outside the Jobs space so far, answered or not. */
  readonly reservedPublications: ReservedCounts;
  /** For how many sockets this process has descriptors; infinite where the system does not tell. */
  readonly maxConnections: number;
  /** Sessions that another door has kept are this one's from now on. */
  adopt(rows: Iterable<Required<SessionChange>>): void;
  /** Sessions and clients that are another door's from now on end here. */
  release(isOurs: (clientId: string) => boolean): void;
  /** Lets a client in by any stream, as by TCP unless the proof says otherwise. */
  accept(stream: Duplex, proof?: Partial<ConnectionProof>): void;
  close(): Promise<void>;
}

const lost = { mqttSession: 'session', mqttMessage: 'message', mqttRetained: 'retained message' } as const;

/** What the door answers with no more than the service behind it. */
function ownAnswerers(port: ServicePort, { shadowsInFlight }: DoorReadings): ReservedAnswerers {
  const shadow = shadowAnswerer(port, new ShadowsInFlight(shadowsInFlight));
  return { shadow, defender: defenderAnswerer(port), commands: commandAnswerer };
}

const untapped: ConnectionTap = (stream) => stream;

export async function openMqttDoor(options: MqttDoorOptions): Promise<MqttDoor> {
  const { port, host = '127.0.0.1', identity, certificates, sessionStore, web, tap = untapped, onEvent } = options;
  const { whyNotUpgrade = () => undefined, readings = doorReadings.observed } = options;
  const outOfDescriptors = (connections: number): void => onEvent?.({ kind: 'out-of-descriptors', connections });
  const { budget = new SocketBudget(outOfDescriptors), isThing = () => false } = options;
  const { watchers = new Watchers(), upgradesAreSigned = false } = options;
  const now = (): EpochMs => port.now();
  const kept = sessionStore && new KeptSessions(sessionStore);
  const strict = options.strict === true ? new StrictLimits() : undefined;
  const bounds = new MemoryBounds();
  const traffic = new Traffic(options.packetsPerSecond, options.inflow);
  const sessions = new Sessions({
    kept,
    mayPass: strict ? (client) => strict.mayPass(client) : () => true,
    // AWS's hour, or the most to which an account can have it raised: a bench sleeps over the weekend.
    expirySeconds: strict ? persistentSessionSeconds : maxSessionExpirySeconds,
    bounds,
    watchers,
    passage: options.passage,
    now,
    onDropped: (dropped) => onEvent?.({ kind: 'dropped', ...dropped }),
  });
  const { routing } = sessions;
  const reserved = new ReservedRequests(
    { ...ownAnswerers(port, readings), ...options.answerers },
    (feature, { clientId, topic }) => onEvent?.({ kind: 'not-answered', feature, clientId, topic }),
  );
  const { forbiddenSubscribe } = readings;
  const registered = new RegisteredPrincipals(port, options.policyScope);
  const presence = new Presence({ now, announce: (topic, write) => routing.announceEverywhere(topic, write) });
  const requests = new ServiceRequests({
    port,
    sessions,
    reserved,
    faults: options.faults,
    readings,
    onEvent,
    watchers,
  });
  const broker = new QuietAedes();
  let connected = 0;
  const context: InboundContext = {
    sessions,
    requests,
    bounds,
    strict,
    forbiddenSubscribe,
    isThing,
    onEvent,
    registered,
    presence,
    watchers,
    broker,
    onAdmitted({ socket }) {
      connected += 1;
      if (socket !== undefined) budget.hold(socket);
    },
    now,
  };
  /** Everything open, TLS handshakes under way included. */
  const streams = new Set<Duplex>();
  const clientStreams = new Set<ClientStream>();

  function accept(wire: Duplex, proof: Partial<ConnectionProof> = {}): void {
    track(wire, streams);
    awaitStart(wire, protocolLevel, (opened, level, start) => open(opened, level, start, proof), couldNotBeRead);
  }

  function open(wire: Wire, level: number, start: Buffer, proof: Partial<ConnectionProof>): void {
    const stream = level === 5 ? new Mqtt5Stream(wire.stream, traffic) : new FastLane(wire.stream, traffic);
    serve(wire, stream, { ...unproven, ...proof }, start);
  }

  function couldNotBeRead({ message }: Error): void {
    onEvent?.({ kind: 'refused', reason: 'unspecified', message });
  }

  /** A client of another door is handed on, with what it has said so far. */
  function receive(wire: Duplex, proof: Partial<ConnectionProof>): void {
    const { elsewhere } = options;
    if (elsewhere === undefined) {
      accept(wire, proof);
      return;
    }
    track(wire, streams);
    const known = (opened: Wire, clientId: string, start: Buffer): void => {
      const stay = (seen: Buffer): void => open(opened, protocolLevel(seen)!, seen, proof);
      const handOn = elsewhere(clientId);
      if (handOn === undefined) stay(start);
      else handOn({ wire: opened, proof, start, stay });
    };
    awaitStart(wire, connectClientId, known, couldNotBeRead);
  }

  const unproven: ConnectionProof = { identity: identity ?? 'first-thing' };

  function serve(wire: Wire, stream: ClientStream, proof: ConnectionProof, start: Buffer): void {
    clientStreams.add(stream);
    const inbound = new InboundPackets(context, proof, stream);
    // `on`, for what happens once anyway: `once` takes twice the room.
    stream.on('close', () => {
      clientStreams.delete(stream);
      const how = endingOf(inbound, stream);
      inbound.ended(how, stream.errored === null ? undefined : reasonOf(stream.errored));
      if (inbound.isConnected) connected -= 1;
      const bug = bugIn(stream.errored);
      if (bug !== undefined) tellBug(bug, inbound.clientId, onEvent);
      if (onEvent !== undefined) tellEnd(onEvent, inbound, stream, how);
    });
    stream.start(wire, inbound, start);
  }

  await broker.listen();
  for (const { table, key } of await sessions.restore()) {
    if (table !== 'mqttDoors') onEvent?.({ kind: 'forgotten', what: lost[table], key });
  }

  /** Where messages are kept: to whom something certain will be told, once it and what waits for absent clients are kept together. */
  const foreseen = new Map<Effect, readonly Delivery[]>();
  const forms = readings.namespacedNotify;
  const addressees = (effect: Effect): readonly Delivery[] => {
    const deliveries: Delivery[] = [];
    announce(effect, forms, (topic, write) => deliveries.push(...routing.address(topic, write)));
    return deliveries;
  };
  const tell = (topic: string, writePayload: () => string | Buffer): void => routing.announce(topic, writePayload);
  const stopAnnouncing = port.onEffect(
    (effect) => {
      if (effect.kind === 'principal') registered.changed(effect.certificateId);
      const deliveries = foreseen.get(effect);
      if (deliveries === undefined) {
        announce(effect, forms, tell);
        return;
      }
      for (const delivery of deliveries) routing.deliver(delivery);
      foreseen.delete(effect);
    },
    kept && ((effect) => void (sessions.keepMessages && foreseen.set(effect, addressees(effect)))),
  );

  const listeners = new Map<Transport, Listener>();
  const identityOn = (transport: Transport, showsCertificate = false): IdentityRule =>
    identity ?? (transport === 'tls' || showsCertificate ? 'certificate' : 'first-thing');

  async function close(): Promise<void> {
    stopAnnouncing();
    routing.finish();
    const stopped = [...listeners.values()].map((listener) => listener.close());
    for (const stream of clientStreams) {
      stream.closingReason = 'serverShuttingDown';
      stream.destroy();
    }
    for (const stream of streams) stream.destroy();
    await Promise.all(stopped);
    await new Promise<void>((resolve) => {
      broker.close(resolve);
    });
  }

  const arrivals: Arrivals = {
    connecting(socket) {
      track(socket, streams);
      budget.admit(socket);
    },
    arrived: ({ transport, stream, socket, certificate, address }) =>
      receive(tap(stream, certificate?.name), {
        identity: identityOn(transport, certificate !== undefined),
        certificate,
        address,
        socket,
        ...(upgradesAreSigned && certificate === undefined && isWebSocket(transport) && { kind: 'signature' }),
      }),
    failed: ({ message }) => onEvent?.({ kind: 'refused', reason: 'unspecified', message }),
  };
  try {
    for (const transport of transports) {
      const wanted = options.listeners[transport];
      if (wanted === undefined) continue;
      // Where HTTP is spoken as well, a client without one is refused when it turns out to speak MQTT.
      const speaksHttp = transport === 'wss' && web !== undefined;
      const demandCertificate = identityOn(transport) === 'certificate' && !speaksHttp;
      const isRegistered = (certificateId: string): Promise<boolean> => registered.isRegistered(certificateId);
      const vetting = { certificates, demandCertificate, isRegistered };
      const { inbound } = traffic;
      const settings = { host, port: wanted, ...vetting, whyNotUpgrade, inbound, ...(web && { web }) };
      listeners.set(transport, await listen(transport, settings, arrivals));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ports: Object.fromEntries([...listeners].map(([transport, listener]) => [transport, listener.port])),
    get connectedClients() {
      return connected;
    },
    get reservedPublications() {
      return reserved.counts;
    },
    maxConnections: budget.max,
    adopt: (rows) => sessions.adopt(rows),
    release: (isOurs) => sessions.release(isOurs),
    accept,
    close,
  };
}

function isWebSocket(transport: Transport): boolean {
  return transport === 'ws' || transport === 'wss';
}

function track(stream: Duplex, all: Set<Duplex>): void {
  if (all.has(stream)) return;
  all.add(stream);
  stream.on('close', () => all.delete(stream));
}

function tellBug(error: Error, clientId: string, onEvent: EventListener | undefined): void {
  const stack = error.stack ?? error.message;
  if (onEvent === undefined) console.error(stack);
  else onEvent({ kind: 'connection-failed', clientId, stack });
}

function endingOf({ saidGoodbye }: InboundPackets, stream: ClientStream): Ending {
  if (saidGoodbye) return 'goodbye';
  if (stream.closingReason === 'serverShuttingDown') return 'shutdown';
  if (stream.closingReason === 'sessionTakenOver') return 'taken-over';
  const { errored } = stream;
  return errored !== null && reasonOf(errored) !== 'unspecified' ? 'cut-off' : 'lost';
}

function tellEnd(onEvent: EventListener, inbound: InboundPackets, { errored }: ClientStream, how: Ending): void {
  const { clientId } = inbound;
  const refusal = errored instanceof Disconnection ? refusalIn(errored) : undefined;
  if (inbound.isConnected) {
    const message = errored === null ? {} : { message: errored.message, reason: reasonOf(errored) };
    onEvent({ kind: 'disconnected', clientId, how, ...message, ...refusal });
  } else if (errored !== null && !inbound.isRefused) {
    onEvent({ kind: 'refused', reason: reasonOf(errored), message: errored.message, ...refusal });
  }
}

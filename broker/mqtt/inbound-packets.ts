/**
 * What is done with the packets of one client, whichever version of MQTT it speaks and whichever way they came. Publications and
 * subscriptions are dealt with here, and so are CONNECT, PINGREQ and DISCONNECT: aedes would take several turns of the event loop over
 * each. What breaks a rule of AWS's broker closes the connection, as there; MQTT 5 is told why.
 * Source: docs/reference/connection.md §2 to §5, docs/reference/limits.md §5, docs/reference/ambiguities.md A30.
 */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { IConnectPacket, IDisconnectPacket, Packet } from 'mqtt-packet';
import type { GrantedFilter } from '../../observation/observation.ts';
import type { Watchers } from '../../observation/watchers.ts';
import { maxPublishBytes, maxSessionExpirySeconds } from '../../protocol/limits.ts';
import { isThingName } from '../../protocol/names.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';
import type { ConnectionProof } from './access-control.ts';
import { Admission, type AdmissionContext, type Admitted } from './admission.ts';
import { ClientIdentity } from './client-identity.ts';
import { portraitOf, presenceOf } from './client-portrait.ts';
import type { ClientStream, PacketReceiver, Publication, WillProperties } from './client-stream.ts';
import { Disconnection, type Reason, disconnectionFor } from './disconnection.ts';
import { type Ending, type EventListener, refusalIn } from './door-events.ts';
import { undecided } from './identity.ts';
import { KeptWill } from './last-will.ts';
import type { Message } from './message.ts';
import { type ParsedTopic, type PublishVerdict, judgePublish, parseTopic } from './permissions.ts';
import type { ConnectionEvents, Presence } from './presence.ts';
import type { DoorReadings } from './readings.ts';
import type { ServiceRequests } from './service-requests.ts';
import type { QuietAedes } from './quiet-aedes.ts';
import type { Connection } from './session.ts';
import type { Sessions } from './sessions.ts';
import { type Subscribing, subscribe, unsubscribe } from './subscribing.ts';

/** What all clients of a door share. */
export interface InboundContext extends AdmissionContext {
  readonly sessions: Sessions;
  readonly requests: ServiceRequests;
  readonly forbiddenSubscribe: DoorReadings['forbiddenSubscribe'];
  /** Whether there is a thing of this name. */
  readonly isThing: (name: string) => boolean;
  /** Absent: nobody listens. */
  readonly onEvent: EventListener | undefined;
  readonly presence: Presence;
  readonly watchers: Watchers;
  /** Who is connected. */
  readonly broker: QuietAedes;
  /** A client has been let in. */
  readonly onAdmitted: (inbound: InboundPackets) => void;
  /** Service time. */
  readonly now: () => EpochMs;
}

/** Packets that a client may send before CONNACK. AWS wants none; clients in the field send their subscriptions at once. */
const maxEarlyPackets = 100;

/** Longer payloads of ordinary topics are not shown. */
const maxShownBytes = 4096;

const pingresp = Buffer.from([0xd0, 0]);

/** What came before its time. */
type Early = { readonly publication: Publication } | { readonly packet: Packet };

export class InboundPackets implements PacketReceiver, Subscribing {
  readonly #context: InboundContext;
  readonly #proof: ConnectionProof;
  /** Absent: it has not been let in. */
  #client: Client | undefined;
  readonly #stream: ClientStream;
  readonly identity: ClientIdentity;
  readonly #admission: Admission;
  /** Absent: CONNECT has not come. */
  #connect: IConnectPacket | undefined;
  #connection: Connection | undefined;
  /** Absent: CONNACK has left. */
  #early: Early[] | undefined = [];
  readonly #will: KeptWill;
  /** Absent: CONNACK has not left. */
  #events: ConnectionEvents | undefined;
  /** Of its last publication: a client says much on few topics. */
  #lastTopic = '';
  #lastParsed: ParsedTopic;
  saidGoodbye = false;
  /** Its CONNECT was refused, which has been told. */
  isRefused = false;

  constructor(context: InboundContext, proof: ConnectionProof, stream: ClientStream) {
    this.#context = context;
    this.#proof = proof;
    this.#stream = stream;
    this.identity = new ClientIdentity(proof.identity, context.isThing);
    this.#will = new KeptWill(context.bounds, stream, (publication) => this.#sendWill(publication));
    this.#admission = new Admission(context, proof, this.identity, stream);
  }

  /** The client has been let in. */
  get isConnected(): boolean {
    return this.#early === undefined;
  }

  get clientId(): string {
    return this.identity.clientId;
  }

  /** What the client has come in by, where that is a socket of ours. */
  get socket(): Duplex | undefined {
    return this.#proof.socket;
  }

  /** CONNACK has left. */
  #ready(connection: Connection): void {
    const { sessions, onEvent, onAdmitted } = this.#context;
    const { clientId } = this.identity;
    onAdmitted(this);
    onEvent?.({
      kind: 'connected',
      clientId,
      principal: this.identity.principal,
      identity: this.#proof.identity,
      protocolVersion: this.#connect?.protocolVersion ?? this.#stream.version,
      sessionPresent: connection.resumed,
      client: portraitOf(clientId, this.#connect!, this.#proof),
      ...this.#cameBy,
    });
    this.#events = this.#context.presence.connected(presenceOf(clientId, this.identity, this.#proof));
    sessions.ready(connection);
    const early = this.#early ?? [];
    this.#early = undefined;
    try {
      for (const one of early) {
        if (this.#stream.destroyed) return;
        if ('packet' in one) this.receive(one.packet);
        else this.publish(one.publication);
      }
    } catch (error) {
      this.#stream.destroy(disconnectionFor(error));
    }
  }

  // What becomes of its subscriptions.

  get sessions(): Sessions {
    return this.#context.sessions;
  }

  get forbiddenCloses(): boolean {
    const { strict, forbiddenSubscribe } = this.#context;
    return this.#stream.version === 4 || strict !== undefined || forbiddenSubscribe === 'closed';
  }

  using(filter: string): void {
    this.#decide(filter);
  }

  subscribed(filters: readonly GrantedFilter[]): void {
    this.#events?.subscribed(filters.flatMap(({ filter, qos }) => (qos === undefined ? [] : [filter])));
    this.#context.onEvent?.({ kind: 'subscribed', clientId: this.clientId, filters });
  }

  unsubscribed(filters: readonly string[]): void {
    this.#events?.unsubscribed(filters);
    this.#context.onEvent?.({ kind: 'unsubscribed', clientId: this.clientId, filters });
  }

  denied(filter: string, denied: Disconnection, closes: boolean): void {
    const { clientId } = this;
    this.#context.onEvent?.({ kind: 'subscription-denied', clientId, filter, closes, ...refusalIn(denied) });
  }

  /** The connection has ended. */
  ended(how: Ending, reason: Reason | undefined): void {
    // Nobody is told when the whole service ends, and no will is sent.
    const sendsWill = how !== 'shutdown';
    if (sendsWill) this.#events?.ended(how, reason);
    this.#admission.ended();
    this.#client?.close();
    const connection = this.#connection;
    if (connection === undefined) {
      this.#will.forget();
      return;
    }
    this.#context.sessions.close(connection, sendsWill ? this.#will.left : undefined);
  }

  // What the stream has read.

  publish(publication: Publication): void {
    const connection = this.#connection;
    if (this.#early !== undefined || connection === undefined) {
      this.#postpone({ publication: { ...publication, payload: Buffer.from(publication.payload) } });
      return;
    }
    if (this.#context.strict?.mayPass(connection.client) === false) return;
    const { topic, payload, qos, messageId } = publication;
    if (payload.length > maxPublishBytes) {
      const size = `a payload of ${payload.length} bytes, of which ${maxPublishBytes} are allowed`;
      this.#refusePublish(topic, 'packetTooLarge', size);
    }
    const verdict = this.#judge(publication);
    if (verdict.kind === 'refused') {
      const advice = verdict.dependsOnWho === true ? this.identity.advice : undefined;
      this.#refusePublish(topic, verdict.reason, verdict.message, advice);
    } else if (verdict.kind === 'service') this.#context.requests.take(connection, publication, verdict.topic);
    else {
      const { sessions, watchers } = this.#context;
      if (watchers.observer.published !== undefined) this.#showPublished(publication, watchers);
      const { outbox } = connection;
      const acknowledges = qos === 1;
      const isKept = sessions.routing.route(messageOf(publication), connection.session, (isNowKept) => {
        if (!acknowledges) return;
        if (isNowKept) sessions.releaseWhenKept(outbox);
        else outbox.release();
      });
      if (!acknowledges || this.#stream.destroyed) return;
      if (isKept !== false) outbox.hold();
      outbox.acknowledge(messageId);
      if (isKept === true) sessions.releaseWhenKept(outbox);
    }
  }

  #showPublished({ topic, payload }: Publication, { observer }: Watchers): void {
    const text = payload.length <= maxShownBytes ? decodeUtf8(Buffer.from(payload)) : undefined;
    observer.published?.({
      kind: 'published',
      source: 'wire',
      at: this.#context.now(),
      ...(isThingName(this.identity.principal) && { thingName: this.identity.principal }),
      topic,
      bytes: payload.length,
      ...(text !== undefined && { text }),
    });
  }

  acknowledge(messageId: number): void {
    const connection = this.#connection;
    if (this.#early !== undefined || connection === undefined) {
      this.#postpone({ packet: { cmd: 'puback', messageId } });
      return;
    }
    connection.session.acknowledge(connection, messageId);
  }

  receive(packet: Packet, will?: WillProperties): void {
    if (packet.cmd === 'connect') {
      this.#receiveConnect(packet, will);
      return;
    }
    const connection = this.#connection;
    if (this.#early !== undefined || connection === undefined) {
      this.#postpone({ packet });
      return;
    }
    switch (packet.cmd) {
      case 'subscribe':
        return subscribe(connection, packet, this);
      case 'unsubscribe':
        return unsubscribe(connection, packet, this);
      case 'pingreq':
        return connection.outbox.sendAtOnce(pingresp);
      case 'disconnect':
        return this.#disconnect(connection, packet);
      case 'puback':
        return connection.session.acknowledge(connection, packet.messageId!);
      default:
        throw new Disconnection('protocolError', `${packet.cmd.toUpperCase()} is not for clients to send here`);
    }
  }

  #postpone(early: Early): void {
    if (this.#connect === undefined) throw new Disconnection('protocolError', 'a packet before CONNECT');
    if (this.#early === undefined || this.#early.push(early) <= maxEarlyPackets) return;
    throw new Disconnection('quotaExceeded', `more than ${maxEarlyPackets} packets before CONNACK`);
  }

  // CONNECT and DISCONNECT.

  #receiveConnect(packet: IConnectPacket, will: WillProperties | undefined): void {
    if (this.#connect !== undefined) throw new Disconnection('protocolError', 'a second CONNECT');
    this.#connect = packet;
    // What comes before this is decided has come before its time.
    this.#admission.decide(packet, will, (outcome) => {
      if (outcome instanceof Disconnection) this.#refuse(packet, outcome);
      else this.#letIn(packet, outcome);
    });
  }

  #refuse({ clientId }: IConnectPacket, refusal: Disconnection): void {
    const { onEvent, presence } = this.#context;
    this.isRefused = true;
    onEvent?.({ kind: 'refused', clientId, ...refusalIn(refusal) });
    if (refusal.reason === 'notAuthorized') presence.refused(presenceOf(clientId, this.identity, this.#proof));
    this.#stream.refuse(refusal);
  }

  #letIn(packet: IConnectPacket, { principal, access, agreement, will }: Admitted): void {
    this.#will.keep(will);
    this.identity.principal = principal;
    this.identity.registered = access;
    const { clientId, startsAnew, expirySeconds, keepAliveSeconds } = agreement;
    this.identity.clientId = clientId;
    const is5 = this.#stream.version === 5;
    const clean = is5 ? startsAnew && expirySeconds === 0 : packet.clean !== false;
    const { sessions, broker } = this.#context;
    const stream = this.#stream;
    const client = broker.newcomer(stream, clientId, clean);
    const connection = sessions.open({ client, stream, principal, terms: is5 ? agreement : undefined });
    this.#client = client;
    this.#connection = connection;
    const { allows } = this.identity;
    if (allows !== undefined) connection.mayHear = (topic) => allows('iot:Receive', `topic/${topic}`);
    // One that goes on with its session is the thing that it was.
    this.identity.principal = connection.session.principal;
    stream.expectToHear(keepAliveSeconds);
    broker.admit(client);
    stream.admit(agreement, connection.resumed);
    this.#ready(connection);
  }

  #disconnect({ session }: Connection, packet: IDisconnectPacket): void {
    const expirySeconds = packet.properties?.sessionExpiryInterval;
    if (expirySeconds !== undefined) {
      if (expirySeconds > 0 && session.terms.expirySeconds === 0) {
        throw new Disconnection('protocolError', 'a session expiry that CONNECT did not ask for');
      }
      session.terms = { ...session.terms, expirySeconds: Math.min(expirySeconds, maxSessionExpirySeconds) };
    }
    this.saidGoodbye = true;
    // MQTT 5 §3.14.4: who says anything else has not gone as it wanted to.
    if ((packet.reasonCode ?? 0) === 0) this.#will.forget();
    this.#stream.saidGoodbye();
    this.#stream.destroy();
  }

  #sendWill(publication: Publication): void {
    const { sessions, requests, onEvent } = this.#context;
    const verdict = this.#judge(publication);
    if (verdict.kind === 'ordinary') sessions.routing.route(messageOf(publication), undefined, () => {});
    else if (verdict.kind === 'service') requests.takeWill(this.identity.clientId, publication, verdict.topic);
    else {
      const { reason, message } = verdict;
      const { topic } = publication;
      onEvent?.({
        kind: 'publish-refused',
        clientId: this.identity.clientId,
        topic,
        reason,
        message: `last will: ${message}`,
      });
    }
  }

  get #cameBy(): { readonly address?: string } {
    const { address } = this.#proof;
    return address === undefined ? {} : { address };
  }

  // What the client may do.

  #judge(publication: Publication): PublishVerdict {
    const { topic } = publication;
    this.#decide(topic);
    if (topic !== this.#lastTopic) {
      this.#lastTopic = topic;
      this.#lastParsed = parseTopic(topic);
    }
    return judgePublish(this.identity, publication, this.#lastParsed);
  }

  /** The first thing that a client speaks for may decide who it is. */
  #decide(topic: string): void {
    if (this.identity.principal !== undecided) return;
    const { clientId } = this.identity;
    const thingName = this.identity.decide(clientId, topic);
    if (thingName === undefined) return;
    this.#context.sessions.identify(this.#connection!.session, thingName);
    this.#context.onEvent?.({ kind: 'identified', clientId, thingName, ...this.#cameBy });
  }

  #refusePublish(topic: string, reason: Disconnection['reason'], message: string, advice?: string): never {
    const refused = new Disconnection(reason, `publish refused: ${message}`, advice);
    this.#context.onEvent?.({
      kind: 'publish-refused',
      clientId: this.identity.clientId,
      topic,
      ...refusalIn(refused),
    });
    throw refused;
  }
}

function messageOf({ topic, payload, qos, retain, properties, expirySeconds }: Publication): Message {
  return {
    topic,
    payload,
    qos: qos === 0 ? 0 : 1,
    retain,
    ...(properties && { properties }),
    ...(expirySeconds !== undefined && { expiresAt: Date.now() + expirySeconds * 1000 }),
  };
}

/**
 * MQTT 5 in front of a broker that speaks 3.1.1: a stream from which aedes reads, and to which it writes, 3.1.1, while the
 * client below speaks 5. Every packet is read and written again as a copy; what 3.1.1 has no words for (aliases, reasons,
 * session expiry, the receive window) is dealt with here. Properties of ordinary messages are not carried on.
 * Source: MQTT 5, reference connection.md §2 and §3, docs/clients.md (rule 7).
 */
import type { Duplex } from 'node:stream';
import {
  type IConnectPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type ISubackPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
  generate,
  parser,
} from 'mqtt-packet';
import { maxPacketBytes, maxSessionExpirySeconds, maxTopicAliases } from '../../protocol/limits.ts';
import { Disconnection, type Reason, reasonCodes, reasonOf } from './disconnection.ts';
import { type Agreement, agreementOn, connack5, connectFor311, refusalOf, refusingConnack } from './mqtt5-connect.ts';
import type { SessionTerms } from './session-terms.ts';
import { type Done, WireStream } from './wire-stream.ts';

/** Messages that may wait for a client which does not acknowledge. */
const maxPostponed = 1000;
/** For the client to read why it was cut off. */
const closingGraceMs = 1000;
/** Fits into the smallest packet that a client may ask for. */
const maxReasonLength = 100;
const failure311 = 128;
const version5 = { protocolVersion: 5 };

export class Mqtt5Stream extends WireStream implements SessionTerms {
  readonly #whyNotGranted: (filter: string) => Reason;
  readonly #fromClient = parser();
  readonly #fromBroker = parser({ protocolVersion: 4 });
  #agreement: Agreement | undefined;
  /** The client has been let in and can be told something. */
  #listening = false;
  /** It has said goodbye; what may follow is not for anybody. */
  #left = false;
  #farewell: Reason = 'unspecified';
  #expirySeconds = 0;
  readonly #topicByAlias = new Map<number, string>();
  /** Requests whose acknowledgement has to say more than in 3.1.1, by packet identifier. */
  readonly #subscribing = new Map<number, readonly string[]>();
  readonly #unsubscribing = new Map<number, number>();
  readonly #unacknowledged = new Set<number>();
  readonly #postponed: IPublishPacket[] = [];

  /** @param whyNotGranted is asked when the broker has refused a subscription. */
  constructor(wire: Duplex, whyNotGranted: (filter: string) => Reason) {
    super(wire);
    this.#whyNotGranted = whyNotGranted;
    this.#fromClient.on('packet', (packet) => this.#receive(packet));
    this.#fromClient.on('error', (error: Error) => this.#cutOff('malformedPacket', error.message));
    this.#fromBroker.on('packet', (packet) => this.#send(packet));
    wire.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  get startsAnew(): boolean {
    return this.#agreement?.startsAnew ?? true;
  }

  get expirySeconds(): number {
    return this.#expirySeconds;
  }

  /** What to tell the client when it is closed without an error. */
  foretell(farewell: Reason): void {
    this.#farewell = farewell;
  }

  protected override sendOn(bytes: Buffer): void {
    this.#fromBroker.parse(bytes);
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.#listening) {
      const reasonCode = reasonCodes[error === null ? this.#farewell : reasonOf(error)];
      const properties = error === null ? {} : { reasonString: error.message.slice(0, maxReasonLength) };
      this.#toClient({ cmd: 'disconnect', reasonCode, properties });
    }
    closeGently(this.wire);
    done(error);
  }

  #cutOff(reason: Reason, message: string): void {
    this.destroy(new Disconnection(reason, message));
  }

  #read(chunk: Buffer): void {
    if (this.destroyed) return;
    try {
      const waitingBytes = this.#fromClient.parse(chunk);
      if (waitingBytes > maxPacketBytes) this.#cutOff('packetTooLarge', 'a packet above the size limit');
    } catch (error) {
      this.#cutOff('malformedPacket', String(error)); // what the parser lets pass and the writer does not take
    }
  }

  #toBroker(packet: Packet): void {
    if (!this.push(generate(packet))) this.wire.pause();
  }

  #toClient(packet: Packet): void {
    this.wire.write(generate(packet, version5));
  }

  // From the client to the broker.

  #receive(packet: Packet): void {
    if (this.destroyed || this.#left) return;
    switch (packet.cmd) {
      case 'connect':
        return this.#connect(packet);
      case 'publish':
        return this.#publish(packet);
      case 'puback':
        this.#toBroker({ cmd: 'puback', messageId: packet.messageId });
        return this.#acknowledged(packet.messageId!);
      case 'subscribe':
        return this.#subscribe(packet);
      case 'unsubscribe':
        return this.#unsubscribe(packet);
      case 'pingreq':
        return this.#toBroker(packet);
      case 'disconnect':
        return this.#disconnect(packet);
      default:
        this.#cutOff('protocolError', `${packet.cmd.toUpperCase()} is not for clients to send here`);
    }
  }

  #connect(packet: IConnectPacket): void {
    if (this.#agreement !== undefined) return this.#cutOff('protocolError', 'a second CONNECT');
    this.#agreement = agreementOn(packet);
    this.#expirySeconds = this.#agreement.expirySeconds;
    const refusal = refusalOf(packet);
    if (refusal === undefined) return this.#toBroker(connectFor311(packet, this.#agreement));
    this.#toClient(refusingConnack(refusal));
    this.#cutOff(refusal, `connection refused: ${refusal}`);
  }

  #publish({ topic, payload, qos, retain, dup, messageId, properties }: IPublishPacket): void {
    const alias = properties?.topicAlias;
    if (qos === 2) return this.#cutOff('qosNotSupported', `QoS 2 on ${topic}`);
    if (properties?.subscriptionIdentifier !== undefined)
      return this.#cutOff('protocolError', 'a subscription identifier');
    if (alias === 0 || (alias ?? 0) > maxTopicAliases) return this.#cutOff('topicAliasInvalid', `topic alias ${alias}`);
    if (alias !== undefined && topic !== '') this.#topicByAlias.set(alias, topic);
    const meant = topic === '' ? this.#topicByAlias.get(alias ?? 0) : topic;
    if (meant === undefined) return this.#cutOff('protocolError', 'a topic alias that stands for nothing');
    this.#toBroker({ cmd: 'publish', topic: meant, payload, qos, retain, dup, messageId });
  }

  #subscribe({ messageId, subscriptions, properties }: ISubscribePacket): void {
    if (properties?.subscriptionIdentifier !== undefined) {
      return this.#cutOff('subscriptionIdentifiersNotSupported', 'a subscription identifier');
    }
    if (this.#subscribing.has(messageId!)) return this.#cutOff('protocolError', 'a packet identifier that is in use');
    if (subscriptions.some(({ qos }) => qos === 2)) return this.#cutOff('qosNotSupported', 'a subscription with QoS 2');
    const copies = subscriptions.map(({ topic, qos }) => ({ topic, qos }));
    this.#subscribing.set(
      messageId!,
      copies.map(({ topic }) => topic),
    );
    this.#toBroker({ cmd: 'subscribe', messageId, subscriptions: copies });
  }

  #unsubscribe({ messageId, unsubscriptions }: IUnsubscribePacket): void {
    if (this.#unsubscribing.has(messageId!)) return this.#cutOff('protocolError', 'a packet identifier that is in use');
    this.#unsubscribing.set(messageId!, unsubscriptions.length);
    this.#toBroker({ cmd: 'unsubscribe', messageId, unsubscriptions });
  }

  #disconnect({ reasonCode, properties }: IDisconnectPacket): void {
    const expiry = properties?.sessionExpiryInterval;
    if (expiry !== undefined && expiry > 0 && this.#expirySeconds === 0) {
      return this.#cutOff('protocolError', 'a session expiry that CONNECT did not ask for');
    }
    if (expiry !== undefined) this.#expirySeconds = Math.min(expiry, maxSessionExpirySeconds);
    this.#listening = false;
    this.#left = true;
    // To the broker, a connection that ends without DISCONNECT leaves its will.
    if (reasonCode === reasonCodes.disconnectWithWill) this.push(null);
    else this.#toBroker({ cmd: 'disconnect' });
  }

  #acknowledged(messageId: number): void {
    this.#unacknowledged.delete(messageId);
    while (this.#postponed.length > 0 && this.#hasRoomFor(this.#postponed[0]!)) this.#deliver(this.#postponed.shift()!);
  }

  // From the broker to the client.

  #send(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack':
        this.#listening = packet.returnCode === 0;
        return this.#toClient(connack5(packet, this.#agreement!));
      case 'publish':
        if (this.#postponed.length === 0 && this.#hasRoomFor(packet)) return this.#deliver(packet);
        if (this.#postponed.push(packet) <= maxPostponed) return;
        return this.#cutOff('quotaExceeded', 'does not acknowledge what it is sent');
      case 'suback':
        return this.#toClient({ ...packet, granted: this.#granted(packet) });
      case 'unsuback': {
        const count = this.#unsubscribing.get(packet.messageId!) ?? 0;
        this.#unsubscribing.delete(packet.messageId!);
        return this.#toClient({ ...packet, granted: Array.from({ length: count }, () => 0) });
      }
      default:
        this.#toClient(packet);
    }
  }

  #hasRoomFor({ qos }: IPublishPacket): boolean {
    return qos === 0 || this.#unacknowledged.size < this.#agreement!.receiveMaximum;
  }

  #deliver(packet: IPublishPacket): void {
    const bytes = generate(packet, version5);
    const { qos, messageId } = packet;
    if (bytes.length > this.#agreement!.maximumPacketBytes) {
      // MQTT 5 §3.1.2.11.4: dropped, and the sender goes on as if it had been delivered.
      if (qos > 0) this.#toBroker({ cmd: 'puback', messageId });
      return;
    }
    if (qos > 0) this.#unacknowledged.add(messageId!);
    this.wire.write(bytes);
  }

  /** aedes answers for each filter once, in the order in which they first came. */
  #granted({ messageId, granted }: ISubackPacket): number[] {
    const filters = this.#subscribing.get(messageId!) ?? [];
    this.#subscribing.delete(messageId!);
    const codes = new Map([...new Set(filters)].map((filter, index) => [filter, granted[index] as number]));
    return filters.map((filter) => {
      const code = codes.get(filter) ?? failure311;
      return code === failure311 ? reasonCodes[this.#whyNotGranted(filter)] : code;
    });
  }
}

/** Lets what was written arrive: a socket that is destroyed with something unread takes it back. */
function closeGently(wire: Duplex): void {
  if (wire.destroyed) return;
  wire.resume();
  wire.end();
  const grace = setTimeout(() => wire.destroy(), closingGraceMs);
  wire.once('close', () => clearTimeout(grace));
}

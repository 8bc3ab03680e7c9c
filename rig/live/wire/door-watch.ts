/**
 * What a device says and is told, seen at the door: reads the control packets of one connection and tells them as
 * observations of the wire, and injects the faults of a scenario. A request that a fault keeps from the service is still
 * acknowledged (QoS 1), so that the device believes what a lost message makes it believe.
 * Source: docs/reference/mqtt-api.md for topics and payloads; MQTT 3.1.1 and 5 for packets.
 */
import type { IConnectPacket, IPublishPacket, ISubackPacket, Packet } from 'mqtt-packet';
import type { Direction, MessageOperation, Operation } from '../../../faults/plan.ts';
import type { MessageFault, ServiceFault } from '../../../faults/thing-faults.ts';
import type { ClientPortrait, ConnectionEnd, GrantedFilter, Observer } from '../../../observation/observation.ts';
import { type DeviceMessage, type DeviceRequest, decodeDeviceMessage } from '../../../protocol/device-messages.ts';
import { parseJsonObject, present } from '../../../protocol/json.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { type RequestTopic, formatJobsTopic, parseJobsTopic } from '../../../protocol/topics.ts';
import { decodeUtf8 } from '../../../protocol/utf8.ts';
import type { WireFaults } from './wire-faults.ts';
import type { Passage, TappedConnection, Watch } from './wire-tap.ts';

export interface DoorWatchOptions {
  readonly observer: Observer;
  readonly faults: WireFaults;
  readonly now: () => EpochMs;
  /** Whether the client showed a certificate on its way in. */
  readonly certificateName?: string;
  /** The thing that is being checked; what a client says about another one is told under that other name. */
  readonly thingName: () => string;
}

/** Requests for blocks of a stream, and blocks (docs/reference/streams-and-ota.md §1.1). */
const asksBlocks = /^\$aws\/things\/[^/]+\/streams\/[^/]+\/get\//;
const blocks = /^\$aws\/things\/[^/]+\/streams\/[^/]+\/data\//;
/** Longer payloads of other topics are not shown. */
const maxShownBytes = 4096;
const refusedGrant = 0x80;

export class DoorWatch implements Watch {
  readonly #connection: TappedConnection;
  readonly #options: DoorWatchOptions;
  #client: ClientPortrait | undefined;
  #isAccepted = false;
  #saidGoodbye = false;
  /** Filters asked for, by message id. */
  readonly #asked = new Map<number, readonly { readonly topic: string }[]>();
  /** What was sent at QoS 1 and is not acknowledged, by message id. */
  readonly #unacknowledged = new Map<number, DeviceMessage>();
  /** Message ids of which a fault sends a copy; then those of which one copy is acknowledged. */
  readonly #copied = new Set<number>();
  readonly #acknowledgedOnce = new Set<number>();
  /** MQTT 5: topics by alias. */
  readonly #aliases = new Map<number, string>();
  /** Answers that a fault has an interest in: how, for the next reply of an operation. */
  readonly #answerFaults: { readonly operation: Operation; readonly fault: ServiceFault }[] = [];

  constructor(connection: TappedConnection, options: DoorWatchOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  fromDevice(packet: Packet): Passage {
    switch (packet.cmd) {
      case 'connect':
        return this.#connecting(packet);
      case 'subscribe':
        this.#asked.set(packet.messageId ?? 0, packet.subscriptions);
        return this.#subscribing(packet.messageId ?? 0, packet.subscriptions.length);
      case 'unsubscribe':
        this.#options.observer.unsubscribed?.({ ...this.#head('unsubscribed'), filters: packet.unsubscriptions });
        return 'pass';
      case 'publish':
        return this.#published(packet);
      case 'puback':
        return this.#acknowledged(packet.messageId ?? 0);
      case 'pingreq':
        this.#options.observer.pinged?.(this.#head('pinged'));
        return 'pass';
      case 'disconnect':
        this.#saidGoodbye = true;
        return 'pass';
      default:
        return 'pass';
    }
  }

  toDevice(packet: Packet): Passage {
    switch (packet.cmd) {
      case 'connack':
        this.#answeredConnect(packet.returnCode ?? packet.reasonCode ?? 0, packet.sessionPresent);
        return 'pass';
      case 'suback':
        this.#granted(packet);
        return 'pass';
      case 'publish':
        return this.#told(packet);
      default:
        return 'pass';
    }
  }

  closed(by: 'device' | 'door' | 'watch'): void {
    if (!this.#isAccepted) return;
    const end: ConnectionEnd =
      by === 'door' && !this.#saidGoodbye ? 'by-service' : this.#saidGoodbye ? 'by-device' : 'lost';
    this.#options.observer.disconnected?.({ ...this.#head('disconnected'), end });
  }

  #head<K extends string>(kind: K, thingName = this.#options.thingName()) {
    return { kind, at: this.#options.now(), source: 'wire', thingName } as const;
  }

  #fault(name: string, operation?: MessageOperation): void {
    const { observer, now, thingName } = this.#options;
    const fault = { kind: 'fault', at: now(), source: 'host', thingName: thingName(), name } as const;
    observer.fault?.({ ...fault, ...present({ operation }) });
  }

  #connecting(packet: IConnectPacket): Passage {
    this.#client = {
      clientId: packet.clientId,
      protocol: packet.protocolVersion === 5 ? 'MQTT 5' : packet.protocolVersion === 3 ? 'MQTT 3.1' : 'MQTT 3.1.1',
      cleanSession: packet.clean !== false,
      keepAliveSeconds: packet.keepalive ?? 0,
      hasWill: packet.will !== undefined,
      proof: this.#options.certificateName === undefined ? 'none' : 'certificate',
    };
    this.#options.observer.connecting?.(this.#head('connecting'));
    const fault = this.#options.faults.ofHandshake('connect');
    if (fault === undefined) return 'pass';
    this.#fault(`connect ${fault}`);
    if (fault === 'refused') {
      this.#connection.tellDevice(
        packet.protocolVersion === 5
          ? { cmd: 'connack', reasonCode: 0x88, sessionPresent: false }
          : { cmd: 'connack', returnCode: 3, sessionPresent: false },
      );
      this.#connection.drop();
    }
    return 'drop';
  }

  #answeredConnect(code: number, sessionPresent: boolean): void {
    const { observer } = this.#options;
    if (code !== 0) {
      observer['connect-failed']?.({ ...this.#head('connect-failed'), reason: `CONNACK with code ${code}` });
      return;
    }
    this.#isAccepted = true;
    const client = this.#client;
    observer.connected?.({ ...this.#head('connected'), sessionPresent, ...(client && { client }) });
  }

  #subscribing(messageId: number, count: number): Passage {
    const fault = this.#options.faults.ofHandshake('subscribe');
    if (fault === undefined) return 'pass';
    this.#fault(`subscribe ${fault}`);
    if (fault === 'refused') {
      const suback: ISubackPacket = {
        cmd: 'suback',
        messageId,
        granted: Array.from({ length: count }, () => refusedGrant),
      };
      this.#granted(suback);
      this.#connection.tellDevice(suback);
    }
    return 'drop';
  }

  #granted({ messageId = 0, granted }: ISubackPacket): void {
    const asked = this.#asked.get(messageId) ?? [];
    this.#asked.delete(messageId);
    const filters = asked.map(({ topic }, index): GrantedFilter => {
      const code = Number(granted[index] ?? refusedGrant);
      return code === 0 || code === 1 ? { filter: topic, qos: code } : { filter: topic };
    });
    this.#options.observer.subscribed?.({ ...this.#head('subscribed'), filters });
  }

  #published(packet: IPublishPacket): Passage {
    const topic = this.#topicOf(packet);
    const about = parseJobsTopic(topic);
    const { observer } = this.#options;
    if (about?.kind !== 'request') {
      const bytes = packet.payload.length;
      const text = bytes <= maxShownBytes ? decodeUtf8(Buffer.from(packet.payload)) : undefined;
      observer.published?.({ ...this.#head('published'), topic, bytes, ...(text !== undefined && { text }) });
      return asksBlocks.test(topic) ? this.#streamPassage('request', () => this.#acknowledgeFor(packet)) : 'pass';
    }
    const request = readRequest(about, packet.payload);
    const qos = packet.qos === 1 ? 1 : 0;
    observer.sent?.({ ...this.#head('sent', about.thingName), request, via: 'mqtt', qos });
    return this.#requestPassage(about, request, packet);
  }

  #requestPassage(about: RequestTopic, request: DeviceRequest, packet: IPublishPacket): Passage {
    const { faults } = this.#options;
    const { operation } = about;
    const answer = faults.ofAnswer(about);
    if (answer !== undefined) return this.#answerInstead(answer, about, request, packet);
    const fault = faults.ofMessage('request', operation);
    return fault === undefined ? 'pass' : this.#inject(fault, 'request', operation, () => this.#acknowledgeFor(packet));
  }

  #answerInstead(fault: ServiceFault, about: RequestTopic, { body }: DeviceRequest, packet: IPublishPacket): Passage {
    this.#fault(fault.name, about.operation);
    const { clientToken } = body;
    const token = clientToken === undefined ? {} : { clientToken };
    const timestamp = Math.floor(this.#options.now() / 1000);
    switch (fault.answer) {
      case 'late':
      case 'twice':
        this.#answerFaults.push({ operation: about.operation, fault });
        return 'pass';
      case 'not-at-all':
        this.#acknowledgeFor(packet);
        return 'drop';
      case 'refuse':
        this.#acknowledgeFor(packet);
        this.#reply(about, 'rejected', { timestamp, code: fault.code, message: fault.message, ...token });
        return 'drop';
      case 'empty-next':
        this.#acknowledgeFor(packet);
        this.#reply(about, 'accepted', { timestamp, ...token });
        return 'drop';
    }
  }

  #reply(about: RequestTopic, outcome: 'accepted' | 'rejected', payload: object): void {
    const topic = formatJobsTopic({ ...about, kind: 'reply', outcome });
    const text = JSON.stringify(payload);
    const message = decodeDeviceMessage(topic, Buffer.from(text));
    if (message !== undefined)
      this.#options.observer.received?.({ ...this.#head('received', about.thingName), message });
    this.#connection.tellDevice({ cmd: 'publish', topic, payload: text, qos: 0, dup: false, retain: false });
  }

  /** A message that a fault takes away is acknowledged to its sender, as a broker that loses it would have done. */
  #acknowledgeFor({ qos, messageId }: IPublishPacket): void {
    if (qos === 1) this.#connection.tellDevice({ cmd: 'puback', messageId });
  }

  #told(packet: IPublishPacket): Passage {
    const about = parseJobsTopic(packet.topic);
    if (blocks.test(packet.topic)) {
      return this.#streamPassage('reply', () => {
        if (packet.qos === 1) this.#connection.tellDoor({ cmd: 'puback', messageId: packet.messageId });
      });
    }
    if (about?.kind !== 'reply' && about?.kind !== 'notification') return 'pass';
    const direction: Direction = about.kind === 'reply' ? 'reply' : 'notification';
    const operation = about.kind === 'reply' ? about.operation : undefined;
    const fault = this.#options.faults.ofMessage(direction, operation);
    const message = decodeDeviceMessage(packet.topic, Buffer.from(packet.payload));
    if (message !== undefined && fault?.effect !== 'lost') this.#delivering(message, about.thingName, packet);
    if (fault?.effect === 'duplicate' && packet.qos === 1) this.#copied.add(packet.messageId ?? 0);
    if (fault !== undefined) {
      return this.#inject(fault, direction, operation, () => {
        if (packet.qos === 1) this.#connection.tellDoor({ cmd: 'puback', messageId: packet.messageId });
      });
    }
    return operation === undefined ? 'pass' : this.#answerPassage(operation, packet);
  }

  #delivering(message: DeviceMessage, thingName: string, { qos, messageId = 0 }: IPublishPacket): void {
    this.#options.observer.received?.({ ...this.#head('received', thingName), message });
    if (qos === 1) this.#unacknowledged.set(messageId, message);
  }

  #answerPassage(operation: Operation, { qos, messageId = 0 }: IPublishPacket): Passage {
    const index = this.#answerFaults.findIndex((one) => one.operation === operation);
    const [one] = index === -1 ? [] : this.#answerFaults.splice(index, 1);
    if (one?.fault.answer === 'late') return { lateMs: one.fault.lateMs };
    if (one?.fault.answer !== 'twice') return 'pass';
    if (qos === 1) this.#copied.add(messageId);
    return { againMs: 0 };
  }

  #streamPassage(direction: 'request' | 'reply', acknowledge: () => void): Passage {
    const fault = this.#options.faults.ofMessage(direction, 'GetStream');
    return fault === undefined ? 'pass' : this.#inject(fault, direction, 'GetStream', acknowledge);
  }

  #inject(
    { effect, lateMs }: MessageFault,
    direction: Direction,
    operation: MessageOperation | undefined,
    acknowledge: () => void,
  ): Passage {
    this.#fault(`${direction} ${effect}`, operation);
    if (effect === 'duplicate') return { againMs: lateMs };
    if (effect === 'late') return { lateMs };
    acknowledge();
    return 'drop';
  }

  #acknowledged(messageId: number): Passage {
    // The acknowledgement of a copy that only a fault has sent.
    if (this.#acknowledgedOnce.delete(messageId)) return 'drop';
    if (this.#copied.delete(messageId)) this.#acknowledgedOnce.add(messageId);
    const message = this.#unacknowledged.get(messageId);
    if (message === undefined) return 'pass';
    this.#unacknowledged.delete(messageId);
    this.#options.observer.delivered?.({ ...this.#head('delivered'), message });
    return 'pass';
  }

  #topicOf({ topic, properties }: IPublishPacket): string {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topic;
    if (topic !== '') this.#aliases.set(alias, topic);
    return this.#aliases.get(alias) ?? topic;
  }
}

/** As the device wrote it, as far as it can be read: what is wrong with it is the service's to say. */
function readRequest({ operation, jobId, namespaceId }: RequestTopic, payload: string | Buffer): DeviceRequest {
  const body = parseJsonObject(typeof payload === 'string' ? payload : (decodeUtf8(payload) ?? '')) ?? {};
  return { operation, ...present({ jobId, namespaceId }), body: body as DeviceRequest['body'] };
}

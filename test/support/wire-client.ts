/**
 * An MQTT client made of a socket and a codec, for tests that need to see every packet, to send what a well-behaved client
 * never would, or to be a thousand clients at once. Waits for packets, never for time.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type IConnectPacket, type IPublishPacket, type Packet, generate, parser } from 'mqtt-packet';

export interface WireOptions extends Partial<Omit<IConnectPacket, 'cmd'>> {
  readonly clientId: string;
}

export class WireClient {
  readonly stream: Duplex;
  /** Every PUBLISH received, in order. */
  readonly messages: {
    readonly topic: string;
    readonly payload: string;
    readonly bytes: Buffer;
    readonly qos: number;
    readonly dup: boolean;
    readonly retain: boolean;
    readonly messageId?: number;
    /** Of MQTT 5. */
    readonly properties?: IPublishPacket['properties'];
  }[] = [];
  /** Every other packet received, in order. */
  readonly packets: Packet[] = [];
  /** Whether it answers QoS 1 messages, as it has to. */
  acknowledges = true;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  readonly protocolVersion: number;
  #changed: (() => void)[] = [];
  #nextId = 1;

  constructor(stream: Duplex, protocolVersion = 4) {
    this.stream = stream;
    this.protocolVersion = protocolVersion;
    const decoder = parser({ protocolVersion });
    decoder.on('packet', (packet) => this.#receive(packet));
    stream.on('data', (chunk: Buffer) => decoder.parse(chunk));
    stream.on('error', () => {});
    this.closed = new Promise((resolve) => {
      stream.once('close', () => {
        resolve();
        this.#wake();
      });
    });
  }

  static async connect(port: number, options: WireOptions): Promise<WireClient> {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new WireClient(socket, options.protocolVersion);
    await once(socket, 'connect');
    await client.login(options);
    return client;
  }

  /** @returns the CONNACK's return or reason code, or `undefined` when the connection was closed without one. */
  async login(options: WireOptions): Promise<number | undefined> {
    const protocolVersion = this.protocolVersion as 4 | 5;
    this.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clean: true, keepalive: 0, ...options });
    const connack = await this.received('connack');
    return connack?.cmd === 'connack' ? (connack.returnCode ?? connack.reasonCode) : undefined;
  }

  /** @returns the granted qualities of service, 128 for refused; `undefined` when the connection was closed instead. */
  async subscribe(filters: readonly string[], qos: 0 | 1 | 2 = 1): Promise<readonly number[] | undefined> {
    const messageId = this.#nextId++;
    this.send({ cmd: 'subscribe', messageId, subscriptions: filters.map((topic) => ({ topic, qos })) });
    const suback = await this.received('suback', messageId);
    return suback?.cmd === 'suback' ? (suback.granted as number[]) : undefined;
  }

  publish(topic: string, payload: string | Buffer | object, options: Partial<IPublishPacket> = {}): void {
    const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
    this.send({
      cmd: 'publish',
      topic,
      payload: body,
      qos: 1,
      retain: false,
      dup: false,
      messageId: this.#nextId++,
      ...options,
    });
  }

  /** Publishes a request and waits for what comes back on its `accepted` or `rejected`. */
  async request(topic: string, payload: string | Buffer | object = {}): Promise<{ topic: string; body: Reply }> {
    const from = this.messages.length;
    this.publish(topic, payload);
    await this.until(() => this.messages.slice(from).some((message) => message.topic.startsWith(`${topic}/`)));
    const reply = this.messages.slice(from).find((message) => message.topic.startsWith(`${topic}/`))!;
    return { topic: reply.topic, body: JSON.parse(reply.payload) as Reply };
  }

  /** After this, everything that the service sent before is here: it answers in order. */
  async settled(): Promise<void> {
    // Twice: what a turn has caused leaves at its end, behind the answer to a ping that came in the same turn.
    await this.#pinged();
    await this.#pinged();
  }

  /** So many of its publications are safe with the service. */
  async acknowledged(count: number): Promise<void> {
    await this.until(() => this.packets.filter(({ cmd }) => cmd === 'puback').length >= count);
  }

  async #pinged(): Promise<void> {
    const pings = this.packets.filter(({ cmd }) => cmd === 'pingresp').length;
    this.send({ cmd: 'pingreq' });
    await this.until(() => this.packets.filter(({ cmd }) => cmd === 'pingresp').length > pings);
  }

  send(packet: Packet): void {
    this.stream.write(generate(packet, { protocolVersion: this.protocolVersion }));
  }

  /** Resolves when `holds` does; rejects when the connection ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.stream.destroyed) throw new Error('the connection has ended');
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  async received(cmd: Packet['cmd'], messageId?: number): Promise<Packet | undefined> {
    const find = (): Packet | undefined =>
      this.packets.find((packet) => packet.cmd === cmd && (messageId === undefined || packet.messageId === messageId));
    await this.until(() => find() !== undefined).catch(() => {});
    return find();
  }

  /** As a power cut looks to the service. */
  async drop(): Promise<void> {
    this.stream.destroy();
    await this.closed;
  }

  topics(): string[] {
    return this.messages.map(({ topic }) => topic);
  }

  #receive(packet: Packet): void {
    if (packet.cmd === 'publish') {
      if (packet.qos === 1 && this.acknowledges) this.send({ cmd: 'puback', messageId: packet.messageId! });
      this.messages.push({
        topic: packet.topic,
        payload: packet.payload.toString(),
        bytes: Buffer.from(packet.payload),
        qos: packet.qos,
        dup: packet.dup,
        retain: packet.retain,
        ...(packet.properties && { properties: packet.properties }),
        messageId: packet.messageId,
      });
    } else {
      this.packets.push(packet);
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}

export interface Reply {
  readonly code?: string;
  readonly message?: string;
  readonly timestamp: number;
  readonly clientToken?: string;
  readonly [member: string]: unknown;
}

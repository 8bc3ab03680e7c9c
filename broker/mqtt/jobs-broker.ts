/**
 * aedes with another way out of `publish`: what a client publishes is shown to the door first, which takes what is meant for
 * the Jobs service before aedes routes anything (cheaper than a subscriber on the broker, and nobody else sees it). The
 * rest is left to aedes, but for its PUBACK: aedes writes that before it routes, here it waits until the message is kept.
 * The types name the parts of aedes 1.2 on which this door relies beyond its declarations.
 */
import { Aedes, type AedesOptions, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';

/** A message as `client.publish` takes it and {@link Persistence} keeps it. */
export type OutgoingPacket = Pick<
  AedesPublishPacket,
  'cmd' | 'topic' | 'payload' | 'qos' | 'retain' | 'dup' | 'brokerId' | 'brokerCounter'
>;

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

/** The part of aedes' persistence in which sessions and messages wait for clients that are away. */
export interface Persistence {
  addSubscriptions(client: { readonly id: string }, subscriptions: readonly Subscription[]): Promise<void>;
  removeSubscriptions(client: { readonly id: string }, filters: readonly string[]): Promise<void>;
  outgoingEnqueue(subscriber: { readonly clientId: string }, packet: OutgoingPacket): Promise<void>;
  /** What aedes calls for ordinary messages. */
  outgoingEnqueueCombi(subscribers: readonly { readonly clientId: string }[], packet: OutgoingPacket): Promise<void>;
  /** @returns the message that the client has acknowledged, if it was waiting. */
  outgoingClearMessageId(client: { readonly id: string }, packet: unknown): Promise<OutgoingPacket | undefined>;
  storeRetained(packet: OutgoingPacket): Promise<void>;
  cleanSubscriptions(client: { readonly id: string }): Promise<void>;
  outgoingStream(client: { readonly id: string }): AsyncIterable<OutgoingPacket>;
}

type Done = (error?: Error) => void;

const route = Aedes.prototype.publish as unknown as (
  this: Aedes,
  packet: PublishPacket,
  client: Client | null,
  done: Done,
) => void;

export interface JobsBrokerOptions extends AedesOptions {
  /** Sees whatever a client publishes, last wills included; true when it is dealt with. */
  readonly take: (packet: PublishPacket, client: Client) => boolean;
  /** Sends a PUBACK. */
  readonly acknowledge: (client: Client, messageId: number) => void;
  /** Resolves when a message is kept that was just queued for so many sessions; absent where there is nothing to wait for. */
  readonly safe?: (subscribers: number, packet: OutgoingPacket) => Promise<void> | undefined;
}

/** A publication as it comes from a client: aedes numbers it when it routes it, unless it has a number. */
type Incoming = PublishPacket & { messageId?: number; brokerId?: string; brokerCounter?: number };

export class JobsBroker extends Aedes {
  declare readonly persistence: Persistence;
  declare counter: number;
  readonly #take: JobsBrokerOptions['take'];
  readonly #acknowledge: JobsBrokerOptions['acknowledge'];
  readonly #safe: NonNullable<JobsBrokerOptions['safe']>;
  /** Publications of QoS 1 that aedes takes for QoS 0, so that it does not acknowledge them. */
  readonly #unacknowledged = new WeakSet<PublishPacket>();
  /** What to do when a publication is where it has to wait for its subscribers, by its number. */
  readonly #whenKept = new Map<number, (kept: Promise<void> | undefined) => void>();

  constructor({ take, acknowledge, safe = () => undefined, ...options }: JobsBrokerOptions) {
    const { authorizePublish = (_client, _packet, done) => done(null) } = options;
    super({
      ...options,
      authorizePublish: (client, packet, done) =>
        authorizePublish(client, packet, (error) => {
          const { messageId } = packet as Incoming;
          // A last will has no identifier.
          if (!error && packet.qos === 1 && messageId !== undefined) {
            this.#unacknowledged.add(packet);
            packet.qos = 0;
          }
          done(error);
        }),
    });
    this.#take = take;
    this.#acknowledge = acknowledge;
    this.#safe = safe;
  }

  override async listen(): Promise<void> {
    await super.listen();
    const { persistence } = this;
    const { outgoingEnqueueCombi } = persistence;
    persistence.outgoingEnqueueCombi = (subscribers, packet) => {
      const queued = outgoingEnqueueCombi.call(persistence, subscribers, packet);
      const { brokerCounter } = packet as { readonly brokerCounter: number };
      const tell = this.#whenKept.get(brokerCounter);
      this.#whenKept.delete(brokerCounter);
      tell?.(this.#safe(subscribers.length, packet));
      return queued;
    };
  }

  /** Of who is connected. */
  clientOf(clientId: string): Client | undefined {
    return (this as unknown as { readonly clients: Readonly<Record<string, Client>> }).clients[clientId];
  }

  /** Forgets the subscriptions of a client that is away, and what waits for it. */
  async discardSession(clientId: string): Promise<void> {
    const client = { id: clientId };
    await this.persistence.cleanSubscriptions(client);
    for await (const packet of this.persistence.outgoingStream(client)) {
      await this.persistence.outgoingClearMessageId(client, packet);
    }
  }

  override publish(packet: PublishPacket, clientOrDone: Client | Done | null, whenDone: Done = ignore): void {
    if (typeof clientOrDone === 'function' || clientOrDone === null) {
      const done = clientOrDone ?? whenDone;
      // aedes tells other brokers about each client and subscription; there are none. Its heartbeat it needs itself.
      if (packet.topic.startsWith('$SYS/') && !packet.topic.endsWith('/heartbeat')) done();
      else route.call(this, packet, null, done);
      return;
    }
    const owed = this.#unacknowledged.delete(packet);
    if (owed) packet.qos = 1;
    const isTaken = this.#take(packet, clientOrDone);
    if (owed) this.#owe(packet, clientOrDone, isTaken);
    if (!isTaken) {
      // The publisher does not wait for its subscribers: one of them may not be reading.
      route.call(this, packet, clientOrDone, (error) => {
        if (error) clientOrDone.emit('error', error);
      });
    }
    // A QoS 0 packet is still in the parser's hands, which must not be asked for the next one before this one is done.
    if (packet.qos === 0) setImmediate(whenDone);
    else whenDone();
  }

  #owe(packet: Incoming, client: Client, isTaken: boolean): void {
    const acknowledge = (): void => this.#acknowledge(client, packet.messageId!);
    if (isTaken) {
      acknowledge();
      return;
    }
    packet.brokerId = this.id;
    packet.brokerCounter = this.counter += 1;
    this.#whenKept.set(packet.brokerCounter, (kept) => {
      if (kept === undefined) acknowledge();
      else kept.then(acknowledge, (error: Error) => client.emit('error', error));
    });
  }
}

function ignore(): void {}

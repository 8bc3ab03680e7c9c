/**
 * aedes with another way out of `publish`: what a client publishes is shown to the door first, which takes what is meant for
 * the Jobs service before aedes routes anything (cheaper than a subscriber on the broker, and nobody else sees it). The
 * rest is left to aedes. The types name the parts of aedes 1.2 on which this door relies beyond its declarations.
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

export class JobsBroker extends Aedes {
  declare readonly persistence: Persistence;
  readonly #take: (packet: PublishPacket, client: Client) => boolean;

  /** @param take sees whatever a client publishes, last wills included; true when it is dealt with. */
  constructor(options: AedesOptions, take: (packet: PublishPacket, client: Client) => boolean) {
    super(options);
    this.#take = take;
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
    if (!this.#take(packet, clientOrDone)) {
      // The publisher does not wait for its subscribers: one of them may not be reading.
      route.call(this, packet, clientOrDone, (error) => {
        if (error) clientOrDone.emit('error', error);
      });
    }
    // A QoS 0 packet is still in the parser's hands, which must not be asked for the next one before this one is done.
    if (packet.qos === 0) setImmediate(whenDone);
    else whenDone();
  }
}

function ignore(): void {}

/**
 * aedes as this door uses it: who is connected, one connection for each client id. The door itself reads CONNECT and answers it, and
 * every other packet; aedes is given no publication, no subscription and no last will, keeps nothing and publishes nothing about itself.
 * Its own way to let a client in takes three streams, a pipeline and a dozen turns of the event loop.
 * Source: docs/decisions/0008-routing.md; the interface of aedes-persistence 11.
 */
import { Aedes, type AedesOptions, type Client } from 'aedes';
import { type ClientConnection, createClient, registerClient } from './internals.ts';

type Done = (error?: Error) => void;

/** What aedes asks of a persistence in which nothing is kept. */
const noPersistence = {
  async setup(): Promise<void> {},
  streamWill: (): readonly never[] => [],
};

export class QuietAedes extends Aedes {
  constructor() {
    super({ persistence: noPersistence } as unknown as AedesOptions);
  }

  /** A client that is about to be let in. */
  newcomer(connection: ClientConnection, id: string, clean: boolean): Client {
    return createClient(this, connection, id, clean);
  }

  /** It is let in; an earlier connection of the same client id is closed. */
  admit(client: Client): void {
    registerClient(this, client);
  }

  /** aedes tells other brokers about itself, its clients and their subscriptions; there are none. */
  override publish(_packet: unknown, clientOrDone: Client | Done | null, done?: Done): void {
    if (typeof clientOrDone === 'function') clientOrDone();
    else done?.();
  }
}

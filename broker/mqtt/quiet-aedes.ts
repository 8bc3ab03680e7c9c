/**
 * aedes as this door uses it: CONNECT and CONNACK, one connection for each client id, keep-alive, PINGREQ, DISCONNECT. It is
 * given no publication, no subscription and no last will, keeps nothing, and publishes nothing about itself.
 * Source: docs/decisions/0008-routing.md; the interface of aedes-persistence 11.
 */
import { Readable } from 'node:stream';
import { Aedes, type AedesOptions, type Client } from 'aedes';
import { maxClientIdBytes } from '../../protocol/limits.ts';

type Done = (error?: Error) => void;

/** For whom aedes asks its persistence. */
interface Whose {
  readonly id: string;
}

/** A subscription that stands for a session: aedes tells the client of a session only when it has one. */
const placeholder = { topic: 'session', qos: 0 } as const;

/** Costs each connection less than a stream made from a list. */
class Nothing extends Readable {
  override _read(): void {
    this.push(null);
  }
}

/** What aedes asks of a persistence in which nothing is kept. */
class NoPersistence {
  readonly #resumes: (clientId: string) => boolean;

  constructor(resumes: (clientId: string) => boolean) {
    this.#resumes = resumes;
  }

  async setup(): Promise<void> {}

  subscriptionsByClient({ id }: Whose): Promise<readonly object[]> {
    return Promise.resolve(this.#resumes(id) ? [placeholder] : []);
  }

  cleanSubscriptions(): Promise<void> {
    return Promise.resolve();
  }

  outgoingStream(): Readable {
    return new Nothing();
  }

  delWill(): Promise<void> {
    return Promise.resolve();
  }

  streamWill(): readonly never[] {
    return [];
  }
}

export interface QuietAedesOptions {
  /** A client has been let in: called before CONNACK. */
  readonly opened: (client: Client) => void;
  /** Whether CONNACK says that the client goes on with its session. */
  readonly resumes: (clientId: string) => boolean;
}

export class QuietAedes extends Aedes {
  constructor({ opened, resumes }: QuietAedesOptions) {
    const options: AedesOptions = {
      // MQTT 3.1 allows 23; AWS's SDK v1 speaks it with longer ones.
      maxClientsIdLength: maxClientIdBytes,
      persistence: new NoPersistence(resumes),
      authenticate(client, _username, _password, done) {
        opened(client);
        done(null, true);
      },
      authorizeSubscribe: (_client, _subscription, done) => done(null, null),
    };
    super(options);
  }

  /** aedes tells other brokers about itself, its clients and their subscriptions; there are none. */
  override publish(_packet: unknown, clientOrDone: Client | Done | null, done?: Done): void {
    if (typeof clientOrDone === 'function') clientOrDone();
    else done?.();
  }
}

/**
 * Lifecycle events of connections and subscriptions, `$aws/events/presence/…` and `$aws/events/subscriptions/…`: always on, for
 * whoever has subscribed. Versions count the connections of a client id, from 0, and begin anew when it has been away for an
 * hour. Source: docs/reference/shadow-and-provisioning.md §5.
 */
import { randomUUID } from 'node:crypto';
import type { EpochMs } from '../../protocol/time.ts';
import type { Reason } from './disconnection.ts';
import type { Ending } from './door-events.ts';

/** What events say of a client. */
export interface PresentClient {
  readonly clientId: string;
  /** The thing to which its certificate belongs exclusively. */
  readonly thingName?: string | undefined;
  /** Id of its certificate. Assumed: without one, its client id, where AWS names an IAM identity. */
  readonly principalIdentifier: string;
  readonly ipAddress: string | undefined;
}

export interface PresenceOptions {
  readonly now: () => EpochMs;
  readonly announce: (topic: string, writePayload: () => string) => void;
}

/** The events of one connection. */
export class ConnectionEvents {
  readonly #presence: Presence;
  readonly #client: PresentClient;
  readonly #versionNumber: number;
  /** Made when somebody is told of it. */
  #sessionIdentifier: string | undefined;

  constructor(presence: Presence, client: PresentClient, versionNumber: number) {
    this.#presence = presence;
    this.#client = client;
    this.#versionNumber = versionNumber;
    this.#tell('presence/connected', { ipAddress: client.ipAddress, versionNumber });
  }

  subscribed(topics: readonly string[]): void {
    if (topics.length > 0) this.#tell('subscriptions/subscribed', { topics });
  }

  unsubscribed(topics: readonly string[]): void {
    if (topics.length > 0) this.#tell('subscriptions/unsubscribed', { topics });
  }

  ended(how: Ending, reason: Reason | undefined): void {
    const versionNumber = this.#versionNumber;
    this.#presence.leave(this.#client.clientId, versionNumber);
    const disconnectReason = disconnectReasonOf(how, reason);
    const first = { clientInitiatedDisconnect: how === 'goodbye' };
    this.#tell('presence/disconnected', { disconnectReason, versionNumber }, first);
  }

  #tell(kind: string, after: object, first: object = {}): void {
    const before = (): object => ({ ...first, sessionIdentifier: (this.#sessionIdentifier ??= randomUUID()) });
    this.#presence.tell(this.#client, kind, before, after);
  }
}

const ofNoSession = (): object => ({ sessionIdentifier: randomUUID() });

interface Away {
  readonly version: number;
  readonly since: EpochMs;
}

const versionKeptMs = 60 * 60 * 1000;

export class Presence {
  readonly #options: PresenceOptions;
  /** By client id, in the order in which they left. */
  readonly #away = new Map<string, Away>();
  readonly #present = new Map<string, number>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  connected(client: PresentClient): ConnectionEvents {
    return new ConnectionEvents(this, client, this.#nextVersion(client.clientId));
  }

  /** It was not let in, for want of permission. */
  refused(client: PresentClient): void {
    const { ipAddress } = client;
    const why = { connectFailureReason: 'AUTHORIZATION_FAILED' };
    this.tell(client, 'presence/connect_failed', ofNoSession, { ipAddress, ...why });
  }

  /** @param kind the part of the topic behind `$aws/events/`; its last level is the type of the event. */
  tell(
    { clientId, thingName, principalIdentifier }: PresentClient,
    kind: string,
    before: () => object,
    after: object,
  ): void {
    // AWS has no events for a client id that would be a wildcard in their topics.
    if (/[#+]/.test(clientId)) return;
    const timestamp = this.#options.now();
    const eventType = kind.slice(kind.indexOf('/') + 1);
    this.#options.announce(`$aws/events/${kind}/${clientId}`, () =>
      JSON.stringify({ clientId, thingName, timestamp, eventType, ...before(), principalIdentifier, ...after }),
    );
  }

  #nextVersion(clientId: string): number {
    const now = this.#options.now();
    for (const [id, { since }] of this.#away) {
      if (now - since < versionKeptMs) break;
      this.#away.delete(id);
    }
    const version = (this.#present.get(clientId) ?? this.#away.get(clientId)?.version ?? -1) + 1;
    this.#away.delete(clientId);
    this.#present.set(clientId, version);
    return version;
  }

  /** A connection that has been taken over by a later one leaves nothing behind. */
  leave(clientId: string, version: number): void {
    if (this.#present.get(clientId) !== version) return;
    this.#present.delete(clientId);
    this.#away.set(clientId, { version, since: this.#options.now() });
  }
}

/** What a connection that the service has closed was closed for. What is not named is the client's mistake. */
const reasons: { readonly [R in Reason]?: string } = {
  keepAliveTimeout: 'MQTT_KEEP_ALIVE_TIMEOUT',
  notAuthorized: 'FORBIDDEN_ACCESS',
  quotaExceeded: 'THROTTLED',
  serverUnavailable: 'SERVER_INITIATED_DISCONNECT',
  serverShuttingDown: 'SERVER_INITIATED_DISCONNECT',
  sessionTakenOver: 'DUPLICATE_CLIENTID',
  unspecified: 'SERVER_ERROR',
};

function disconnectReasonOf(how: Ending, reason: Reason | undefined): string {
  switch (how) {
    case 'goodbye':
      return 'CLIENT_INITIATED_DISCONNECT';
    case 'lost':
      return 'CONNECTION_LOST';
    case 'taken-over':
      return 'DUPLICATE_CLIENTID';
    case 'shutdown':
      return 'SERVER_INITIATED_DISCONNECT';
    case 'cut-off':
      return reasons[reason ?? 'unspecified'] ?? 'CLIENT_ERROR';
  }
}

/**
 * Whether an endpoint answers the devices of a fleet, folded from what they see: one may take connections and say nothing more, or let
 * nobody stay. Decides nothing; whoever runs the fleet asks.
 */
import type { Observer } from '../observation/observation.ts';
import type { DurationMs } from '../protocol/time.ts';

export class EndpointWatch {
  readonly #now: () => DurationMs;
  #connectedAt: DurationMs | undefined;
  #hasSubscribed = false;
  #asked: string | undefined;
  #isAnswered = false;
  #loss: string | undefined;

  /** @param now in wall time: an endpoint is no faster where the device's time is */
  constructor(now: () => DurationMs = () => performance.now()) {
    this.#now = now;
  }

  readonly observer: Observer = {
    connected: () => void (this.#connectedAt ??= this.#now()),
    subscribed: ({ thingName, filters }) => {
      this.#hasSubscribed = true;
      const refused = filters.find(({ qos }) => qos === undefined);
      if (refused !== undefined) this.#loss = `${thingName} may not subscribe to ${refused.filter}`;
    },
    sent: ({ request }) => void (this.#asked ??= request.operation),
    received: () => void (this.#isAnswered = true),
    'connect-failed': ({ thingName, reason }) => void (this.#loss = `${thingName}: ${reason}`),
    disconnected: ({ thingName, end, reason }) => {
      if (end !== 'by-device') this.#loss = `${thingName}: ${reason ?? 'the connection was closed by the service'}`;
    },
  };

  /** Why a device that is not connected is not, as far as the last one tells. */
  get lastLoss(): string | undefined {
    return this.#loss;
  }

  /** What has not come since the first connection, and for how long; absent: something has been answered, or nothing was asked. */
  silence(): { readonly missing: string; readonly ms: DurationMs } | undefined {
    if (this.#connectedAt === undefined || this.#isAnswered) return undefined;
    const ms = this.#now() - this.#connectedAt;
    if (!this.#hasSubscribed) return { missing: 'no SUBACK', ms };
    return this.#asked === undefined ? undefined : { missing: `no reply to ${this.#asked}`, ms };
  }
}

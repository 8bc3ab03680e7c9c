/**
 * How many shadow requests of a connection are in flight: begun and not answered. A request that is answered at once is in
 * flight until the process has read what else has come by then, so that a burst counts as one whether or not answers have
 * to wait for a commit. Both doors count by it, each its own connections.
 * Source: docs/reference/shadow-and-provisioning.md §1, open point S10.
 */
import { maxShadowsInFlight } from '../../protocol/limits.ts';

/** What has a limit: all that a connection asks about one thing, or all that it asks. */
export type InFlightScope = 'of a thing on a connection' | 'of a connection';

export class ShadowsInFlight {
  readonly #scope: InFlightScope;
  /** By thing, or by nothing. */
  readonly #counts = new WeakMap<object, Map<string, number>>();

  constructor(scope: InFlightScope) {
    this.#scope = scope;
  }

  /**
   * @param connection whatever stands for one.
   * @returns what to call once the request is answered; `undefined` when as many as may be are in flight.
   */
  begin(connection: object, thingName: string): (() => void) | undefined {
    let counts = this.#counts.get(connection);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(connection, counts);
    }
    const key = this.#scope === 'of a connection' ? '' : thingName;
    const count = counts.get(key) ?? 0;
    if (count >= maxShadowsInFlight) return undefined;
    counts.set(key, count + 1);
    return () => void setImmediate(end, counts, key);
  }
}

function end(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

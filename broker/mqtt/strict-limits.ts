/**
 * AWS's rates for one connection, which a bench seldom wants: with `--strict` only. Other limits are always on and live where
 * they apply. Not here: throughput per connection, pacing of stored messages, the 24 hours of a WebSocket.
 * Source: docs/reference/limits.md §5.
 */
import type { Client } from 'aedes';
import { maxPublishesPerSecond } from '../../protocol/limits.ts';

/** Publications of one connection since the start of its present second. */
interface Traffic {
  readonly startedAt: number;
  count: number;
}

const oneSecondMs = 1000;

export class StrictLimits {
  readonly #traffic = new WeakMap<Client, Traffic>();
  /** Client ids of the last second. */
  readonly #connected = new Set<string>();

  /** One CONNECT for each client id and second. */
  mayConnect(clientId: string): boolean {
    if (this.#connected.has(clientId)) return false;
    this.#connected.add(clientId);
    setTimeout(() => this.#connected.delete(clientId), oneSecondMs).unref();
    return true;
  }

  /** Counts a publication, in either direction; one that is too many is dropped without a word. */
  mayPass(client: Client): boolean {
    const now = performance.now();
    let traffic = this.#traffic.get(client);
    if (traffic === undefined || now - traffic.startedAt >= oneSecondMs) {
      traffic = { startedAt: now, count: 0 };
      this.#traffic.set(client, traffic);
    }
    traffic.count += 1;
    return traffic.count <= maxPublishesPerSecond;
  }
}

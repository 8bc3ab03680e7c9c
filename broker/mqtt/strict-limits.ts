/**
 * What AWS's broker does not let pass and a bench usually should: applied with `--strict` only. Limits that hurt nobody are
 * always on and live where they apply (inbound-guard.ts, gatekeeper.ts). Not here: throughput per connection, pacing of
 * stored messages, the window of unacknowledged messages of MQTT 3.1.1, the 24 hours of a WebSocket.
 * Source: reference limits.md §5, connection.md §3.
 */
import type { Client } from 'aedes';
import { maxPublishesPerSecond, maxTopicBytes, maxTopicSlashes } from '../../protocol/limits.ts';

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

/** Whether a topic or filter is within AWS's limits; its own reserved topics may be longer and deeper. */
export function isWithinTopicLimits(topic: string): boolean {
  if (topic.startsWith('$aws/')) return true;
  return Buffer.byteLength(topic) <= maxTopicBytes && topic.split('/').length - 1 <= maxTopicSlashes;
}

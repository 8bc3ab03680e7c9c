/**
 * The filters of one session, and what they say of a topic: which quality of service a reply may have, whether anything covers it.
 * Source: docs/reference/mqtt-api.md §3.
 */
import type { Qos } from './message.ts';
import { type SubscriptionOptions, filterMatches } from './subscription-index.ts';
import { hasWildcard } from './topic-rules.ts';

/** A filter with a wildcard, and what stands before that. */
interface Pattern {
  readonly filter: string;
  readonly literal: string;
}

export class OwnFilters {
  readonly #all = new Map<string, SubscriptionOptions>();
  /** Filters with wildcards that may cover a reply and grant QoS 1; found when somebody asks. */
  #patterns: readonly Pattern[] | undefined;
  /** Asked for last: a client is answered on few topics. */
  #lastTopic = '';
  #lastQos: Qos = 0;

  /** By their text, `$share/…` included. */
  get all(): ReadonlyMap<string, SubscriptionOptions> {
    return this.#all;
  }

  set(filter: string, options: SubscriptionOptions): void {
    this.#all.set(filter, options);
    this.#changed();
  }

  remove(filter: string): boolean {
    const removed = this.#all.delete(filter);
    if (removed) this.#changed();
    return removed;
  }

  clear(): void {
    this.#all.clear();
    this.#changed();
  }

  grantedQos(topic: string): Qos {
    if (topic !== this.#lastTopic) {
      this.#lastTopic = topic;
      this.#lastQos = this.#qosOf(topic);
    }
    return this.#lastQos;
  }

  #qosOf(topic: string): Qos {
    this.#patterns ??= patternsOf(this.#all);
    for (const { filter, literal } of this.#patterns) {
      if (topic.startsWith(literal) && filterMatches(filter, topic, literal.length)) return 1;
    }
    return this.#all.get(topic)?.qos ?? 0;
  }

  cover(topic: string): boolean {
    if (this.#all.has(topic)) return true;
    for (const filter of this.#all.keys()) if (hasWildcard(filter) && filterMatches(filter, topic)) return true;
    return false;
  }

  #changed(): void {
    this.#lastTopic = '';
    this.#patterns = undefined;
  }
}

function patternsOf(all: ReadonlyMap<string, SubscriptionOptions>): readonly Pattern[] {
  const patterns = [...all].filter(
    ([filter, { qos }]) => qos === 1 && filter.startsWith('$aws/') && hasWildcard(filter),
  );
  return patterns.map(([filter]) => ({ filter, literal: filter.slice(0, filter.search(/[+#]/)) }));
}

/**
 * From a topic to the subscribers whose filters match it, each once. A filter is kept with the thing that it names, so that
 * only the few filters of the topic's own thing are tried, and those that name none. Knows no clients and no permissions.
 * Source: MQTT 3.1.1 §4.7, with AWS's exception that `a/#` does not match `a` (reference connection.md §3).
 */

export type Qos = 0 | 1;

interface Subscription<Subscriber> {
  readonly subscriber: Subscriber;
  readonly filter: string;
  /** The filter cut at its slashes, when it has wildcards. */
  readonly levels: readonly string[] | undefined;
  readonly qos: Qos;
}

const thingsPrefix = '$aws/things/';
/** Keys that no thing has: for filters that may match topics of any thing, and for those that match none of any thing. */
const anyThing = '+';
const noThing = '';

export class SubscriptionIndex<Subscriber> {
  readonly #byThing = new Map<string, readonly Subscription<Subscriber>[]>();

  /** A filter that the subscriber has already is replaced. */
  add(subscriber: Subscriber, filter: string, qos: Qos): void {
    const levels = hasWildcard(filter) ? filter.split('/') : undefined;
    const others = this.#without(subscriber, filter);
    this.#byThing.set(thingIn(filter), [...others, { subscriber, filter, levels, qos }]);
  }

  remove(subscriber: Subscriber, filter: string): void {
    const others = this.#without(subscriber, filter);
    if (others.length > 0) this.#byThing.set(thingIn(filter), others);
    else this.#byThing.delete(thingIn(filter));
  }

  /** @returns every subscriber with a matching filter and the best quality of service that one of those filters grants. */
  match(topic: string): ReadonlyMap<Subscriber, Qos> {
    const matching = new Map<Subscriber, Qos>();
    collect(this.#byThing.get(thingIn(topic)), topic, matching);
    collect(this.#byThing.get(anyThing), topic, matching);
    return matching;
  }

  #without(subscriber: Subscriber, filter: string): readonly Subscription<Subscriber>[] {
    const known = this.#byThing.get(thingIn(filter)) ?? [];
    return known.filter((one) => one.subscriber !== subscriber || one.filter !== filter);
  }
}

function collect<Subscriber>(
  subscriptions: readonly Subscription<Subscriber>[] | undefined,
  topic: string,
  matching: Map<Subscriber, Qos>,
): void {
  if (subscriptions === undefined) return;
  let topicLevels: readonly string[] | undefined;
  for (const { subscriber, filter, levels, qos } of subscriptions) {
    if (levels === undefined ? filter !== topic : !levelsMatch(levels, (topicLevels ??= topic.split('/')))) continue;
    if (qos > (matching.get(subscriber) ?? -1)) matching.set(subscriber, qos);
  }
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** Whether a filter, cut at its slashes, matches a topic without wildcards, cut likewise. */
export function levelsMatch(filter: readonly string[], topic: readonly string[]): boolean {
  for (let depth = 0; depth < filter.length; depth += 1) {
    const level = filter[depth];
    if (level === '#') return topic.length > depth;
    if (level !== '+' && level !== topic[depth]) return false;
  }
  return filter.length === topic.length;
}

/** @returns the thing that a topic or filter names, or one of the keys that stand for none. */
function thingIn(name: string): string {
  if (!name.startsWith(thingsPrefix)) return hasWildcard(name.slice(0, thingsPrefix.length)) ? anyThing : noThing;
  const end = name.indexOf('/', thingsPrefix.length);
  const thing = name.slice(thingsPrefix.length, end === -1 ? undefined : end);
  return hasWildcard(thing) ? anyThing : thing;
}

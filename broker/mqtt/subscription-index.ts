/**
 * From a topic to the subscribers whose filters match it, each once. Exact filters, which nearly all devices use, are one look-up;
 * filters with wildcards are tried one by one, but only those of the thing that the topic names. Knows no clients and no
 * permissions. Source: MQTT 3.1.1 §4.7, with AWS's exception that `a/#` does not match `a` (reference connection.md §3).
 */

export type Qos = 0 | 1;

interface WildcardFilter<Subscriber> {
  readonly levels: readonly string[];
  readonly subscribers: Map<Subscriber, Qos>;
}

/** The key of filters that name no thing. */
const anyThing = '+';
const thingsPrefix = '$aws/things/';

export class SubscriptionIndex<Subscriber> {
  readonly #exact = new Map<string, Map<Subscriber, Qos>>();
  /** By the thing that a filter names, then by filter. */
  readonly #wildcard = new Map<string, Map<string, WildcardFilter<Subscriber>>>();

  /** A filter that the subscriber has already is replaced. */
  add(subscriber: Subscriber, filter: string, qos: Qos): void {
    this.#subscribersOf(filter).set(subscriber, qos);
  }

  remove(subscriber: Subscriber, filter: string): void {
    if (!hasWildcard(filter)) {
      const subscribers = this.#exact.get(filter);
      if (subscribers?.delete(subscriber) && subscribers.size === 0) this.#exact.delete(filter);
      return;
    }
    const filters = this.#wildcard.get(thingIn(filter));
    const subscribers = filters?.get(filter)?.subscribers;
    if (subscribers?.delete(subscriber) && subscribers.size === 0) filters?.delete(filter);
    if (filters?.size === 0) this.#wildcard.delete(thingIn(filter));
  }

  /** @returns every subscriber with a matching filter and the best quality of service that one of those filters grants. */
  match(topic: string): ReadonlyMap<Subscriber, Qos> {
    const exact = this.#exact.get(topic) ?? new Map<Subscriber, Qos>();
    const ofThing = this.#wildcard.get(thingIn(topic));
    const ofAnyThing = this.#wildcard.get(anyThing);
    if (ofThing === undefined && ofAnyThing === undefined) return exact;
    const levels = topic.split('/');
    return withMatches(withMatches(exact, ofThing, levels), ofAnyThing, levels);
  }

  #subscribersOf(filter: string): Map<Subscriber, Qos> {
    if (!hasWildcard(filter)) return getOrMake(this.#exact, filter, () => new Map<Subscriber, Qos>());
    const filters = getOrMake(this.#wildcard, thingIn(filter), () => new Map<string, WildcardFilter<Subscriber>>());
    return getOrMake(filters, filter, () => ({ levels: filter.split('/'), subscribers: new Map<Subscriber, Qos>() }))
      .subscribers;
  }
}

/** Most topics match no wildcard filter of their thing, so a map is only copied once there is something to add. */
function withMatches<Subscriber>(
  matching: ReadonlyMap<Subscriber, Qos>,
  filters: ReadonlyMap<string, WildcardFilter<Subscriber>> | undefined,
  levels: readonly string[],
): ReadonlyMap<Subscriber, Qos> {
  let best: Map<Subscriber, Qos> | undefined;
  for (const filter of filters?.values() ?? []) {
    if (!levelsMatch(filter.levels, levels)) continue;
    best ??= new Map(matching);
    for (const [subscriber, qos] of filter.subscribers) {
      if (qos > (best.get(subscriber) ?? -1)) best.set(subscriber, qos);
    }
  }
  return best ?? matching;
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

function thingIn(name: string): string {
  if (!name.startsWith(thingsPrefix)) return anyThing;
  const end = name.indexOf('/', thingsPrefix.length);
  const thing = name.slice(thingsPrefix.length, end === -1 ? undefined : end);
  return thing === '#' ? anyThing : thing;
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

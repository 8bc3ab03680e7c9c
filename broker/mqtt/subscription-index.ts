/**
 * From a topic to the subscribers whose filters match it, each once. A filter is kept with the thing that it names, so that
 * only the few filters of the topic's own thing are tried, and those that name none. Knows no clients and no permissions.
 * Source: MQTT 3.1.1 §4.7, with AWS's exception that `a/#` does not match `a` (reference connection.md §3).
 */

export type Qos = 0 | 1;

interface Subscription<Subscriber> {
  readonly subscriber: Subscriber;
  readonly filter: string;
  readonly hasWildcard: boolean;
  readonly qos: Qos;
}

/** Somebody with a matching filter, and the best quality of service that one of those filters grants. */
export interface Match<Subscriber> {
  readonly subscriber: Subscriber;
  qos: Qos;
}

const thingsPrefix = '$aws/things/';
/** Keys that no thing has: for filters that may match topics of any thing, and for those that match none of any thing. */
const anyThing = '+';
const noThing = '';
const hash = '#'.charCodeAt(0);
const plus = '+'.charCodeAt(0);

export class SubscriptionIndex<Subscriber> {
  readonly #byThing = new Map<string, readonly Subscription<Subscriber>[]>();

  /** A filter that the subscriber has already is replaced. */
  add(subscriber: Subscriber, filter: string, qos: Qos): void {
    const others = this.#without(subscriber, filter);
    this.#byThing.set(thingIn(filter), [...others, { subscriber, filter, hasWildcard: hasWildcard(filter), qos }]);
  }

  remove(subscriber: Subscriber, filter: string): void {
    const others = this.#without(subscriber, filter);
    if (others.length > 0) this.#byThing.set(thingIn(filter), others);
    else this.#byThing.delete(thingIn(filter));
  }

  /** @returns every subscriber with a matching filter, once. */
  match(topic: string): readonly Match<Subscriber>[] {
    const thing = thingIn(topic);
    // What names the topic's own thing begins like the topic.
    const same = thing === noThing ? 0 : thingsPrefix.length + thing.length;
    const ofThing = collect(this.#byThing.get(thing), topic, same, undefined);
    return collect(this.#byThing.get(anyThing), topic, 0, ofThing) ?? nobody;
  }

  #without(subscriber: Subscriber, filter: string): readonly Subscription<Subscriber>[] {
    const known = this.#byThing.get(thingIn(filter)) ?? [];
    return known.filter((one) => one.subscriber !== subscriber || one.filter !== filter);
  }
}

const nobody: readonly never[] = Object.freeze([]);

/** @returns `matches` with what was found, made when there is something to find. */
function collect<Subscriber>(
  subscriptions: readonly Subscription<Subscriber>[] | undefined,
  topic: string,
  same: number,
  matches: Match<Subscriber>[] | undefined,
): Match<Subscriber>[] | undefined {
  if (subscriptions === undefined) return matches;
  let found = matches;
  for (const { subscriber, filter, hasWildcard: isPattern, qos } of subscriptions) {
    if (isPattern ? !filterMatches(filter, topic, same) : filter !== topic) continue;
    const known = found?.find((match) => match.subscriber === subscriber);
    if (known === undefined) (found ??= []).push({ subscriber, qos });
    else if (qos > known.qos) known.qos = qos;
  }
  return found;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/**
 * Whether a filter matches a topic, which has no wildcards.
 * @param same how far both are known to be alike.
 */
export function filterMatches(filter: string, topic: string, same = 0): boolean {
  let at = same;
  for (let index = same; index < filter.length; index += 1) {
    const sign = filter.charCodeAt(index);
    // The slash before it was in the topic too, so that there is a level left, were it empty.
    if (sign === hash) return true;
    if (sign === plus) {
      const end = topic.indexOf('/', at);
      at = end === -1 ? topic.length : end;
    } else {
      if (sign !== topic.charCodeAt(at)) return false;
      at += 1;
    }
  }
  return at === topic.length;
}

/** @returns the thing that a topic or filter names, or one of the keys that stand for none. */
function thingIn(name: string): string {
  if (!name.startsWith(thingsPrefix)) return hasWildcard(name.slice(0, thingsPrefix.length)) ? anyThing : noThing;
  const end = name.indexOf('/', thingsPrefix.length);
  const thing = name.slice(thingsPrefix.length, end === -1 ? undefined : end);
  return hasWildcard(thing) ? anyThing : thing;
}

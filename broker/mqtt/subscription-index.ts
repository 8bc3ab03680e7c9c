/**
 * From a topic to the subscribers whose filters match it, each once. A filter that names a thing is kept with that thing, so
 * that a notification is compared with the few filters of its own thing; all other filters stand in a tree by their levels.
 * Source: MQTT 3.1.1 §4.7, with AWS's exception that `a/#` does not match `a` (docs/reference/connection.md §3).
 */
import type { Qos } from './message.ts';
import { hasWildcard } from './topic-rules.ts';

export interface SubscriptionOptions {
  readonly qos: Qos;
  /** MQTT 5: its own messages do not come back to a client. */
  readonly noLocal?: boolean;
  /** MQTT 5: RETAIN stays as it was published. */
  readonly retainAsPublished?: boolean;
}

interface Subscription<Subscriber> {
  readonly subscriber: Subscriber;
  readonly filter: string;
  readonly isPattern: boolean;
  readonly options: SubscriptionOptions;
  /** Which of {@link kindsOfThing} it may match; 0 where nobody wants to know. */
  readonly about: number;
}

/** Somebody with a matching filter, and the most that those of his filters grant together which match. */
export interface Match<Subscriber> {
  readonly subscriber: Subscriber;
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
}

/** What the filters of an index are about, of what the service says: of one thing, events of all, or all things. */
export type Interest =
  { readonly thing: string; /** Bits of {@link kindsOfThing}. */ readonly about: number } | 'events' | 'everything';

/** What the service says of a thing unasked. */
export const kindsOfThing = { notify: 1, 'notify-next': 2, event: 4 } as const;

/** Told when filters are about something that no filter was about before, and when none is any more. */
export type InterestListener = (interest: Interest, has: boolean) => void;

const thingsPrefix = '$aws/things/';
const hash = '#'.charCodeAt(0);
const plus = '+'.charCodeAt(0);
const dollar = '$'.charCodeAt(0);

export class SubscriptionIndex<Subscriber> {
  readonly #byThing = new Map<string, readonly Subscription<Subscriber>[]>();
  readonly #tree = new FilterTree<Subscriber>();
  readonly #interest: InterestListener | undefined;
  /** How many filters of the tree are about them. */
  readonly #about = { events: 0, everything: 0 };
  /** Of the thing that was looked up last, `$aws/things/T/`: messages in a row are often about one. Empty: of none. */
  #lastSpace = '';
  #lastFound: readonly Subscription<Subscriber>[] = nobody;

  constructor(interest?: InterestListener) {
    this.#interest = interest;
  }

  /** A filter that the subscriber has already is replaced. */
  add(subscriber: Subscriber, filter: string, options: SubscriptionOptions): void {
    const thing = thingIn(filter);
    this.#lastSpace = '';
    if (thing === undefined) {
      if (this.#tree.add(filter, subscriber, options)) this.#count(filter, 1);
      return;
    }
    const before = this.#byThing.get(thing) ?? nobody;
    const others = this.#without(thing, subscriber, filter);
    const about = this.#interest === undefined ? 0 : aboutThing(filter.slice(thingsPrefix.length + thing.length));
    const after = [...others, { subscriber, filter, isPattern: hasWildcard(filter), options, about }];
    this.#byThing.set(thing, after);
    this.#tellOf(thing, before, after);
  }

  remove(subscriber: Subscriber, filter: string): void {
    const thing = thingIn(filter);
    this.#lastSpace = '';
    if (thing === undefined) {
      if (this.#tree.remove(filter, subscriber)) this.#count(filter, -1);
      return;
    }
    const before = this.#byThing.get(thing) ?? nobody;
    const others = this.#without(thing, subscriber, filter);
    if (others.length > 0) this.#byThing.set(thing, others);
    else this.#byThing.delete(thing);
    this.#tellOf(thing, before, others);
  }

  #tellOf(
    thing: string,
    before: readonly Subscription<Subscriber>[],
    after: readonly Subscription<Subscriber>[],
  ): void {
    if (this.#interest === undefined) return;
    const about = aboutAll(after);
    if (about !== aboutAll(before)) this.#interest({ thing, about }, about !== 0);
  }

  #count(filter: string, more: 1 | -1): void {
    const about = whatAbout(filter);
    if (about === undefined) return;
    const before = this.#about[about];
    this.#about[about] += more;
    if ((before === 0) !== (this.#about[about] === 0)) this.#interest?.(about, before === 0);
  }

  /** @returns every subscriber with a matching filter, once. */
  match(topic: string): readonly Match<Subscriber>[] {
    let found: Found<Subscriber> | undefined;
    if (this.#lookUp(topic)) {
      // What names the topic's own thing begins like the topic.
      const same = this.#lastSpace.length;
      for (const { subscriber, filter, isPattern, options } of this.#lastFound) {
        if (isPattern ? filterMatches(filter, topic, same) : filter === topic) {
          found = include(found, subscriber, options);
        }
      }
    }
    return this.#tree.match(topic, found)?.matches ?? nobody;
  }

  /** @returns whether the topic names a thing */
  #lookUp(topic: string): boolean {
    if (this.#lastSpace !== '' && topic.startsWith(this.#lastSpace)) return true;
    const thing = thingIn(topic);
    if (thing === undefined) return false;
    this.#lastFound = this.#byThing.get(thing) ?? nobody;
    this.#lastSpace = topic.slice(0, thingsPrefix.length + thing.length + 1);
    return true;
  }

  #without(thing: string, subscriber: Subscriber, filter: string): readonly Subscription<Subscriber>[] {
    const known = this.#byThing.get(thing) ?? nobody;
    return known.filter((one) => one.subscriber !== subscriber || one.filter !== filter);
  }
}

const nobody: readonly never[] = [];

/** A level of filters: what stands at the end of one here, and the levels below. */
interface Level<Subscriber> {
  readonly subscribers: Map<Subscriber, SubscriptionOptions>;
  readonly below: Map<string, Level<Subscriber>>;
}

class FilterTree<Subscriber> {
  readonly #root: Level<Subscriber> = newLevel();

  /** @returns whether it is new */
  add(filter: string, subscriber: Subscriber, options: SubscriptionOptions): boolean {
    let level = this.#root;
    for (const name of filter.split('/')) {
      let next = level.below.get(name);
      if (next === undefined) level.below.set(name, (next = newLevel()));
      level = next;
    }
    const isNew = !level.subscribers.has(subscriber);
    level.subscribers.set(subscriber, options);
    return isNew;
  }

  /** @returns whether it was there */
  remove(filter: string, subscriber: Subscriber): boolean {
    return removeBelow(this.#root, filter.split('/'), 0, subscriber);
  }

  /** @returns `found` with what else there is, made when there is something to find. */
  match(topic: string, found: Found<Subscriber> | undefined): Found<Subscriber> | undefined {
    const { below } = this.#root;
    if (below.size === 0) return found;
    // A leading wildcard matches no topic of the service.
    if (topic.charCodeAt(0) === dollar) {
      const end = topic.indexOf('/');
      const first = below.get(end === -1 ? topic : topic.slice(0, end));
      return first === undefined ? found : matchBelow(first, topic.split('/'), 1, found);
    }
    return matchBelow(this.#root, topic.split('/'), 0, found);
  }
}

function newLevel<Subscriber>(): Level<Subscriber> {
  return { subscribers: new Map(), below: new Map() };
}

/** @returns whether it was there; a level of which nothing is left goes. */
function removeBelow<Subscriber>(
  level: Level<Subscriber>,
  names: readonly string[],
  depth: number,
  subscriber: Subscriber,
): boolean {
  const name = names[depth];
  if (name === undefined) return level.subscribers.delete(subscriber);
  const next = level.below.get(name);
  if (next === undefined) return false;
  const wasThere = removeBelow(next, names, depth + 1, subscriber);
  if (next.subscribers.size === 0 && next.below.size === 0) level.below.delete(name);
  return wasThere;
}

function matchBelow<Subscriber>(
  level: Level<Subscriber>,
  names: readonly string[],
  depth: number,
  before: Found<Subscriber> | undefined,
): Found<Subscriber> | undefined {
  let found = before;
  const name = names[depth];
  if (name === undefined) {
    for (const [subscriber, options] of level.subscribers) found = include(found, subscriber, options);
    return found;
  }
  // There is a level left, were it empty: `a/#` matches `a/` and not `a`.
  const rest = level.below.get('#');
  if (rest !== undefined) for (const [one, options] of rest.subscribers) found = include(found, one, options);
  const same = level.below.get(name);
  if (same !== undefined) found = matchBelow(same, names, depth + 1, found);
  const any = level.below.get('+');
  return any === undefined ? found : matchBelow(any, names, depth + 1, found);
}

/** Who has been found so far, each once. */
interface Found<Subscriber> {
  readonly matches: Match<Subscriber>[];
  /** Made when there are many. */
  bySubscriber?: Map<Subscriber, Match<Subscriber>>;
}

/** As many are looked through faster than they are put into a map. */
const few = 16;

function include<Subscriber>(
  found: Found<Subscriber> | undefined,
  subscriber: Subscriber,
  { qos, noLocal = false, retainAsPublished = false }: SubscriptionOptions,
): Found<Subscriber> {
  if (found === undefined) return { matches: [{ subscriber, qos, noLocal, retainAsPublished }] };
  const known = matchOf(found, subscriber);
  if (known === undefined) {
    const match = { subscriber, qos, noLocal, retainAsPublished };
    found.matches.push(match);
    found.bySubscriber?.set(subscriber, match);
  } else {
    if (qos > known.qos) known.qos = qos;
    known.noLocal &&= noLocal;
    known.retainAsPublished ||= retainAsPublished;
  }
  return found;
}

function matchOf<Subscriber>(found: Found<Subscriber>, subscriber: Subscriber): Match<Subscriber> | undefined {
  const { matches } = found;
  if (matches.length < few) return matches.find((match) => match.subscriber === subscriber);
  found.bySubscriber ??= new Map(matches.map((match) => [match.subscriber, match]));
  return found.bySubscriber.get(subscriber);
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

/** @returns the thing that a topic or filter names, if it names one. */
function thingIn(name: string): string | undefined {
  if (!name.startsWith(thingsPrefix)) return undefined;
  const end = name.indexOf('/', thingsPrefix.length);
  const thing = name.slice(thingsPrefix.length, end === -1 ? undefined : end);
  return hasWildcard(thing) ? undefined : thing;
}

/** What a filter makes its subscriber want to be told of, of what the service says; absent: of nothing. */
export function interestOf(filter: string): Interest | undefined {
  const thing = thingIn(filter);
  if (thing === undefined) return whatAbout(filter);
  const about = aboutThing(filter.slice(thingsPrefix.length + thing.length));
  return about === 0 ? undefined : { thing, about };
}

function aboutAll(subscriptions: readonly { readonly about: number }[]): number {
  return subscriptions.reduce((all, { about }) => all | about, 0);
}

/** The forms of what is said of executions, behind the thing, and what each is. */
const samples = Object.entries({
  '/jobs/notify': kindsOfThing.notify,
  '/jobs/notify-namespace-NS': kindsOfThing.notify,
  '/jobs/J/notify-namespace-NS/': kindsOfThing.notify,
  '/jobs/notify-next': kindsOfThing['notify-next'],
  '/jobs/notify-next-namespace-NS': kindsOfThing['notify-next'],
});
const jobs = '/jobs/';
const namespacedNext = '/jobs/notify-next-namespace-';
const namespaced = 'notify-namespace-';

/** @param filter behind the thing that it names. @returns which of {@link kindsOfThing} it may match */
function aboutThing(filter: string): number {
  // Nothing else is said below `jobs/` that was not asked for.
  let about: number = filter.startsWith(jobs) ? 0 : kindsOfThing.event;
  if (filter.startsWith(namespacedNext)) about |= kindsOfThing['notify-next'];
  else if (filter.includes(namespaced)) about |= kindsOfThing.notify;
  for (const [topic, kind] of samples) if (filterMatches(filter, topic)) about |= kind;
  return about;
}

/** What a filter that names no thing is about. The service speaks below `$aws/` only, and a leading wildcard does not match that. */
function whatAbout(filter: string): 'events' | 'everything' | undefined {
  if (!filter.startsWith('$aws/')) return undefined;
  const kind = filter.split('/', 2)[1]!;
  return kind === 'things' || hasWildcard(kind) ? 'everything' : 'events';
}

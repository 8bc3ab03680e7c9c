/**
 * What the clients of a door were told last of the pending executions of each thing, as a number for each topic. An engine that has
 * ended may have kept a change and not told of it: the next one compares what is pending now with this, and tells again what differs.
 */
import { type NotificationName, parseJobsTopic } from '../../protocol/topics.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import type { Effect } from '../engine/contract.ts';

/** A topic of a notification, and what was told on it. */
export type ToldOn = readonly [topic: string, pending: number];

/** Of what nobody has to be told again: nothing is pending, or this is no notification of Jobs. */
export const nothingPending = 0;

/** @returns a number from 0 to 2^32 - 1 that tells what is pending: which executions, in whatever order and status. */
export function pendingIn(effect: Effect): number {
  switch (effect.kind) {
    case 'notify': {
      let sum = nothingPending;
      for (const execution of effect.inProgress) sum += hashOf(execution);
      for (const execution of effect.queued) sum += hashOf(execution);
      return sum >>> 0;
    }
    case 'notify-next':
      return effect.head === undefined ? nothingPending : hashOf(effect.head);
    default:
      return nothingPending;
  }
}

/** FNV-1a over the UTF-16 units of the job id. */
function hashOf({ jobId, executionNumber }: JobExecution): number {
  let hash = Math.imul(0x811c9dc5 ^ executionNumber, 0x01000193);
  for (let index = 0; index < jobId.length; index += 1) {
    hash = Math.imul(hash ^ jobId.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

const thingsPrefix = '$aws/things/';
/** Behind the thing in the topic. */
const notify = '/jobs/notify';
const notifyNext = '/jobs/notify-next';

/** Of one thing, what nearly all messages are in places of their own. */
class ToldOfOne {
  readonly notifyTopic: string;
  readonly nextTopic: string;
  notify = nothingPending;
  next = nothingPending;
  /** By what is behind the thing in the topic. Whatever nothing is pending on is not here. */
  others: Map<string, number> | undefined;

  constructor(thing: string) {
    this.notifyTopic = `${thingsPrefix}${thing}${notify}`;
    this.nextTopic = `${thingsPrefix}${thing}${notifyNext}`;
  }
}

export class Told {
  /** Until nobody is told anything of a thing any more. */
  readonly #byThing = new Map<string, ToldOfOne>();

  /** Of a notification without a namespace. @returns its topic */
  notification(thing: string, name: NotificationName, pending: number): string {
    const of = this.#of(thing);
    if (name === 'JobExecutionsChanged') {
      of.notify = pending;
      return of.notifyTopic;
    }
    of.next = pending;
    return of.nextTopic;
  }

  set(topic: string, pending: number): void {
    const end = topic.indexOf('/', thingsPrefix.length);
    const thing = topic.slice(thingsPrefix.length, end);
    const rest = topic.slice(end);
    if (pending === nothingPending && !this.#byThing.has(thing)) return;
    const of = this.#of(thing);
    if (rest === notify) of.notify = pending;
    else if (rest === notifyNext) of.next = pending;
    else if (pending === nothingPending) of.others?.delete(rest);
    else (of.others ??= new Map<string, number>()).set(rest, pending);
  }

  #of(thing: string): ToldOfOne {
    let of = this.#byThing.get(thing);
    if (of === undefined) this.#byThing.set(thing, (of = new ToldOfOne(thing)));
    return of;
  }

  /** Nobody is told anything of this thing any more. */
  forget(thing: string): void {
    this.#byThing.delete(thing);
  }

  *all(): Generator<ToldOn> {
    for (const [thing, of] of this.#byThing) {
      if (of.notify !== nothingPending) yield [of.notifyTopic, of.notify];
      if (of.next !== nothingPending) yield [of.nextTopic, of.next];
      for (const [rest, pending] of of.others ?? []) yield [`${thingsPrefix}${thing}${rest}`, pending];
    }
  }
}

/** What a door was told of one thing. */
export interface ToldOfThing {
  readonly byTopic: ReadonlyMap<string, number>;
  /** Of namespaces whose topics are among these, with the jobs that such topics name. */
  readonly namespaces: ReadonlyMap<string, readonly string[]>;
}

/** @returns what a door says that it was told, by thing */
export function byThing(told: Iterable<ToldOn>): ReadonlyMap<string, ToldOfThing> {
  const things = new Map<string, { byTopic: Map<string, number>; namespaces: Map<string, string[]> }>();
  for (const [topic, pending] of told) {
    const parsed = parseJobsTopic(topic);
    if (parsed?.kind !== 'notification') continue;
    const { thingName, namespaceId, jobId } = parsed;
    let of = things.get(thingName);
    if (of === undefined) things.set(thingName, (of = { byTopic: new Map(), namespaces: new Map() }));
    of.byTopic.set(topic, pending);
    if (namespaceId === undefined) continue;
    const jobs = of.namespaces.get(namespaceId) ?? [];
    of.namespaces.set(namespaceId, jobId === undefined ? jobs : [...jobs, jobId]);
  }
  return things;
}

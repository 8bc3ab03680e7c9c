/**
 * What the clients of a door were told last of the pending executions of each thing, as a number for each topic. An engine that has
 * ended may have kept a change and not told of it: the next one compares what is pending now with this, and tells again what differs.
 */
import { parseJobsTopic } from '../../protocol/topics.ts';
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

export class Told {
  /** By thing, by what is behind it in the topic. Whatever nothing is pending on is not here. */
  readonly #byThing = new Map<string, Map<string, number>>();

  set(topic: string, pending: number): void {
    const end = topic.indexOf('/', thingsPrefix.length);
    const thing = topic.slice(thingsPrefix.length, end);
    const topics = this.#byThing.get(thing);
    if (pending === nothingPending) {
      if (topics?.delete(topic.slice(end)) === true && topics.size === 0) this.#byThing.delete(thing);
    } else if (topics === undefined) this.#byThing.set(thing, new Map([[topic.slice(end), pending]]));
    else topics.set(topic.slice(end), pending);
  }

  /** Nobody is told anything of this thing any more. */
  forget(thing: string): void {
    this.#byThing.delete(thing);
  }

  *all(): Generator<ToldOn> {
    for (const [thing, topics] of this.#byThing) {
      for (const [rest, pending] of topics) yield [`${thingsPrefix}${thing}${rest}`, pending];
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

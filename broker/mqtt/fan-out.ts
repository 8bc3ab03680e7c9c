/**
 * From a message to its receivers, whoever sent it: a client that has published or the service that announces. A message for few is
 * handed over at once. One for very many is handed over in turns, in the order in which such messages came, so that who asks
 * for something meanwhile is answered. Nobody waits for it but its publisher, whose acknowledgement it holds back.
 */
import type { Dropped } from './door-events.ts';
import type { Match, SubscriptionIndex } from './subscription-index.ts';
import { type Steps, Turns } from '../net/turns.ts';

/** More receivers than this are many, and so are fewer of a long message that is so much for all of them together. */
const manyReceivers = 256;
const manyBytes = 1024 * 1024;
/** Beginnings of topics that have been for many. */
const maxCrowded = 1000;
/** Messages that wait; then a publisher is cut off, and events of connections are dropped. */
const maxWaiting = 1000;
const levelsInCommon = 3;

/** One message and what is done with it. */
export interface Handing<Receiver> {
  readonly topic: string;
  /** Of its payload. */
  readonly bytes: number;
  readonly give: (match: Match<Receiver>) => void;
  /** All have it. */
  readonly done?: () => void;
}

export class FanOut<Receiver> {
  readonly #index: SubscriptionIndex<Receiver>;
  readonly #turns = new Turns();
  readonly #dropped: (dropped: Dropped) => void;
  /** For how many, by beginnings of topics that are for many; the oldest first. */
  readonly #crowded = new Map<string, number>();

  constructor(index: SubscriptionIndex<Receiver>, dropped: (dropped: Dropped) => void) {
    this.#index = index;
    this.#dropped = dropped;
  }

  /** No more is taken of whoever says this much to so many. */
  get isFull(): boolean {
    return this.#turns.size >= maxWaiting;
  }

  /** @returns who would be handed a message at once, as long as that is not too long for all of them; absent: it would have to wait. */
  receivers(topic: string): readonly Match<Receiver>[] | undefined {
    if (this.#crowded.size > 0 && this.#crowded.has(beginningOf(topic))) return undefined;
    return this.#index.match(topic);
  }

  /**
   * @param begin called before this returns when somebody may want the message, with about how many they are.
   * @returns how many receive it now, or `later`: `done` is called then.
   */
  hand(topic: string, begin: (receivers: number) => Handing<Receiver>): number | 'later' {
    const usual = this.#crowded.size === 0 ? undefined : this.#crowded.get(beginningOf(topic));
    if (usual !== undefined) {
      this.#later(begin(usual), undefined);
      return 'later';
    }
    const matches = this.#index.match(topic);
    if (matches.length === 0) return 0;
    const handing = begin(matches.length);
    if (isForMany(matches.length, handing)) {
      this.#remember(beginningOf(topic), matches.length);
      this.#later(handing, matches);
      return 'later';
    }
    for (const match of matches) handing.give(match);
    return matches.length;
  }

  /** Does now what waits. */
  finish(): void {
    this.#turns.finish();
  }

  #later(handing: Handing<Receiver>, matches: readonly Match<Receiver>[] | undefined): void {
    if (this.isFull && handing.topic.startsWith('$aws/events/')) {
      this.#dropped({ what: 'announcement', topic: handing.topic });
      handing.done?.();
      return;
    }
    this.#turns.add(this.#steps(handing, matches));
  }

  *#steps(handing: Handing<Receiver>, known: readonly Match<Receiver>[] | undefined): Steps {
    const beginning = beginningOf(handing.topic);
    const matches = known ?? this.#index.match(handing.topic);
    // With others of its kind in the queue it stays, so that they are not overtaken.
    if (isForMany(matches.length, handing)) this.#remember(beginning, matches.length);
    else if (this.#turns.size === 1) this.#crowded.delete(beginning);
    for (const match of matches) {
      handing.give(match);
      yield;
    }
    handing.done?.();
  }

  #remember(beginning: string, receivers: number): void {
    for (const oldest of this.#crowded.keys()) {
      if (this.#crowded.size < maxCrowded) break;
      this.#crowded.delete(oldest);
    }
    this.#crowded.set(beginning, receivers);
  }
}

export function isForMany(receivers: number, { bytes }: { readonly bytes: number }): boolean {
  return receivers > manyReceivers || receivers * bytes > manyBytes;
}

/** What topics of one kind have in common. */
function beginningOf(topic: string): string {
  let end = -1;
  for (let level = 0; level < levelsInCommon; level += 1) {
    end = topic.indexOf('/', end + 1);
    if (end === -1) return topic;
  }
  return topic.slice(0, end);
}

/**
 * What one connection may take of the process that all share. A client is read at once as long as it is calm: a burst now and
 * then, and no more packets a second than any device has reason to send, PINGREQ included. What is above that waits for its
 * turn: some milliseconds of each turn of the event loop are for those who ask more than others, each a little at a time, and
 * nobody is read faster than the rate. Nothing is dropped: the client finds its line full. What connections hold in memory
 * (packets that have not come whole, what waits for its turn, what is not read) has a bound for all together; when that is
 * reached, the connection that has held something for longest is closed.
 */
import { defaultRate, spentMs } from '../net/allowance.ts';
import { Disconnection } from './disconnection.ts';

/** Of each turn of the event loop, for all who wait for theirs. */
const turnMs = 5;

/** A connection that has something left to read. */
export interface Lagging {
  goOn(): void;
}

interface Holder {
  destroy(error: Error): unknown;
}

/** Memory that connections hold, each a little for nothing. */
export class HeldMemory {
  readonly #maxBytes: number;
  readonly #freeBytes: number;
  /** The first has held something for longest. */
  readonly #bytes = new Map<Holder, number>();
  #total = 0;

  constructor(maxBytes: number, freeBytes: number) {
    this.#maxBytes = maxBytes;
    this.#freeBytes = freeBytes;
  }

  /** @param bytes all that it holds now. */
  hold(holder: Holder, bytes: number): void {
    if (bytes <= this.#freeBytes) {
      this.letGo(holder);
      return;
    }
    this.#total += bytes - (this.#bytes.get(holder) ?? 0);
    this.#bytes.set(holder, bytes);
    for (const [oldest] of this.#bytes) {
      if (this.#total <= this.#maxBytes) return;
      this.letGo(oldest);
      oldest.destroy(new Disconnection('quotaExceeded', 'holds memory for long while others need it'));
    }
  }

  letGo(holder: Holder): void {
    const bytes = this.#bytes.get(holder);
    if (bytes === undefined) return;
    this.#total -= bytes;
    this.#bytes.delete(holder);
  }
}

const mebibyte = 1024 * 1024;

/** All connections of one door. */
export class Traffic {
  readonly packetsPerSecond: number;
  /** What has come in and is not read. */
  readonly inbound = new HeldMemory(64 * mebibyte, 4096);
  /** What clients have not read. */
  readonly outbound = new HeldMemory(256 * mebibyte, 64 * 1024);
  readonly #lagging: Lagging[] = [];
  #isScheduled = false;

  constructor(rate = defaultRate) {
    this.packetsPerSecond = rate;
  }

  /** Has a connection go on in its turn; one that has used up its rate after a pause. */
  queue(lagging: Lagging, isSpent: boolean): void {
    if (isSpent) {
      setTimeout(() => this.queue(lagging, false), spentMs);
      return;
    }
    this.#lagging.push(lagging);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    const until = performance.now() + turnMs;
    for (let next = this.#lagging.shift(); next !== undefined; next = this.#lagging.shift()) {
      next.goOn();
      if (performance.now() >= until) break;
    }
    this.#isScheduled = this.#lagging.length > 0;
    if (this.#isScheduled) setImmediate(this.#goOn);
  };
}

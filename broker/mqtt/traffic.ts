/**
 * What one connection may take of the process that all share. A client is read at once as long as it is calm (a burst now and then, and
 * no more packets a second than any device has reason to send, PINGREQ included) and as long as this turn of the event loop has not
 * been long. What is above that waits for its turn: first, before all others, who asks little and again after it was answered, then
 * who has just come, then, each a little at a time, those who ask much, all three for some milliseconds of each turn. So who asks little
 * is answered soon, however many ask much or come and go; nobody is read faster than the rate. Nothing is dropped: the client finds its line full. What connections hold
 * in memory (packets that have not come whole, what waits for its turn, what is not read) has a bound for all together; when that is
 * reached, the connection that has held something for longest is closed.
 * Source: RFC 8290 (FQ-CoDel) §4.1.2 and §4.2, whose new and old queues these are.
 */
import { defaultRate, spentMs } from '../net/allowance.ts';
import { HeldMemory } from '../net/held-memory.ts';
import { Inflow } from '../net/inflow.ts';
import { Disconnection } from './disconnection.ts';

/** Of each turn of the event loop: for what is read as it comes in, and for each line of those who wait. */
const atOnceMs = 6;
const msOf = { first: 3, arrival: 3, turn: 4 } as const;
/** Who has waited and asks again within so many turns has not stopped asking. */
const fewTurns = 2;

/** A connection that has something left to read. */
export interface Lagging {
  goOn(): void;
}

const mebibyte = 1024 * 1024;

const tooLong = (): Error => new Disconnection('quotaExceeded', 'holds memory for long while others need it');

/** How a connection waits: before all others, among those that have said nothing yet or that ask much, or until its rate allows more. */
export type Wait = Line | 'pause';
type Line = keyof typeof msOf;

/** All connections of one door. */
export class Traffic {
  readonly packetsPerSecond: number;
  /** What has come in and is not read. */
  readonly inbound = new HeldMemory(64 * mebibyte, 4096, tooLong);
  /** What clients have not read. */
  readonly outbound = new HeldMemory(256 * mebibyte, 64 * 1024, tooLong);
  readonly #inflow: Inflow;
  readonly #lines: Readonly<Record<Line, Lagging[]>> = { first: [], arrival: [], turn: [] };
  #isScheduled = false;
  /** When this turn has been long enough; 0: nothing has been read in it. */
  #longAt = 0;
  /** For what is being read now. */
  #until = 0;
  /** Counts what was read in turns of the event loop. */
  #turn = 0;

  /** @param inflow while it is held, nobody is read. */
  constructor(rate = defaultRate, inflow = new Inflow()) {
    this.packetsPerSecond = rate;
    this.#inflow = inflow;
  }

  /** Whether what has just come in may be read at once. */
  readsAtOnce(now: number): boolean {
    if (this.#inflow.isHeld) return false;
    if (this.#longAt === 0) {
      this.#longAt = now + atOnceMs;
      setImmediate(this.#endTurn);
    }
    this.#until = this.#longAt;
    return now < this.#longAt;
  }

  /** Whether one more packet of the same connection may be read now. */
  get hasTime(): boolean {
    return !this.#inflow.isHeld && performance.now() < this.#until;
  }

  /** For {@link hasGoneOn}. */
  get turn(): number {
    return this.#turn;
  }

  /** Whether a connection that had nothing left to read in that turn has just gone on to ask. */
  hasGoneOn(turn: number): boolean {
    return this.#turn - turn <= fewTurns;
  }

  /** Has a connection go on in its turn. */
  queue(lagging: Lagging, wait: Wait): void {
    if (wait === 'pause') {
      setTimeout(() => this.queue(lagging, 'turn'), spentMs);
      return;
    }
    this.#lines[wait].push(lagging);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#goOn);
  }

  readonly #endTurn = (): void => {
    this.#longAt = 0;
    this.#turn += 1;
  };

  readonly #goOnSoon = (): void => void setImmediate(this.#goOn);

  readonly #goOn = (): void => {
    if (this.#inflow.isHeld) return this.#inflow.wait(this.#goOnSoon);
    this.#turn += 1;
    const lines = Object.keys(msOf) as Line[];
    for (const line of lines) this.#serve(this.#lines[line], msOf[line]);
    this.#isScheduled = lines.some((line) => this.#lines[line].length > 0);
    if (this.#isScheduled) setImmediate(this.#goOn);
  };

  #serve(line: Lagging[], ms: number): void {
    if (line.length === 0) return;
    this.#until = performance.now() + ms;
    do line.shift()?.goOn();
    while (line.length > 0 && this.hasTime);
  }
}

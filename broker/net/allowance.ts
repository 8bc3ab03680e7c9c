/**
 * The rate of one connection, of MQTT packets or of HTTP requests: a few are taken at once, a burst in turns, and what is above the rate
 * waits. Nothing is refused for it. Decides only; whoever reads the connection keeps to it.
 */

/** A second; of packets ten times what AWS takes from one connection. */
export const defaultRate = 1000;
/** Who has used up its rate is read again after this. */
export const spentMs = 50;
/** Taken at once. */
const calm = 64;
/** Taken in its turn before the rate tells. */
const burst = 1000;
const perTurn = 32;
/** Taken before all who have had a turn. */
const perFirstTurn = 8;

/** How much of its rate a connection has used: fills with each packet or request and empties with time. */
export class Allowance {
  readonly #perMs: number;
  #used = 0;
  #at = 0;
  #max = 0;

  /** @param perSecond may be Infinity. */
  constructor(perSecond: number) {
    this.#perMs = Math.min(perSecond, Number.MAX_SAFE_INTEGER) / 1000;
  }

  /** Before what comes in is taken as it comes. Who has sent little is not worth a look at the clock. */
  comeIn(): void {
    if (this.#used >= calm / 2) this.#empty();
    this.#max = calm;
  }

  /** Before something is taken that has waited. @param isFirst the connection goes before others, so that it gets less */
  takeTurn(isFirst = false): void {
    this.#empty();
    this.#max = Math.min(burst, this.#used + (isFirst ? perFirstTurn : perTurn));
  }

  /** @returns whether one more may be taken now. */
  take(): boolean {
    if (this.#used >= this.#max) return false;
    this.#used += 1;
    return true;
  }

  /** It was more work than one. */
  charge(more: number): void {
    this.#used += more;
  }

  /** It has asked for no more lately than is taken in a first turn. */
  get isSparse(): boolean {
    this.#empty();
    return this.#used < perFirstTurn;
  }

  get isSpent(): boolean {
    return this.#used >= burst;
  }

  #empty(): void {
    const now = performance.now();
    this.#used = Math.max(0, this.#used - (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

/**
 * Work that is too much for one turn of the event loop: a message for thousands of receivers, thousands of connections that end at
 * once. Pieces of work are done in the order in which they came, for some milliseconds of each turn, and in between everybody
 * else is served.
 */

/** What there is to do, a step at a time. */
export type Steps = Iterator<void>;

/** Work of one kind gets that much of a turn. */
const turnMs = 3;
/** Between two looks at the clock. */
const fewSteps = 32;

export class Turns {
  readonly #waiting: Steps[] = [];
  #isScheduled = false;

  /** How many pieces wait, the one under way included. */
  get size(): number {
    return this.#waiting.length;
  }

  add(work: Steps): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  /** Does the rest at once. */
  finish(): void {
    for (const work of this.#waiting.splice(0)) while (work.next().done !== true);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#takeTurn);
  }

  readonly #takeTurn = (): void => {
    this.#isScheduled = false;
    const until = performance.now() + turnMs;
    do this.#doSome();
    while (this.#waiting.length > 0 && performance.now() < until);
    if (this.#waiting.length > 0) this.#schedule();
  };

  #doSome(): void {
    for (let steps = 0; steps < fewSteps; steps += 1) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      if (first.next().done === true) this.#waiting.shift();
    }
  }
}

/**
 * Lets the first few calls of a turn happen at once, as usual; the others, and all that come while some wait, in later turns. Of each
 * turn most is for those that go first, as long as there are any.
 */
export class FewAtOnce {
  readonly #max: number;
  readonly #first: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #done = 0;
  #isScheduled = false;

  constructor(max: number) {
    this.#max = max;
  }

  do(act: () => void, goesFirst = false): void {
    const waits = this.#first.length > 0 || (!goesFirst && this.#others.length > 0);
    if (waits || this.#done >= this.#max) (goesFirst ? this.#first : this.#others).push(act);
    else {
      this.#done += 1;
      act();
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    const kept = Math.min(this.#others.length, Math.ceil(this.#max / 4));
    const acts = this.#first.splice(0, this.#max - kept);
    acts.push(...this.#others.splice(0, this.#max - acts.length));
    this.#done = acts.length;
    this.#isScheduled = acts.length > 0;
    if (this.#isScheduled) setImmediate(this.#nextTurn);
    for (const act of acts) act();
  };
}

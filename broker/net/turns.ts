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

/** @returns false: there was nothing to do any more. */
export type Act = () => unknown;

/** How many that have nothing to do are passed over in a turn. */
const maxPassedOver = 1000;

/**
 * Lets the first few calls of a turn happen at once, as usual; the others, and all that come while some wait, in later turns. Of each
 * turn most is for those that go first, as long as there are any.
 */
export class FewAtOnce {
  readonly #max: number;
  readonly #first: Act[] = [];
  readonly #others: Act[] = [];
  #done = 0;
  #isScheduled = false;

  constructor(max: number) {
    this.#max = max;
  }

  do(act: Act, goesFirst = false): void {
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
    this.#isScheduled = this.#first.length > 0 || this.#others.length > 0;
    if (this.#isScheduled) setImmediate(this.#nextTurn);
    // What is done now may have others come, which wait for the next turn.
    this.#done = this.#max;
    const kept = Math.min(this.#others.length, Math.ceil(this.#max / 4));
    const done = some(this.#first, this.#max - kept);
    this.#done = done + some(this.#others, this.#max - done);
  };
}

/** @returns how many of them had something to do. */
function some(acts: Act[], max: number): number {
  let done = 0;
  let passedOver = 0;
  while (done < max && passedOver < maxPassedOver) {
    const act = acts.shift();
    if (act === undefined) break;
    if (act() === false) passedOver += 1;
    else done += 1;
  }
  return done;
}

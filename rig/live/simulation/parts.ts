/**
 * The parts of a simulation: taken by whoever plays next, and given out with what they came to in the order in which they were
 * taken. What is given back, since its player is gone, is taken again first.
 */
import type { Scenario } from '../../scenario/contract.ts';
import type { RunOutcome } from './run-outcome.ts';

/** One thing to play. */
export interface SimulationPart {
  /** `seed 4711`, or the scenario's id. */
  readonly label: string;
  readonly seed?: number;
  readonly scenario: Scenario;
}

export interface PlayedPart {
  readonly part: SimulationPart;
  readonly outcome: RunOutcome;
}

export interface TakenPart {
  readonly index: number;
  readonly part: SimulationPart;
}

export class Parts {
  readonly #source: Iterator<SimulationPart>;
  readonly #played = new Map<number, PlayedPart>();
  #givenBack: TakenPart[] = [];
  #taken = 0;
  #givenOut = 0;

  constructor(parts: Iterable<SimulationPart>) {
    this.#source = parts[Symbol.iterator]();
  }

  /** @returns `undefined` when all are taken */
  take(): TakenPart | undefined {
    const again = this.#givenBack.shift();
    if (again !== undefined) return again;
    const next = this.#source.next();
    if (next.done === true) return undefined;
    this.#taken += 1;
    return { index: this.#taken - 1, part: next.value };
  }

  /** @returns as many as there are, if there are fewer */
  takeSome(count: number): readonly TakenPart[] {
    const some: TakenPart[] = [];
    for (let next = count > 0 ? this.take() : undefined; next !== undefined; next = this.take()) {
      some.push(next);
      if (some.length === count) break;
    }
    return some;
  }

  giveBack(parts: readonly TakenPart[]): void {
    this.#givenBack = [...this.#givenBack, ...parts].sort((a, b) => a.index - b.index);
  }

  put({ index, part }: TakenPart, outcome: RunOutcome): void {
    this.#played.set(index, { part, outcome });
  }

  /** What has been played, up to the first part that has not. */
  *inOrder(): Generator<PlayedPart> {
    for (;;) {
      const next = this.#played.get(this.#givenOut);
      if (next === undefined) return;
      this.#played.delete(this.#givenOut);
      this.#givenOut += 1;
      yield next;
    }
  }

  /** One was played that can be given out. */
  get hasNext(): boolean {
    return this.#played.has(this.#givenOut);
  }

  /** All that was taken was given out. */
  get isDone(): boolean {
    return this.#givenOut === this.#taken;
  }
}

/**
 * Many runs in virtual time, one after the other: what they come to, and what broke, grouped by cause and told by the smallest
 * scenario that shows it. A turn is given back now and then, so that Ctrl-C is heard and progress is drawn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DurationMs } from '../../protocol/time.ts';
import type { Scenario } from '../scenario/contract.ts';
import type { Verdict } from '../verdict/contract.ts';
import { mostCutRuns } from '../virtual/bounds.ts';
import { type Cause, Causes, keptScenario, smallestOf } from '../virtual/causes.ts';
import { type PlayOptions, type Played, play } from '../virtual/play.ts';
import type { Subjects } from '../virtual/subjects.ts';
import type { ScenarioRun } from './check/check-result.ts';
import { simulatedRun } from './check/scenario-run.ts';

/** One thing to play. */
export interface SimulationPart {
  /** `seed 4711`, or the scenario's id. */
  readonly label: string;
  readonly seed?: number;
  readonly scenario: Scenario;
}

export interface PlayedPart {
  readonly part: SimulationPart;
  readonly played: Played;
  readonly run: ScenarioRun;
}

export interface ToldCause {
  readonly cause: Cause;
  /** Of the smallest scenario, with all that was seen. */
  readonly run: ScenarioRun;
}

export interface SimulationOptions {
  readonly subjects: Subjects;
  /** Ends it: what is under way then throws the signal's reason. */
  readonly signal: AbortSignal | undefined;
  /** A turn is about to be given back. */
  readonly onTurn: (simulation: Simulation) => void;
  /** How each run is played. */
  readonly playing?: PlayOptions;
}

/** Between two turns given back. */
const turnMs: DurationMs = 50;

/** Turns of the event loop that long work gives back. */
export class Turns {
  readonly #onTurn: () => void;
  #endsAt = 0;

  constructor(onTurn: () => void = () => {}) {
    this.#onTurn = onTurn;
  }

  /** Between two pieces of work: where it is time for that. */
  async giveBack(): Promise<void> {
    if (performance.now() >= this.#endsAt) await this.giveBackNow();
  }

  async giveBackNow(): Promise<void> {
    this.#onTurn();
    await nextTurn();
    this.#endsAt = performance.now() + turnMs;
  }
}

export class Simulation {
  readonly #options: SimulationOptions;
  readonly #causes = new Causes();
  readonly #turns: Turns;
  played = 0;
  failed = 0;
  /** The cause whose scenario is being made small. */
  telling: Cause | undefined;
  #inconclusive = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#turns = new Turns(() => options.onTurn(this));
  }

  /** Ends early where too many runs had to be cut. */
  async *play(parts: Iterable<SimulationPart>): AsyncGenerator<PlayedPart> {
    const { subjects, playing } = this.#options;
    for (const part of parts) {
      if (this.#causes.cutRuns >= mostCutRuns) return;
      await this.#turns.giveBack();
      this.#options.signal?.throwIfAborted();
      const played = play(part.scenario, subjects, playing);
      const run = simulatedRun(played);
      this.played += 1;
      if (run.verdict === 'fail') this.failed += 1;
      if (run.verdict === 'inconclusive') this.#inconclusive += 1;
      this.#causes.add(part.label, played, part.seed);
      yield { part, played, run };
    }
  }

  get verdict(): Verdict {
    if (this.failed > 0) return 'fail';
    return this.#inconclusive > 0 ? 'inconclusive' : 'pass';
  }

  /** The most frequent first. */
  causes(): readonly Cause[] {
    return this.#causes.all();
  }

  /** @param trials to make a scenario small. Each takes long, and is a turn of its own. */
  async tellAll(causes: readonly Cause[], trials: number): Promise<readonly ToldCause[]> {
    const told: ToldCause[] = [];
    for (const cause of causes) {
      this.telling = cause;
      await this.#turns.giveBackNow();
      this.#options.signal?.throwIfAborted();
      told.push({ cause, run: this.#tell(cause, trials) });
    }
    return told;
  }

  /** What was drawn is made small; what somebody wrote stays as it is. */
  #tell({ failure }: Cause, trials: number): ScenarioRun {
    const { subjects } = this.#options;
    const isDrawn = failure.seed !== undefined;
    const small = isDrawn && trials > 0 ? smallestOf(failure, subjects, trials) : failure.scenario;
    const kept = isDrawn ? keptScenario(small, failure.violation) : small;
    return simulatedRun(play(kept, subjects, { records: true }));
  }
}

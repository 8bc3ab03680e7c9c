/**
 * Many runs in virtual time: what they come to, and what broke, grouped by cause and told by the smallest scenario that shows it. Plays
 * one after the other and gives a turn back now and then, so that Ctrl-C is heard and progress is drawn; where that takes long, other
 * processes play too (players.ts). Outcomes come in the order of the parts, whoever played them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Verdict } from '../../verdict/contract.ts';
import { mostCutRuns } from '../../virtual/bounds.ts';
import { type Cause, Causes, keptScenario, smallestOf } from '../../virtual/causes.ts';
import { type PlayOptions, play } from '../../virtual/play.ts';
import type { Subjects } from '../../virtual/subjects.ts';
import type { ScenarioRun } from '../check/check-result.ts';
import { simulatedRun } from '../check/scenario-run.ts';
import { Parts, type PlayedPart, type SimulationPart } from './parts.ts';
import type { Players } from './players.ts';
import { playToOutcome } from './run-outcome.ts';

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
  /** Who plays besides, once it has taken so long. Absent: nobody. */
  readonly players?: { readonly start: () => Players; readonly afterMs?: DurationMs };
}

/** What takes less is done before others are there. */
const aloneMs: DurationMs = 500;

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
    const { subjects, playing, players: others, signal } = this.#options;
    const { afterMs = aloneMs } = others ?? {};
    const source = new Parts(parts);
    const startedAt = performance.now();
    let players: Players | undefined;
    try {
      for (;;) {
        yield* this.#judged(source);
        if (this.#causes.cutRuns >= mostCutRuns) return;
        await this.#turns.giveBack();
        signal?.throwIfAborted();
        if (performance.now() - startedAt >= afterMs) players ??= others?.start().on(source);
        const taken = source.take();
        if (taken !== undefined) source.put(taken, playToOutcome(taken.part.scenario, subjects, playing));
        else if (source.isDone) return;
        // An answer that came while the turn was given back has nobody who waits for it.
        else if (!source.hasNext) await players?.nextAnswer(signal);
      }
    } finally {
      await players?.stop();
    }
  }

  *#judged(source: Parts): Generator<PlayedPart> {
    for (const judged of source.inOrder()) {
      const { part, outcome } = judged;
      const { label, seed, scenario } = part;
      this.played += 1;
      if (outcome.verdict === 'fail') this.failed += 1;
      if (outcome.verdict === 'inconclusive') this.#inconclusive += 1;
      if (outcome.failure !== undefined) {
        const { key, violation } = outcome.failure;
        this.#causes.add(key, { label, scenario, violation, ...(seed !== undefined && { seed }) });
      }
      yield judged;
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

  /** @param trials to make a scenario small. Each takes long, and is a turn of its own; without any, the signal ends nothing. */
  async tellAll(causes: readonly Cause[], trials: number): Promise<readonly ToldCause[]> {
    const told: ToldCause[] = [];
    for (const cause of causes) {
      this.telling = cause;
      await this.#turns.giveBackNow();
      if (trials > 0) this.#options.signal?.throwIfAborted();
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

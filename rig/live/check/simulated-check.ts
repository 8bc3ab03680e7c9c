/**
 * A check of a simulated agent: the same handshake, the same scenarios and the same result as for a device from outside, played
 * in virtual time. Nothing is opened and nothing waits; a turn is given back now and then, so that Ctrl-C is heard.
 */
import type { AgentBehaviour } from '../../../agent/core/behaviour.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { whySkipped } from '../../scenario/needs.ts';
import { virtualOffer } from '../../virtual/offer.ts';
import { mostCutRuns } from '../../virtual/bounds.ts';
import { type Played, play } from '../../virtual/play.ts';
import { type Subjects, realSubjects } from '../../virtual/subjects.ts';
import { sweepRuns } from '../../virtual/sweep.ts';
import { CheckRecord, type PlayedScenarios } from './check-record.ts';
import type { CheckResult, SweepPoint } from './check-result.ts';
import { createBounded } from '../bounded.ts';
import { Turns } from '../simulation/simulation.ts';
import { diagnose } from './diagnosis.ts';
import { handshakeIn, handshakeScenario } from './handshake.ts';
import { portraitOf } from './portrait.ts';
import { simulatedRun, skippedRun } from './scenario-run.ts';

export interface SimulatedCheckOptions extends PlayedScenarios {
  readonly name: string;
  readonly agent: AgentBehaviour;
  /** Each scenario is played on every one of them; at least one. */
  readonly hardware: readonly HardwareProfile[];
  /** Of everything that is left to chance, and the next ones for the next runs; absent: what each scenario says. */
  readonly seed?: number | undefined;
}

export async function runSimulatedCheck(options: SimulatedCheckOptions): Promise<CheckResult> {
  return new SimulatedCheck(options).run();
}

class SimulatedCheck {
  readonly #options: SimulatedCheckOptions;
  readonly #subjects: readonly { readonly name: string; readonly subjects: Subjects }[];
  readonly #record: CheckRecord;
  readonly #turns = new Turns();
  /** Runs in which a call did not return. */
  #cutRuns = 0;

  constructor(options: SimulatedCheckOptions) {
    const { agent, hardware } = options;
    this.#options = options;
    const bounded = createBounded();
    // A scenario may name hardware that the user has not.
    const own = new Set(hardware.map(({ name }) => name));
    const known = [...hardware, ...readHardwareProfiles('mix').filter(({ name }) => !own.has(name))];
    this.#subjects = hardware.map(({ name }) => ({
      name,
      subjects: { ...realSubjects(known, agent, bounded), hardware: name },
    }));
    const { name: subject, repeat = 1 } = options;
    this.#record = new CheckRecord({ ...options, subject, runsEach: repeat * hardware.length });
  }

  async run(): Promise<CheckResult> {
    const shaken = this.#played(handshakeScenario, this.#subjects[0]!);
    const handshake = simulatedRun(shaken);
    // It hangs in its first job already: that is found, and there is nothing to diagnose.
    if (shaken.violations[0]?.isCut === true) {
      const result = { scenario: handshakeScenario, runs: [handshake] };
      this.#record.tell({ kind: 'result', result });
      return { ...this.#record.result({ handshake }), results: [result], isPartial: true };
    }
    const { isDone, jobId, version } = handshakeIn(shaken);
    if (!isDone) {
      const diagnosis = diagnose({
        seen: shaken.observations,
        thingName: shaken.findings[0]?.thingName ?? '',
        jobId,
        doorRefusals: [],
        endpoints: 'the simulated service',
        isAttached: false,
        hasOwnDocument: false,
      });
      this.#record.tell({ kind: 'failed-handshake', diagnosis });
      return this.#record.result({ handshake, diagnosis });
    }
    const portrait = portraitOf(shaken.observations, jobId, version);
    this.#record.tell({ kind: 'portrait', portrait });
    await this.#playAll();
    return this.#record.result({ handshake, portrait });
  }

  async #playAll(): Promise<void> {
    const { scenarios, repeat = 1, sweep } = this.#options;
    const moments = sweep === undefined ? [] : this.#moments(sweep.done ?? new Set());
    const playable = scenarios.filter((scenario) => whySkipped(scenario, virtualOffer) === undefined);
    const each = repeat * this.#subjects.length;
    this.#record.tell({ kind: 'planned', scenarios: playable.length * each, moments: moments.length });
    for (const scenario of scenarios) {
      const skipped = whySkipped(scenario, virtualOffer);
      if (skipped !== undefined) this.#record.keep(skippedRun(scenario, skipped, Date.now()));
      for (const [index, subject] of (skipped === undefined ? this.#subjects : []).entries()) {
        for (let count = 0; count < repeat; count += 1) {
          if (await this.#isOver()) break;
          this.#record.tell({ kind: 'started', id: scenario.id });
          this.#record.keep(simulatedRun(this.#played(this.#drawn(scenario, index, count), subject)));
        }
      }
    }
    this.#record.conclude();
    for (const moment of moments) {
      if (await this.#isOver()) return;
      this.#record.keepPoint(this.#swept(moment));
    }
  }

  /** The scenario on this hardware, with a seed of its own for every run after the first, as a file that plays it so again. */
  #drawn(scenario: Scenario, subject: number, count: number): Scenario {
    const { given } = scenario;
    const { seed = given.seed } = this.#options;
    const { settleMs = this.#options.settleMs } = given;
    const { name } = this.#subjects[subject]!;
    return {
      ...scenario,
      given: {
        ...given,
        seed: seed + count,
        things: given.things.map((thing) => ({ ...thing, hardware: thing.hardware ?? name })),
        ...(settleMs !== undefined && { settleMs }),
      },
    };
  }

  #played(scenario: Scenario, { subjects }: { readonly subjects: Subjects }): Played {
    const played = play(scenario, subjects, { records: true });
    if (played.violations[0]?.isCut === true) this.#cutRuns += 1;
    return played;
  }

  #moments(done: ReadonlySet<string>): readonly Swept[] {
    return this.#subjects.flatMap(({ name, subjects }) =>
      [...sweepRuns({ subjects, hardware: name, document: 'firmware' })]
        .map(({ moment, cross, scenario }): Swept => {
          const id = this.#subjects.length === 1 ? scenario.id : `${scenario.id}-on-${name}`;
          return { atMs: moment.atMs, label: moment.label, cross, scenario: { ...scenario, id }, subjects };
        })
        .filter(({ scenario }) => !done.has(scenario.id)),
    );
  }

  /** There are thousands: what was seen is kept of those that fail. */
  #swept({ atMs, label, cross, scenario, subjects }: Swept): SweepPoint {
    const run = simulatedRun(play(scenario, subjects));
    return {
      atMs,
      label,
      cross,
      run: run.verdict === 'pass' ? run : simulatedRun(this.#played(scenario, { subjects })),
    };
  }

  async #isOver(): Promise<boolean> {
    const { bail, signal } = this.#options;
    await this.#turns.giveBack();
    const isOver =
      signal?.aborted === true || this.#cutRuns >= mostCutRuns || (bail === true && this.#record.hasFailed);
    if (isOver) this.#record.isPartial = true;
    return isOver;
  }
}

interface Swept extends Omit<SweepPoint, 'run'> {
  readonly scenario: Scenario;
  readonly subjects: Subjects;
}

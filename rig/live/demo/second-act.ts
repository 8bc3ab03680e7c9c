/**
 * The second act of the demo: the scenarios and some seeds in virtual time, for the same agent and hardware. It tries what the live
 * act does not: lost messages, power cuts at bad moments, a service that throttles. What breaks is grouped by cause, and of each
 * cause the smallest scenario is told.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AgentBehaviour } from '../../../agent/core/behaviour.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { CauseReport } from '../../report/run-report.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { whySkipped } from '../../scenario/needs.ts';
import { drawScenario } from '../../scenario/swarm.ts';
import type { Verdict } from '../../verdict/contract.ts';
import { mostCutRuns } from '../../virtual/bounds.ts';
import { type Cause, Causes, keptScenario, smallestOf } from '../../virtual/causes.ts';
import { virtualOffer } from '../../virtual/offer.ts';
import { play } from '../../virtual/play.ts';
import { type Subjects, realSubjects } from '../../virtual/subjects.ts';
import { claims } from '../../virtual/violation.ts';
import { createBounded } from '../bounded.ts';
import type { ScenarioRun } from '../check/check-result.ts';
import { simulatedRun } from '../check/simulated-run.ts';

export interface SecondActOptions {
  readonly scenarios: readonly Scenario[];
  /** The seeds 1 to this. */
  readonly seeds: number;
  /** Of the fleet, and those that scenarios may name. */
  readonly hardware: readonly HardwareProfile[];
  readonly known: readonly HardwareProfile[];
  /** Absent: the reference agent. */
  readonly agent?: AgentBehaviour;
  readonly signal?: AbortSignal;
  readonly onProgress?: (played: number, of: number, failed: number) => void;
}

export interface SecondAct {
  readonly verdict: Verdict;
  readonly scenarios: number;
  readonly seeds: number;
  readonly causes: readonly CauseReport[];
  readonly runs: readonly ScenarioRun[];
}

interface Part {
  readonly label: string;
  readonly seed?: number;
  readonly scenario: Scenario;
}

/** Between two looks at Ctrl-C and at the terminal. */
const turnMs = 50;
const causesTold = 8;
const minimizingTrials = 150;
const labelsNamed = 20;

export async function playSecondAct(options: SecondActOptions): Promise<SecondAct> {
  const { scenarios, seeds, signal, onProgress } = options;
  const subjects = subjectsOf(options);
  const playable = scenarios.filter((scenario) => whySkipped(scenario, virtualOffer) === undefined);
  const causes = new Causes();
  let failed = 0;
  let inconclusive = 0;
  let played = 0;
  let seedsPlayed = 0;
  let turnEndsAt = 0;
  const breathe = async (): Promise<void> => {
    if (performance.now() < turnEndsAt) return;
    onProgress?.(played, playable.length + seeds, failed);
    await nextTurn();
    signal?.throwIfAborted();
    turnEndsAt = performance.now() + turnMs;
  };
  for (const { label, seed, scenario } of partsOf(playable, seeds, options.hardware)) {
    if (causes.cutRuns >= mostCutRuns) break;
    await breathe();
    const run = play(scenario, subjects);
    const { verdict } = simulatedRun(run);
    played += 1;
    if (seed !== undefined) seedsPlayed += 1;
    if (verdict === 'fail') failed += 1;
    if (verdict === 'inconclusive') inconclusive += 1;
    causes.add(label, run, seed);
  }
  const all = causes.all();
  const told: { readonly cause: Cause; readonly run: ScenarioRun }[] = [];
  for (const cause of all.slice(0, causesTold)) {
    turnEndsAt = 0;
    await breathe();
    told.push({ cause, run: tell(cause, subjects) });
  }
  return {
    verdict: failed > 0 ? 'fail' : inconclusive > 0 ? 'inconclusive' : 'pass',
    scenarios: played - seedsPlayed,
    seeds: seedsPlayed,
    causes: [
      ...told.map(({ cause, run }) => causeReport(cause, run.scenario.id, run.resembles)),
      ...all.slice(causesTold).map((cause) => causeReport(cause, cause.failure.scenario.id, [])),
    ],
    runs: told.map(({ run }) => run),
  };
}

function* partsOf(
  scenarios: readonly Scenario[],
  seeds: number,
  hardware: readonly HardwareProfile[],
): Generator<Part> {
  for (const scenario of scenarios) yield { label: scenario.id, scenario };
  const names = hardware.map(({ name }) => name);
  for (let seed = 1; seed <= seeds; seed += 1) {
    yield { label: `seed ${seed}`, seed, scenario: drawScenario(seed, { hardware: names }) };
  }
}

/** The fleet's hardware where a scenario names none; what it names, wherever that comes from. */
function subjectsOf({ hardware, known, agent }: SecondActOptions): Subjects {
  const bounded = createBounded();
  const own = realSubjects(hardware, agent);
  const others = known.filter(({ name }) => !hardware.some((profile) => profile.name === name));
  return { ...realSubjects([...hardware, ...others], agent, bounded), hardware: own.hardware };
}

/** What was drawn is made small; what somebody wrote stays as it is. */
function tell({ failure }: Cause, subjects: Subjects): ScenarioRun {
  const small = failure.seed === undefined ? failure.scenario : smallestOf(failure, subjects, minimizingTrials);
  const kept = failure.seed === undefined ? small : keptScenario(small, failure.violation);
  return simulatedRun(play(kept, subjects, { records: true }));
}

function causeReport({ failure, failures }: Cause, scenario: string, resembles: readonly string[]): CauseReport {
  const { broke, message } = failure.violation;
  return {
    act: 'virtual',
    claim: broke,
    claimText: claims[broke],
    reason: message,
    found: failures.length,
    in: failures.slice(0, labelsNamed).map(({ label }) => label),
    resembles,
    scenario,
  };
}

/**
 * The second act of the demo: the scenarios and some seeds in virtual time, for the same agent and hardware. It tries what the live
 * act does not: lost messages, power cuts at bad moments, a service that throttles. What breaks is grouped by cause, and of each
 * cause the smallest scenario is told.
 */
import type { AgentBehaviour } from '../../../agent/core/behaviour.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { CauseReport } from '../../report/run-report.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { whySkipped } from '../../scenario/needs.ts';
import { drawScenario } from '../../scenario/swarm.ts';
import type { Verdict } from '../../verdict/contract.ts';
import type { Cause } from '../../virtual/causes.ts';
import { virtualOffer } from '../../virtual/offer.ts';
import { type Subjects, realSubjects } from '../../virtual/subjects.ts';
import { claims } from '../../virtual/violation.ts';
import { createBounded } from '../bounded.ts';
import type { ScenarioRun } from '../check/check-result.ts';
import type { SimulationPart } from '../simulation/parts.ts';
import { Simulation } from '../simulation/simulation.ts';
import { untilInterrupted } from '../until-interrupted.ts';

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

const causesTold = 8;
const minimizingTrials = 150;
const labelsNamed = 20;

/** When interrupted, what was found until then, as it was drawn. */
export async function playSecondAct(options: SecondActOptions): Promise<SecondAct> {
  const { scenarios, seeds, signal, onProgress } = options;
  const playable = scenarios.filter((scenario) => whySkipped(scenario, virtualOffer) === undefined);
  const simulation = new Simulation({
    subjects: subjectsOf(options),
    signal,
    onTurn: ({ played, failed }) => onProgress?.(played, playable.length + seeds, failed),
  });
  let seedsPlayed = 0;
  await untilInterrupted(signal, async () => {
    signal?.throwIfAborted();
    for await (const { part } of simulation.play(partsOf(playable, seeds, options.hardware))) {
      if (part.seed !== undefined) seedsPlayed += 1;
    }
  });
  const causes = simulation.causes();
  const first = causes.slice(0, causesTold);
  const told =
    (await untilInterrupted(signal, () => simulation.tellAll(first, signal?.aborted ? 0 : minimizingTrials))) ??
    (await simulation.tellAll(first, 0));
  return {
    verdict: simulation.verdict,
    scenarios: simulation.played - seedsPlayed,
    seeds: seedsPlayed,
    causes: [
      ...told.map(({ cause, run }) => causeReport(cause, run.scenario.id, run.resembles)),
      ...causes.slice(causesTold).map((cause) => causeReport(cause, cause.failure.scenario.id, [])),
    ],
    runs: told.map(({ run }) => run),
  };
}

function* partsOf(
  scenarios: readonly Scenario[],
  seeds: number,
  hardware: readonly HardwareProfile[],
): Generator<SimulationPart> {
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

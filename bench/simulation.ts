/**
 * The simulation alone: device executions per second of CPU, hardware and checkers on, messages as objects. A fleet on all
 * hardware profiles does firmware jobs one after the other over a link that loses, doubles and delays messages; every run has
 * another seed. What counts are executions that ended. The bar is in figures.ts.
 */
import { readHardwareProfiles } from '../agent/hardware-profiles.ts';
import type { FaultPlan } from '../faults/plan.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { play } from '../rig/virtual/play.ts';
import { realSubjects } from '../rig/virtual/subjects.ts';

const things = 50;
const jobs = 20;
const jobEveryMs = 120_000;
/** Until the engine and a board of each profile are compiled as well as they will be. */
const warmUpRuns = 40;

export interface SimulationSamples {
  /** By CPU time. */
  readonly executionsPerSecond: readonly number[];
  readonly eventsPerExecution: number;
}

export function measureSimulation(runs: number): SimulationSamples {
  const hardware = readHardwareProfiles('mix');
  const subjects = realSubjects(hardware);
  const names = hardware.map(({ name }) => name);
  const executionsPerSecond: number[] = [];
  let eventsPerExecution = 0;
  for (let seed = 0; seed < warmUpRuns + runs; seed += 1) {
    const startedAtMs = cpuMs();
    const { executions, events, violations } = play(scenarioOf(seed, names), subjects);
    const tookMs = cpuMs() - startedAtMs;
    const [wrong] = violations;
    if (wrong !== undefined) throw new Error(`seed ${seed}: ${wrong.broke} ${wrong.message}`);
    if (seed < warmUpRuns) continue;
    executionsPerSecond.push((executions / tookMs) * 1000);
    eventsPerExecution = events / executions;
  }
  return { executionsPerSecond, eventsPerExecution };
}

function scenarioOf(seed: number, hardware: readonly string[]): Scenario {
  const endsAtMs = jobs * jobEveryMs;
  return {
    id: `bench-${seed}`,
    version: 1,
    claim: 'A fleet does one job after the other.',
    about: 'V5',
    catalog: [],
    needs: [],
    given: {
      things: Array.from({ length: things }, (_, index) => ({
        thing: `thing-${index}`,
        hardware: hardware[index % hardware.length]!,
      })),
      document: 'firmware',
      namespaces: [],
      link: { latencyMs: 40, jitterMs: 40 },
      faults: losses(endsAtMs),
      seed,
      settleMs: 3 * 3_600_000,
      grain: 'sign',
    },
    meanwhile: Array.from({ length: jobs }, (_, index) => ({
      when: { on: 'at', atMs: index * jobEveryMs },
      deeds: [{ do: 'create-job', job: `job-${index}`, edition: index }],
    })),
    script: [{ when: { on: 'at', atMs: endsAtMs }, deeds: [{ do: 'end-faults' }] }],
    expect: [],
    claims: 'all',
  };
}

function losses(untilMs: number): FaultPlan {
  const rare = { kind: 'message', things: '*', fromMs: 0, untilMs, perMillion: 10_000, lateMs: 500 } as const;
  return {
    faults: [
      { ...rare, direction: 'request', effect: 'lost' },
      { ...rare, direction: 'reply', effect: 'lost' },
      { ...rare, direction: 'reply', effect: 'duplicate' },
      { ...rare, direction: 'notification', effect: 'late' },
    ],
  };
}

/** CPU time of this process, all its threads: what other processes take from the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

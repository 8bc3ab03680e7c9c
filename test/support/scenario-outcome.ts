/**
 * A scenario played in both worlds: in virtual time, and by a real service with a real device on a real socket, where the same
 * director has the same deeds done. What comes of it is told in the same words, without times.
 */
import { startFleet } from '../../agent/fleet.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { LiveDevice } from '../../agent/live-device.ts';
import { startService } from '../../broker/start-service.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeAll, observeEvery, show } from '../../observation/observers.ts';
import { FleetWorld } from '../../rig/live/fleet-world.ts';
import { createHostClock } from '../../rig/live/host-clock.ts';
import { Operator } from '../../rig/live/operator.ts';
import { playLive } from '../../rig/live/play.ts';
import type { Scenario } from '../../rig/scenario/contract.ts';
import type { Judge } from '../../rig/verdict/contract.ts';
import { createJudge, observeFor } from '../../rig/verdict/judge.ts';
import { fleetGroup } from '../../rig/virtual/configuration.ts';
import { play } from '../../rig/virtual/play.ts';
import { subjectsWith, wrongIn } from './simulated.ts';

export interface ScenarioOutcome {
  /** How each execution stood last, e.g. `update#1 SUCCEEDED`. */
  readonly executions: readonly string[];
  /** What the device made of them, e.g. `update#1 pulled`. */
  readonly told: readonly string[];
  /** How often the work of each execution was done, e.g. `update#1 1`. */
  readonly done: readonly string[];
  readonly runningVersion: string;
}

export function simulatedOutcome(scenario: Scenario): ScenarioOutcome {
  const outcome = new Outcome();
  const played = play(scenario, subjectsWith(), { observer: outcome.observer });
  const wrong = wrongIn(played);
  if (wrong.length > 0) throw new Error(wrong.join('; '));
  return outcome.tell();
}

/** Gathers what came of it, from what is seen. */
class Outcome {
  readonly #statuses: string[] = [];
  readonly #traces: DeviceTrace[] = [];
  #view: (() => DeviceView) | undefined;
  readonly observer: Observer = {
    execution: ({ execution: { jobId, executionNumber }, status }) => {
      if (status !== 'QUEUED' && status !== 'IN_PROGRESS') this.#statuses.push(`${jobId}#${executionNumber} ${status}`);
    },
    traced: ({ trace }) => void this.#traces.push(trace),
    moved: ({ view }) => {
      this.#view = view;
    },
  };

  tell(): ScenarioOutcome {
    const { sideEffects = {}, runningVersion = '' } = this.#view?.() ?? {};
    return {
      executions: this.#statuses.toSorted(),
      told: this.#traces
        .flatMap((trace) => {
          if (trace.kind !== 'finished' && trace.kind !== 'pulled') return [];
          const { jobId, executionNumber } = trace.execution;
          return `${jobId}#${executionNumber} ${trace.kind === 'finished' ? trace.status : 'pulled'}`;
        })
        .sort(),
      done: Object.entries(sideEffects)
        .map(([execution, times]) => `${execution.replace(/@.*/, '')} ${times}`)
        .sort(),
      runningVersion,
    };
  }
}

const timeScale = 50;
/** Of the device's time: shorter than the poll of an idle one, which would hide a lost hint. */
const settleMs = 13 * 60_000;
const plain = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;

export async function liveOutcome(scenario: Scenario): Promise<ScenarioOutcome> {
  const { faults, seed, namespaces, things } = scenario.given;
  const subjects = subjectsWith();
  const hardware = things[0]?.hardware ?? subjects.hardware;
  using clock = createHostClock({ timeScale });
  const outcome = new Outcome();
  const devices = new Map<string, LiveDevice>();
  let look: ((seen: Observation) => void) | undefined;
  const judges = new Map<string, Judge>();
  let judged: Observer = {};
  const observer = observeAll([
    observeEvery((seen) => show(judged, seen)),
    outcome.observer,
    observeEvery((seen) => look?.(seen)),
  ]);
  await using service = await startService({ ...plain, timeScale, faults, seed, clockOf: () => clock, observer });
  using operator = new Operator({ endpoint: service.httpUrl ?? '', region: 'us-east-1', now: clock.now });
  const world = new FleetWorld({
    scenario,
    operator,
    clock,
    devices,
    groupName: fleetGroup,
    suffix: '',
    attend: (_things, _jobs, see) => {
      look = see;
    },
  });
  const [thingName = ''] = world.thingNames;
  judges.set(thingName, createJudge({ thingName, sights: world.sights }));
  judged = observeFor(judges);
  await operator.createThings([thingName], fleetGroup);
  const configuration = { things: [], namespaces, link: { latencyMs: 0, jitterMs: 0 }, faults, seed } as const;
  await using fleet = await startFleet({
    endpoint: service.mqttUrl ?? '',
    things: 1,
    prefix: thingName.slice(0, -1), // things are numbered from 1, which the name of the only thing ends in
    hardware: readHardwareProfiles(hardware),
    clock,
    seed,
    faults,
    boardOf: () =>
      subjects.createBoard(
        { thingName, hardware },
        { ...configuration, wire: 'objects', grain: 'operation' },
        world.origin,
      ),
    observer,
  });
  for (const [name, device] of fleet.devices) devices.set(name, device);
  const { findings, unfinished, trouble } = await playLive(scenario, world, { settleMs, judges });
  // The service may know of an end before the device has its answer.
  const isAtWork = (): boolean => [...devices.values()].some((device) => device.view().execution !== undefined);
  while (isAtWork()) await new Promise((resolve) => setTimeout(resolve, 2));
  const failed = findings.flatMap((one) => one.findings).filter((finding) => finding.outcome === 'fail');
  const wrong = [...failed.map(({ claim, reason }) => `${claim} ${reason}`), unfinished, trouble];
  const told = wrong.filter((text) => text !== undefined);
  if (told.length > 0) throw new Error(told.join('; '));
  return outcome.tell();
}

/**
 * A scenario played in both worlds: in virtual time, and by a real service with a real device on a real socket, where the same
 * director has the same deeds done. What comes of it is told in the same words, without times.
 */
import { vi } from 'vitest';
import { createDeviceClock } from '../../agent/device-clock.ts';
import { startFleet } from '../../agent/fleet.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { startService } from '../../broker/start-service.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import type { Deed, Scenario } from '../../rig/scenario/contract.ts';
import { createDirector } from '../../rig/scenario/director.ts';
import { isQuiet } from '../../rig/verdict/quiet.ts';
import { fleetGroup } from '../../rig/virtual/configuration.ts';
import { type DeedTarget, createDeeds } from '../../rig/virtual/deeds.ts';
import { createEventQueue } from '../../rig/virtual/event-queue.ts';
import { createJobDocuments } from '../../rig/virtual/job-documents.ts';
import type { ControlPlane } from '../../rig/virtual/operator.ts';
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

const timeScale = 20;
const longestMs = 15_000;
/** A device counts as at rest when nothing was said for so long, in its own time: an answer may be under way. */
const quietMs = 1000;
const onlyMqtt = {
  mqttsPort: 'off',
  wsPort: 'off',
  wssPort: 'off',
  httpPort: 'off',
  httpsPort: 'off',
} as const;

export async function liveOutcome(scenario: Scenario): Promise<ScenarioOutcome> {
  const { given } = scenario;
  const { faults, seed } = given;
  const [thing] = given.things;
  if (thing === undefined) throw new Error('no thing');
  const subjects = subjectsWith();
  const hardware = thing.hardware ?? subjects.hardware;
  const thingName = thing.thing.padEnd(thing.nameLength ?? 0, 'x');
  const documents = createJobDocuments(scenario);
  const director = createDirector(scenario, { thingName: () => thingName, jobId: (label) => label });
  const outcome = new Outcome();
  const { execution } = outcome.observer;
  let latestAt = 0;
  const due: Deed[] = [];
  const look = (seen: Observation): void => {
    latestAt = clock.now();
    due.push(...director.apply(seen, clock.now()));
  };
  await using service = await startService({
    timeScale,
    faults,
    seed,
    ...onlyMqtt,
    observer: {
      execution(seen) {
        execution?.(seen);
        look(seen);
      },
    },
  });
  const ask = asking(service.port);
  ask({ name: 'iot:CreateThingGroup', request: { thingGroupName: fleetGroup } });
  ask({ name: 'iot:CreateThing', request: { thingName } });
  ask({ name: 'iot:AddThingToThingGroup', request: { thingGroupName: fleetGroup, thingName } });
  const clock = createDeviceClock(timeScale, () => service.port.now());
  const world = { things: [], namespaces: given.namespaces, link: { latencyMs: 0, jitterMs: 0 }, faults, seed };
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
        { ...world, wire: 'objects', grain: 'operation' },
        documents.origin,
      ),
    observer: {
      ...observeEvery((seen) => {
        if (seen.kind === 'traced') outcome.observer.traced?.(seen);
        look(seen);
      }),
      ...(outcome.observer.moved && { moved: outcome.observer.moved }),
    },
  });
  const device = fleet.devices.get(thingName)!;
  /** Timers of one instant ring in any order; deeds of one instant have theirs. */
  const timers = createEventQueue<() => void>(clock.now());
  const target: DeedTarget = {
    queue: {
      get now() {
        return clock.now();
      },
      schedule: (at, happen) => timers.schedule(at, happen),
    },
    get serviceNow() {
      return service.port.now();
    },
    ask,
    device: () => ({ inject: (fault) => device.inject(fault), hangUp: unsupported, forgetSession: unsupported }),
    leap: unsupported,
    tellFault: unsupported,
    calm: unsupported,
    serviceFaults: { arm: unsupported },
    devices: [device],
  };
  const deeds = createDeeds({ world: target, documents, thingNames: new Map([[thing.thing, thingName]]) });
  due.push(...director.apply({ kind: 'start' }, clock.now()));

  const isSettled = (): boolean =>
    clock.now() - latestAt > quietMs &&
    !deeds.isBusy() &&
    timers.length === 0 &&
    isQuiet(device.view()) &&
    isNothingLeft(ask, thingName);

  /** Does what is due. */
  const goOn = (): boolean => {
    while ((timers.nextAt() ?? Infinity) <= clock.now()) timers.take()?.();
    if ((director.nextDeadline() ?? Infinity) <= clock.now()) due.push(...director.wake(clock.now()));
    if (due.length === 0 && director.awaitsSettled() && isSettled()) {
      due.push(...director.apply({ kind: 'settled' }, clock.now()));
    }
    for (const deed of due.splice(0)) {
      latestAt = clock.now();
      deeds.perform(deed);
    }
    return director.isOver();
  };
  await vi.waitUntil(goOn, { timeout: longestMs, interval: 2 });
  return outcome.tell();
}

function unsupported(): never {
  throw new Error('a live device cannot be put through this');
}

/** In memory, the service answers in the same turn. */
function asking(port: ServicePort): ControlPlane['ask'] {
  return <Name extends OperationName>(command: CommandOf<Name>) => {
    let answered: Reply<ResponseOf<Name>> | undefined;
    port.submit(command, (reply) => {
      answered = reply;
    });
    return answered!;
  };
}

/** Nothing is pending, and no job is being deleted. */
function isNothingLeft(ask: ControlPlane['ask'], thingName: string): boolean {
  const reply = ask({ name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName } });
  if (!reply.accepted) throw new Error(reply.message);
  const listed = ask({ name: 'iot:ListJobs', request: { status: 'DELETION_IN_PROGRESS' } });
  return (
    reply.response.inProgress.length + reply.response.queued.length === 0 &&
    listed.accepted &&
    (listed.response.jobs ?? []).length === 0
  );
}

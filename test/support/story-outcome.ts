/**
 * A story of the simulation played in both worlds: in virtual time, and by a real service with a real device on a real
 * socket, where the same operator performs the same deeds and the same plan brings the same fault. What comes of it is
 * told in the same words, without times.
 */
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import { vi } from 'vitest';
import { createDeviceClock } from '../../agent/device-clock.ts';
import { startFleet } from '../../agent/fleet.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { startService } from '../../broker/start-service.ts';
import { isQuiet } from '../../rig/verdict/quiet.ts';
import { fleetGroup } from '../../rig/virtual/configuration.ts';
import { createEventQueue } from '../../rig/virtual/event-queue.ts';
import { type ControlPlane, type Operator, createOperator } from '../../rig/virtual/operator.ts';
import { runSimulation } from '../../rig/virtual/run.ts';
import { type Story, configurationOf, settledMs } from '../../rig/virtual/stories/story.ts';
import { subjectsWith } from './simulated.ts';

export interface StoryOutcome {
  /** The thing's executions at the service, e.g. `job-1#1 SUCCEEDED`. */
  readonly executions: readonly string[];
  /** What the device made of them, e.g. `job-1#1 pulled`. */
  readonly told: readonly string[];
  /** How often the work of each execution was done, e.g. `job-1#1 1`. */
  readonly done: readonly string[];
  readonly runningVersion: string;
}

type Ask = ControlPlane['ask'];

export function simulatedOutcome(story: Story): StoryOutcome {
  const traces: DeviceTrace[] = [];
  let view: DeviceView | undefined;
  let outcome: StoryOutcome | undefined;
  const { violations } = runSimulation(configurationOf(story), subjectsWith(), {
    observer: {
      traced: (_, trace) => traces.push(trace),
      moved: (board) => (view = board.view()),
    },
    afterEvent({ events, world }) {
      if (events > 1) return;
      world.queue.schedule(world.startedAt + settledMs - 1, () => {
        outcome = outcomeOf(story, (command) => world.ask(command), view!, traces);
      });
    },
  });
  if (violations.length > 0 || outcome === undefined) throw new Error(JSON.stringify(violations));
  return outcome;
}

const timeScale = 20;
const longestStoryMs = 15_000;
const onlyMqtt = {
  mqttsPort: 'off',
  wsPort: 'off',
  wssPort: 'off',
  httpPort: 'off',
  httpsPort: 'off',
} as const;

/** What came of it when every deed is done, nothing is pending, and the device is quiet and knows how its executions ended. */
export async function liveOutcome(story: Story): Promise<StoryOutcome> {
  const { thingName, actions, hardware } = story;
  const configuration = configurationOf(story);
  const { faults, seed } = configuration;
  await using service = await startService({ timeScale, faults, seed, ...onlyMqtt });
  const ask = asking(service.port);
  ask({ name: 'iot:CreateThingGroup', request: { thingGroupName: fleetGroup } });
  ask({ name: 'iot:CreateThing', request: { thingName } });
  ask({ name: 'iot:AddThingToThingGroup', request: { thingGroupName: fleetGroup, thingName } });

  const clock = createDeviceClock(timeScale, () => service.port.now());
  const subjects = subjectsWith();
  const traces: DeviceTrace[] = [];
  /** Hears of what the device does once it is there. */
  const audience: { operator?: Operator } = {};
  await using fleet = await startFleet({
    endpoint: service.mqttUrl ?? '',
    things: 1,
    prefix: thingName.slice(0, -1), // things are numbered from 1, which every name of a story ends in
    hardware: readHardwareProfiles(hardware),
    clock,
    seed,
    faults,
    boardOf: () => subjects.createBoard({ thingName, hardware }, configuration),
    onEvent(_, event) {
      if (event.kind !== 'trace') return;
      traces.push(event.trace);
      audience.operator?.traced(thingName, event.trace);
    },
  });
  const device = fleet.devices.get(thingName)!;
  let scheduled = 0;
  /** Timers of one instant ring in any order; deeds of one instant have theirs. */
  const deeds = createEventQueue<() => void>(clock.now());
  const performDue = (): void => {
    while ((deeds.nextAt() ?? Infinity) <= clock.now()) deeds.take()?.();
  };
  const operator = createOperator({
    startedAt: clock.now(),
    queue: {
      get now() {
        return clock.now();
      },
      schedule(at, happen) {
        scheduled += 1;
        deeds.schedule(at, happen);
        clock.setTimer(at, performDue);
      },
    },
    ask,
    inject: (_, fault) => device.inject(fault),
  });
  operator.start(actions);
  audience.operator = operator;

  const ended = (): StoryOutcome | undefined => {
    if (scheduled < actions.length || deeds.length > 0) return undefined;
    if (!isQuiet(device.view()) || pending(ask, thingName) > 0) return undefined;
    const outcome = outcomeOf(story, ask, device.view(), traces);
    return outcome.told.length < outcome.executions.length ? undefined : outcome;
  };
  return await vi.waitUntil(ended, { timeout: longestStoryMs, interval: 10 });
}

/** In memory, the service answers in the same turn. */
function asking(port: ServicePort): Ask {
  return <Name extends OperationName>(command: CommandOf<Name>) => {
    let answered: Reply<ResponseOf<Name>> | undefined;
    port.submit(command, (reply) => {
      answered = reply;
    });
    return answered!;
  };
}

function pending(ask: Ask, thingName: string): number {
  const reply = ask({ name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName } });
  if (!reply.accepted) throw new Error(reply.message);
  return reply.response.inProgress.length + reply.response.queued.length;
}

function outcomeOf({ thingName }: Story, ask: Ask, view: DeviceView, traces: readonly DeviceTrace[]): StoryOutcome {
  const listed = ask({ name: 'iot:ListJobExecutionsForThing', request: { thingName } });
  if (!listed.accepted) throw new Error(listed.message);
  return {
    executions: (listed.response.executionSummaries ?? [])
      .map(
        ({ jobId, jobExecutionSummary: { executionNumber, status } = {} }) => `${jobId}#${executionNumber} ${status}`,
      )
      .sort(),
    told: traces
      .flatMap((trace) => {
        if (trace.kind !== 'finished' && trace.kind !== 'pulled') return [];
        const { jobId, executionNumber } = trace.execution;
        return `${jobId}#${executionNumber} ${trace.kind === 'finished' ? trace.status : 'pulled'}`;
      })
      .sort(),
    done: Object.entries(view.sideEffects)
      .map(([execution, times]) => `${execution.replace(/@.*/, '')} ${times}`)
      .sort(),
    runningVersion: view.runningVersion,
  };
}

/**
 * The operator of a simulated run: carries out the deeds of a configuration at their moments, as control-plane commands. An
 * id that is still being deleted is tried again for a while, as a person would; every other refusal is taken as it is.
 */
import type { Step } from '../../observation/execution.ts';
import type { DeviceTrace } from '../../observation/inside.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import type { InstantFault } from '../../faults/thing-faults.ts';
import { formatThingArn, formatThingGroupArn } from '../../protocol/names.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { fleetGroup, type CreateJobDeed, type Deed, type OperatorAction } from './configuration.ts';
import { documentText } from './documents.ts';
import type { EventQueue } from './event-queue.ts';

/** How the operator reaches the service. */
export interface ControlPlane {
  readonly queue: Pick<EventQueue<() => void>, 'now' | 'schedule'>;
  readonly startedAt: EpochMs;
  ask<Name extends OperationName>(command: CommandOf<Name>): Reply<ResponseOf<Name>>;
  inject(thingName: string, fault: InstantFault): void;
}

export interface Operator {
  /** Sees to it that the actions happen at their moments. */
  start(actions: readonly OperatorAction[]): void;
  /** A device has entered a step: actions may be waiting for that. */
  traced(thingName: string, trace: DeviceTrace): void;
  perform(deed: Deed): void;
  /** From now on nothing is done that is still waiting for its moment. */
  stop(): void;
}

export const identity = { region: 'us-east-1', account: '000000000000' } as const;

const createAgainMs: DurationMs = 250;
const maxAttempts = 40;

interface Waiting {
  readonly thingName: string;
  readonly step: Step;
  left: number;
  readonly afterMs: DurationMs;
  readonly deed: Deed;
}

export function createOperator(plane: ControlPlane): Operator {
  let waiting: Waiting[] = [];
  let stopped = false;

  function later(at: EpochMs, deed: Deed): void {
    plane.queue.schedule(at, () => {
      if (!stopped) perform(deed);
    });
  }

  function perform(deed: Deed): void {
    switch (deed.kind) {
      case 'create-job':
        return create(deed, maxAttempts);
      case 'delete-job': {
        const { kind: _, ...request } = deed;
        plane.ask({ name: 'iot:DeleteJob', request: { ...request, force: true } });
        return;
      }
      case 'delete-execution':
        return deleteExecution(deed);
      case 'cancel-job':
        plane.ask({ name: 'iot:CancelJob', request: { jobId: deed.jobId, force: deed.force } });
        return;
      case 'cancel-execution': {
        const { kind: _, ...request } = deed;
        plane.ask({ name: 'iot:CancelJobExecution', request });
        return;
      }
      case 'rejoin': {
        const membership = { thingGroupName: fleetGroup, thingName: deed.thingName };
        plane.ask({ name: 'iot:RemoveThingFromThingGroup', request: membership });
        plane.ask({ name: 'iot:AddThingToThingGroup', request: membership });
        return;
      }
      case 'fault':
        plane.inject(deed.thingName, deed.fault);
    }
  }

  function create(deed: CreateJobDeed, attempts: number): void {
    const reply = plane.ask({ name: 'iot:CreateJob', request: createJobRequest(deed) });
    if (reply.accepted || attempts === 1 || !isBeingDeleted(deed.jobId)) return;
    plane.queue.schedule(plane.queue.now + createAgainMs, () => create(deed, attempts - 1));
  }

  function isBeingDeleted(jobId: string): boolean {
    const described = plane.ask({ name: 'iot:DescribeJob', request: { jobId } });
    return described.accepted && described.response.job?.status === 'DELETION_IN_PROGRESS';
  }

  /** Of the newest execution, which is the one that a device may be working on. */
  function deleteExecution({ jobId, thingName, namespaceId }: Extract<Deed, { kind: 'delete-execution' }>): void {
    const described = plane.ask({ name: 'iot:DescribeJobExecution', request: { jobId, thingName } });
    const executionNumber = described.accepted ? described.response.execution?.executionNumber : undefined;
    if (executionNumber === undefined) return;
    const namespace = namespaceId === undefined ? {} : { namespaceId };
    const request = { jobId, thingName, executionNumber, force: true, ...namespace };
    plane.ask({ name: 'iot:DeleteJobExecution', request });
  }

  return {
    start(actions) {
      for (const { when, deed } of actions) {
        if ('atMs' in when) later(plane.startedAt + when.atMs, deed);
        else waiting.push({ ...when, left: when.occurrence, deed });
      }
    },
    traced(thingName, trace) {
      if (stopped || trace.kind !== 'step' || waiting.length === 0) return;
      for (const one of waiting) {
        if (one.thingName !== thingName || one.step !== trace.step) continue;
        one.left -= 1;
        if (one.left === 0) later(plane.queue.now + one.afterMs, one.deed);
      }
      waiting = waiting.filter(({ left }) => left > 0);
    },
    perform,
    stop() {
      stopped = true;
    },
  };
}

function createJobRequest(deed: CreateJobDeed): CommandOf<'iot:CreateJob'>['request'] {
  const { jobId, document, ordinal, things, namespaceId, inProgressTimeoutMinutes } = deed;
  return {
    jobId,
    targets:
      things === undefined
        ? [formatThingGroupArn(identity, fleetGroup)]
        : things.map((thingName) => formatThingArn(identity, thingName)),
    targetSelection: things === undefined ? 'CONTINUOUS' : 'SNAPSHOT',
    document: documentText(document, ordinal),
    ...(namespaceId !== undefined && { namespaceId }),
    ...(inProgressTimeoutMinutes !== undefined && {
      timeoutConfig: { inProgressTimeoutInMinutes: inProgressTimeoutMinutes },
    }),
  };
}

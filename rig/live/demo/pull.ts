/**
 * Pulling a running execution out from under a device. The device is stopped at the step it was cast for, the operator
 * deletes by force, and when the service has answered, the device goes on: so the pull hits that very step on every run, at
 * any speed, and the device learns of it as it would in the field, from the wire.
 */
import type { ExecutionIdentity, Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { Pull, PullMechanism } from './evidence.ts';
import { namespaceOf } from '../operator.ts';
import { deviceOf, jobTimeoutMs, settleMs } from './stage.ts';
import type { Stage } from './stage.ts';

/** A device stopped at its step, its execution still alive. */
export interface Stopped {
  readonly thingName: string;
  readonly step: Step;
  readonly execution: ExecutionIdentity;
}

/** What came of one pull. */
export interface Pulled {
  readonly pull: Pull;
  /** The inside of the device when it said that it had recovered, or when the settle time was over. */
  readonly settled: DeviceView;
}

/** Resolves when the device has come to the step and stands still; `undefined` when it never came. Call before the job is created. */
export async function stopAt(stage: Stage, thingName: string, step: Step, jobId: string): Promise<Stopped | undefined> {
  const device = deviceOf(stage, thingName);
  const event = await stage.recorder.next(
    thingName,
    (each) => entered(each, step, jobId) !== undefined,
    jobTimeoutMs,
    () => device.hold(),
  );
  const execution = event && entered(event, step, jobId);
  return execution && { thingName, step, execution };
}

function entered(event: DeviceEvent, step: Step, jobId: string): ExecutionIdentity | undefined {
  if (event.kind !== 'trace' || event.trace.kind !== 'step' || event.trace.step !== step) return undefined;
  return event.trace.execution.jobId === jobId ? event.trace.execution : undefined;
}

/** Deletes the execution of one stopped device, when it is its turn. */
export function pullExecution(stage: Stage, stopped: Stopped): Promise<Pulled> {
  const { thingName, execution } = stopped;
  return stage.recoveries.add(async () => {
    const status = await stage.operator.executionStatus(execution.jobId, thingName);
    await stage.operator.deleteExecution({ thingName, ...execution });
    return release(stage, stopped, 'DeleteJobExecution', status);
  });
}

/** Deletes a whole job under all its stopped devices at once; they go on in turn. */
export async function pullJob(stage: Stage, jobId: string, stopped: readonly Stopped[]): Promise<readonly Pulled[]> {
  const statuses = await Promise.all(stopped.map(({ thingName }) => stage.operator.executionStatus(jobId, thingName)));
  await stage.operator.deleteJob(jobId, namespaceOf(stopped[0]?.execution.namespaceId));
  return Promise.all(
    stopped.map((device, index) => stage.recoveries.add(() => release(stage, device, 'DeleteJob', statuses[index]))),
  );
}

async function release(
  stage: Stage,
  { thingName, step, execution }: Stopped,
  mechanism: PullMechanism,
  status: Pull['status'],
): Promise<Pulled> {
  const device = deviceOf(stage, thingName);
  const pull: Pull = { mechanism, execution, step, status, at: stage.now() };
  let settled: DeviceView | undefined;
  const recovered = stage.recorder.next(
    thingName,
    (event) =>
      event.kind === 'trace' && event.trace.kind === 'recovered' && event.trace.execution.jobId === execution.jobId,
    settleMs,
    () => {
      settled = device.view();
    },
  );
  stage.count('pulled');
  device.release();
  if ((await recovered) !== undefined) stage.count('recovered');
  return { pull, settled: settled ?? device.view() };
}

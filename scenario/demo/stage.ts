/** What every act of the demo works with, and the waits they share. All spans are device time. */
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { DeviceEvent, LiveDevice } from '../../agent/live-device.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type PQueue from 'p-queue';
import type { Operator } from '../operator.ts';
import type { Recorder } from './recorder.ts';

export interface Stage {
  readonly devices: ReadonlyMap<string, LiveDevice>;
  hardwareOf(thingName: string): HardwareProfile | undefined;
  readonly operator: Operator;
  readonly recorder: Recorder;
  /**
   * Recoveries under way at once, a few: one that is measured in device time suffers from whatever else this machine does.
   */
  readonly recoveries: PQueue;
  now(): EpochMs;
  /** Says what is going on, in a few words. */
  announce(act: string): void;
  count(what: Counted): void;
}

/** What live progress shows. */
export type Counted = 'pulled' | 'recovered' | 'canaries';

/** For a device that is well, a firmware job takes a minute or two; one that takes longer is not waited for. */
export const jobTimeoutMs: DurationMs = 15 * 60_000;
/** What a device has to recover in: a reboot, a self-test and a rollback fit in several times. Assumed. */
export const settleMs: DurationMs = 2 * 60_000;

export function deviceOf(stage: Stage, thingName: string): LiveDevice {
  const device = stage.devices.get(thingName);
  if (device === undefined) throw new Error(`The fleet has no device ${thingName}`);
  return device;
}

/** How the device says its execution of this job ended; `undefined` when it does not within the time. */
export async function whenFinished(
  stage: Stage,
  thingName: string,
  jobId: string,
  timeoutMs: DurationMs = jobTimeoutMs,
): Promise<Finished | undefined> {
  const event = await stage.recorder.next(thingName, (each) => finishedOf(each, jobId) !== undefined, timeoutMs);
  return event && finishedOf(event, jobId);
}

export interface Finished {
  readonly status: string;
  readonly executionNumber: number;
}

function finishedOf(event: DeviceEvent, jobId: string): Finished | undefined {
  if (event.kind !== 'trace' || event.trace.kind !== 'finished' || event.trace.execution.jobId !== jobId)
    return undefined;
  return { status: event.trace.status, executionNumber: event.trace.execution.executionNumber };
}

/** What every act of the demo works with, and the waits they share. All spans are device time. */
import type { DeviceView } from '../../../observation/inside.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { LiveDevice } from '../../../agent/live-device.ts';
import { isTerminal } from '../../../protocol/status.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { isQuiet } from '../../verdict/quiet.ts';
import type PQueue from 'p-queue';
import type { Operator, SeenExecution } from '../operator.ts';
import type { Recorder } from './recorder.ts';

export interface Stage {
  readonly devices: ReadonlyMap<string, LiveDevice>;
  hardwareOf(thingName: string): HardwareProfile | undefined;
  readonly operator: Operator;
  readonly recorder: Recorder;
  /**
   * Recoveries under way at once, a few: one that is measured in device time is longer when this machine does much else.
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

/** A device that says it has finished is looked up at once; one that says nothing, this often. */
const lookAgainMs: DurationMs = 30_000;

/**
 * How the execution of this job ended; `undefined` when it does not within the time. Over it is when the service has it in a
 * terminal status and the device does not work on it any more. The device's own word is only a hint: one whose last answer
 * was lost, or whose power was cut over it, never learns that it has finished.
 */
export async function whenOver(
  stage: Stage,
  thingName: string,
  jobId: string,
  timeoutMs: DurationMs = jobTimeoutMs,
): Promise<SeenExecution | undefined> {
  const device = deviceOf(stage, thingName);
  const giveUpAt = stage.now() + timeoutMs;
  while (stage.now() < giveUpAt) {
    await stage.recorder.next(
      thingName,
      (event) => isFinished(event, jobId),
      Math.min(lookAgainMs, giveUpAt - stage.now()),
    );
    const execution = await stage.operator.execution(jobId, thingName);
    if (execution === undefined || !isTerminal(execution.status)) continue;
    if (device.view().execution?.jobId !== jobId) return execution;
  }
  return undefined;
}

/**
 * Whether the device reset while it ran a handler of this job. How far the handler got is not known then, so FAILED is right:
 * to run it again might do its work twice (docs/recovery.md, at boot).
 */
export function wasInterrupted({ recorder }: Pick<Stage, 'recorder'>, thingName: string, jobId: string): boolean {
  const events = recorder.eventsOf(thingName);
  const running = events.findIndex(
    (event) =>
      event.kind === 'trace' &&
      event.trace.kind === 'step' &&
      event.trace.step === 'activate' &&
      event.trace.execution.jobId === jobId,
  );
  const ended = events.findLastIndex((event) => isFinished(event, jobId));
  return running !== -1 && events.slice(running, ended === -1 ? undefined : ended).some(isBoot);
}

/** The inside of the device once it is connected and idle, which is how views can be compared; as it is when it takes longer. */
export async function quietView(stage: Stage, thingName: string): Promise<DeviceView> {
  const device = deviceOf(stage, thingName);
  if (!isQuiet(device.view())) await stage.recorder.next(thingName, () => isQuiet(device.view()), settleMs);
  return device.view();
}

function isFinished(event: DeviceEvent, jobId: string): boolean {
  return event.kind === 'trace' && event.trace.kind === 'finished' && event.trace.execution.jobId === jobId;
}

function isBoot(event: DeviceEvent): boolean {
  return event.kind === 'trace' && event.trace.kind === 'boot';
}

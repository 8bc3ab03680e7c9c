/** One device's part of the report: its wave's record and events, judged and put on a timeline. */
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { PulledDevice } from './evidence.ts';
import type { DeviceReport } from '../../report/run-report.ts';
import { timelineOf } from './timeline.ts';
import { judge } from './verdict.ts';
import type { DeviceVerdict } from './verdict.ts';
import type { Recorder } from './recorder.ts';
import { settleMs } from './stage.ts';
import type { WaveRecord } from './wave.ts';

export interface ReportContext {
  readonly recorder: Recorder;
  /** When the run began; timelines count from here. */
  readonly origin: EpochMs;
  hardwareOf(thingName: string): HardwareProfile | undefined;
  /** What the firmware job leaves a device with. */
  readonly expectedVersion: string;
}

export function deviceReport(record: WaveRecord, context: ReportContext): DeviceReport {
  const { thingName, pull, after } = record;
  const timeline = timelineOf({
    thingName,
    events: context.recorder.eventsOf(thingName),
    calls: context.recorder.callsAbout(thingName, record.jobIds),
    origin: context.origin,
    from: record.startedAt,
    to: record.again.givenAt,
    ...(pull && { pull }),
  });
  const common = {
    thingName,
    hardware: context.hardwareOf(thingName)?.name ?? 'unknown',
    runningVersion: after.runningVersion,
    timeline,
  };
  if (pull === undefined) return { ...common, ...untouched(record), findings: [] };

  const verdict = judge(pulledDevice(record, pull, context));
  const { mechanism, step, execution } = pull;
  const { jobId, executionNumber, namespaceId } = execution;
  return {
    ...common,
    ...outcomeOf(verdict),
    findings: verdict.findings,
    pull: {
      step,
      mechanism,
      jobId,
      executionNumber,
      ...(namespaceId !== undefined && { namespaceId }),
      ...(verdict.recoveryMs !== undefined && { recoveryMs: verdict.recoveryMs }),
    },
  };
}

function pulledDevice(record: WaveRecord, pull: PulledDevice['pull'], context: ReportContext): PulledDevice {
  const { thingName, before, settled, after, afterPowerCut, again, canary } = record;
  return {
    thingName,
    pull,
    events: context.recorder.eventsOf(thingName),
    views: { before, after, ...(settled && { settled }), ...(afterPowerCut && { afterPowerCut }) },
    settleMs,
    again,
    canary,
    expectedVersion: context.expectedVersion,
  };
}

type Outcome = Pick<DeviceReport, 'outcome' | 'reason'>;

function outcomeOf({ verdict, findings, recoveryMs }: DeviceVerdict): Outcome {
  switch (verdict) {
    case 'pass':
      return { outcome: 'recovered', reason: `valid again ${((recoveryMs ?? 0) / 1000).toFixed(1)} s after the pull` };
    case 'inconclusive':
      return { outcome: 'inconclusive', reason: 'its execution was not running as it was pulled' };
    case 'fail': {
      const broken = findings.filter(({ outcome }) => outcome === 'fail');
      return { outcome: 'invalid', reason: broken.map(({ claim, reason }) => `${claim}: ${reason}`).join('; ') };
    }
  }
}

/** A device that was to be pulled and never came to its step, or one that was left alone. */
function untouched({ step, first, again, canary }: WaveRecord): Outcome {
  if (step !== undefined) return { outcome: 'inconclusive', reason: `never came to ${step}, so it was not pulled` };
  const unfinished = [first, again, canary].filter(
    (job) => job?.ended !== 'SUCCEEDED' && !(job?.ended === 'FAILED' && job.interrupted),
  );
  if (unfinished.length === 0) return { outcome: 'untouched', reason: 'left alone: finished its jobs' };
  const words = unfinished.map((job) => `${job?.jobId ?? 'its job'} ended ${job?.ended ?? 'never'}`);
  return { outcome: 'invalid', reason: words.join('; ') };
}

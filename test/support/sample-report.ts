/** A report as a run of the demo leaves it, small enough to read and with every outcome in it. */
import { steps } from '../../observation/execution.ts';
import { claims } from '../../rig/live/demo/claims.ts';
import type { ClaimId, Finding } from '../../rig/live/demo/claims.ts';
import type { DemoReport, DeviceReport, TimelineEntry } from '../../rig/report/run-report.ts';
import { spreadOf } from '../../rig/report/statistics.ts';

export interface SampleNames {
  readonly thingName?: (index: number) => string;
  readonly jobId?: string;
  readonly note?: string;
}

/** Every seventh device is broken, every tenth was left alone. */
export function sampleReport(things: number, names: SampleNames = {}): DemoReport {
  const deviceReports = Array.from({ length: things }, (_, index) => sampleDevice(index, names));
  const invalid = deviceReports.filter(({ outcome }) => outcome === 'invalid').length;
  return {
    jobrig: '0.0.0',
    verb: 'demo',
    seed: 1,
    startedAt: '2026-11-22T10:00:00.000Z',
    endedAt: '2026-11-22T10:00:31.000Z',
    verdict: invalid > 0 ? 'fail' : 'pass',
    things,
    timeScale: 20,
    pulls: steps.flatMap((step) => {
      const pulled = deviceReports.filter(({ pull }) => pull?.step === step);
      const recoveryMs = spreadOf(pulled.flatMap(({ pull }) => pull?.recoveryMs ?? []));
      const recovered = pulled.filter(({ outcome }) => outcome === 'recovered').length;
      return pulled.length === 0 ? [] : [{ step, pulled: pulled.length, recovered, ...(recoveryMs && { recoveryMs }) }];
    }),
    devices: { valid: things - invalid, invalid },
    canary: { succeeded: things - invalid, failed: invalid },
    documents: [
      { document: 'reboot.json', expected: { SUCCEEDED: 6 }, ended: { SUCCEEDED: 6 }, mistaken: 0 },
      {
        document: 'unicode.json',
        expected: { SUCCEEDED: 3, REJECTED: 3 },
        ended: { SUCCEEDED: 2, REJECTED: 4 },
        mistaken: 1,
      },
    ],
    hardware: [
      {
        name: 'esp32-s3',
        description: `on a desk ${names.note ?? ''}`,
        devices: 1,
        figures: 30,
        assumed: [{ path: 'ram.firmwareBytes', value: 163_840, source: `assumed ${names.note ?? ''}` }],
      },
    ],
    faults: { 'reply lost': 12, 'power-cut': 3 },
    deviceReports,
  };
}

function sampleDevice(
  index: number,
  { thingName = (at) => `thing-${at + 1}`, jobId = 'firmware-1-plain', note = '' }: SampleNames,
): DeviceReport {
  const step = steps[index % 10];
  const broken = index % 7 === 6;
  const common = { thingName: thingName(index), hardware: index % 2 ? 'esp32-s3' : 'rp2040', runningVersion: '2.0.0' };
  if (step === undefined) {
    const outcome = broken ? 'invalid' : 'untouched';
    return { ...common, outcome, reason: `left alone ${note}`, findings: [], timeline: { entries: [], omitted: 0 } };
  }
  return {
    ...common,
    outcome: broken ? 'invalid' : 'recovered',
    reason: broken ? `V2: went on working for a dead execution ${note}` : `valid again 1.2 s after the pull ${note}`,
    pull: {
      step,
      mechanism: index % 3 ? 'DeleteJobExecution' : 'DeleteJob',
      jobId,
      executionNumber: 1,
      ...(index % 4 === 0 && { namespaceId: 'jobrig-demo' }),
      ...(!broken && { recoveryMs: 40 + ((index * 7919) % 6000) }),
    },
    findings: (Object.keys(claims) as ClaimId[]).map((claim) => sampleFinding(claim, broken, note)),
    timeline: { entries: sampleEntries(step, jobId, note), omitted: index === 0 ? 3 : 0 },
  };
}

function sampleFinding(claim: ClaimId, broken: boolean, note: string): Finding {
  if (claim === 'V9')
    return { claim, outcome: 'not-observed', reason: 'no later job reported a version', evidence: [] };
  if (claim !== 'V2' || !broken) return { claim, outcome: 'pass', reason: 'as it should be', evidence: [] };
  const topic = '$aws/things/thing-7/jobs/firmware-1-plain/update';
  return {
    claim,
    outcome: 'fail',
    reason: 'went on working for a dead execution',
    evidence: [{ at: 1000, direction: 'sent', topic, note: `update to IN_PROGRESS ${note}` }],
  };
}

function sampleEntries(step: (typeof steps)[number], jobId: string, note: string): readonly TimelineEntry[] {
  const topic = `$aws/things/thing/jobs/${jobId}/update`;
  return [
    { at: 0, from: 'operator', to: 'service', label: `CreateJob ${jobId}`, tone: 'plain', step: 'idle' },
    { at: 60, from: 'service', to: 'device', label: `next: ${jobId} QUEUED`, tone: 'plain', step: 'idle', topic },
    {
      at: 61,
      from: 'device',
      to: 'service',
      label: `update ${jobId} to IN_PROGRESS, expects version 1`,
      tone: 'plain',
      step: 'receive',
      topic,
    },
    {
      at: 80,
      from: 'service',
      to: 'device',
      label: 'accepted, IN_PROGRESS version 2',
      tone: 'plain',
      step: 'receive',
      topic,
    },
    { at: 90, from: 'device', to: 'device', label: step, tone: 'plain', step },
    { at: 300, from: 'operator', to: 'service', label: `DeleteJobExecution ${jobId} by force`, tone: 'pull', step },
    {
      at: 340,
      from: 'service',
      to: 'service',
      label: `${jobId}#1 is gone; the device is at ${step}`,
      tone: 'pull',
      step,
    },
    { at: 345, from: 'service', to: 'device', label: 'pending: none', tone: 'plain', step, topic },
    {
      at: 346,
      from: 'device',
      to: 'device',
      label: `learnt from notify that ${jobId} is gone, at ${step} ${note}`,
      tone: 'bad',
      step,
    },
    { at: 520, from: 'device', to: 'device', label: `recovered from ${jobId}`, tone: 'recovery', step: 'idle' },
    { at: 530, from: 'device', to: 'service', label: 'DescribeJobExecution $next', tone: 'plain', step: 'idle', topic },
    {
      at: 545,
      from: 'service',
      to: 'device',
      label: `rejected RequestThrottled: slow down ${note}`,
      tone: 'bad',
      step: 'idle',
      topic,
    },
  ];
}

/** A report as a run of the demo leaves it, small enough to read and with every outcome in it. */
import { type Step, steps } from '../../observation/execution.ts';
import type { Observation } from '../../observation/observation.ts';
import type { DemoReport, DeviceReport } from '../../rig/report/run-report.ts';
import { spreadOf } from '../../rig/report/statistics.ts';
import { type ClaimId, type Finding, claimIds } from '../../rig/verdict/contract.ts';

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
    coverage: { steps: 9, scenarios: 99, seeds: 500 },
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
    causes: sampleCauses(deviceReports, names),
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
    host: { pace: 19.8, behindMs: 120, longestAnswerMs: 400 },
    deviceReports,
    runs: [],
  };
}

function sampleCauses(devices: readonly DeviceReport[], { note = '' }: SampleNames): DemoReport['causes'] {
  const broken = devices.filter(({ outcome }) => outcome === 'invalid').map(({ thingName }) => thingName);
  if (broken.length === 0) return [];
  const claimText = 'no zombie work: stops working for an execution that it was told is gone';
  const told = { claim: 'V2', claimText, reason: `updates what is gone ${note}`, resembles: ['R21'] };
  return [
    { act: 'live', ...told, found: broken.length, in: broken.slice(0, 20), scenario: 'wave-1' },
    { act: 'virtual', ...told, found: 1, in: ['seed 7'], scenario: 'seed-7-v2', replay: `npx jobrig simulate ${note}` },
  ];
}

const unseen = { startedAt: 0, observations: [], omitted: 0 } as const;

function sampleDevice(
  index: number,
  { thingName = (at) => `thing-${at + 1}`, jobId = 'firmware-1-plain', note = '' }: SampleNames,
): DeviceReport {
  const step = steps[index % 10];
  const broken = index % 7 === 6;
  const common = { thingName: thingName(index), hardware: index % 2 ? 'esp32-s3' : 'rp2040', runningVersion: '2.0.0' };
  if (step === undefined) {
    const outcome = broken ? 'invalid' : 'untouched';
    return { ...common, outcome, reason: `left alone ${note}`, findings: [], ...unseen };
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
      at: 340,
      ...(index % 4 === 0 && { namespaceId: 'jobrig-demo' }),
      ...(!broken && { recoveryMs: 40 + ((index * 7919) % 6000) }),
    },
    findings: claimIds.map((claim) => sampleFinding(claim, broken, common.thingName, note)),
    startedAt: 0,
    observations: sampleObservations(common.thingName, step, jobId, note),
    omitted: index === 0 ? 3 : 0,
  };
}

function sampleFinding(claim: ClaimId, broken: boolean, thingName: string, note: string): Finding {
  if (claim === 'V9')
    return { claim, outcome: 'not-observed', reason: 'no later job reported a version', evidence: [] };
  if (claim !== 'V2' || !broken) return { claim, outcome: 'pass', reason: 'as it should be', evidence: [] };
  const evidence = [sent(1000, thingName, 'firmware-1-plain', note)];
  return { claim, outcome: 'fail', reason: `updates what is gone ${note}`, evidence, catalog: ['R21'] };
}

function sent(at: number, thingName: string, jobId: string, note: string): Observation {
  const body = { status: 'IN_PROGRESS', statusDetails: { progress: note } } as const;
  const request = { operation: 'UpdateJobExecution', jobId, body } as const;
  return { at, kind: 'sent', source: 'device', thingName, request, via: 'mqtt' };
}

/** What is seen of a device whose job is pulled at a step, the first instant being 0. */
function sampleObservations(thingName: string, step: Step, jobId: string, note: string): readonly Observation[] {
  const execution = { jobId, executionNumber: 1, queuedAt: 0 };
  const device = { source: 'device', thingName } as const;
  const service = { source: 'service', thingName, kind: 'execution', execution } as const;
  const payload = { timestamp: 0 };
  return [
    { at: 0, kind: 'called', source: 'operator', operation: 'CreateJob', jobId, outcome: 'ok', startedAt: 0 },
    { at: 1, ...service, status: 'QUEUED', versionNumber: 1, by: 'operator' },
    sent(61, thingName, jobId, note),
    { at: 90, ...device, kind: 'traced', trace: { kind: 'step', step, execution, percent: 0 } },
    { at: 340, ...service, status: 'DELETED', versionNumber: 2, by: 'operator', force: true },
    {
      at: 345,
      ...device,
      kind: 'received',
      message: { kind: 'notification', name: 'JobExecutionsChanged', bytes: 30, payload: { ...payload, jobs: {} } },
    },
    { at: 346, ...device, kind: 'traced', trace: { kind: 'pulled', step, execution, by: 'notify' } },
    { at: 520, ...device, kind: 'traced', trace: { kind: 'recovered', execution } },
    {
      at: 545,
      ...device,
      kind: 'received',
      message: {
        kind: 'reply',
        outcome: 'rejected',
        operation: 'UpdateJobExecution',
        jobId,
        bytes: 80,
        payload: { ...payload, code: 'RequestThrottled', message: `slow down ${note}` },
      },
    },
  ];
}

/**
 * The main job, from nothing to a verdict: a fleet over real sockets, an operator over the real SDK, waves of firmware jobs
 * that are deleted while they run, and for every device the question whether it ended in a valid state. The service is
 * given; where it runs, and what happens to the report, is the caller's business.
 */
import { steps } from '../../../observation/execution.ts';
import { createRequire } from 'node:module';
import PQueue from 'p-queue';
import type { BoardOptions } from '../../../agent/board/board.ts';
import type { Board } from '../../../agent/board/contract.ts';
import { createDeviceClock } from '../../../agent/device-clock.ts';
import { startFleet, thingNameOf } from '../../../agent/fleet.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { InjectedFault } from '../../../faults/thing-faults.ts';
import type { FaultPlan } from '../../../faults/plan.ts';
import { createTally } from '../../../faults/tally.ts';
import { Operator } from '../operator.ts';
import type { DemoReport, DeviceReport, DocumentSummary, PullSummary } from '../../report/run-report.ts';
import { spreadOf } from '../../report/statistics.ts';
import type { Verdict } from './verdict.ts';
import { deviceReport } from './device-report.ts';
import { greengrassNamespace, readJobDocument, runDocuments } from './documents.ts';
import { hardwareReports } from './hardware-report.ts';
import { demoNamespace, planWaves } from './plan.ts';
import { Recorder } from './recorder.ts';
import type { Counted, Stage } from './stage.ts';
import { runWave } from './wave.ts';
import type { WaveRecord } from './wave.ts';

export interface DemoOptions {
  /** A running service: where devices and operator find it. */
  readonly service: {
    readonly mqttUrl: string;
    readonly httpUrl: string;
    readonly region: string;
    /** Tells of what goes wrong at the service. */
    onFault?(hear: (fault: InjectedFault, thingName?: string) => void): void;
  };
  readonly things: number;
  readonly seed: number;
  /** Device seconds in a wall second; the service's too. */
  readonly timeScale: number;
  /** A profile's name, `mix`, or profiles for the things to take in turn. */
  readonly hardware: string | readonly HardwareProfile[];
  /** What goes wrong with the devices beside the pulls, since all of them are connected. */
  readonly faults?: FaultPlan;
  /** Ends the run early: it then rejects with the signal's reason, everything closed. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DemoProgress) => void;
  /** Another board than the reference device, to see the verdict fail. */
  readonly boardOf?: (options: BoardOptions) => Board;
}

export interface DemoProgress extends Readonly<Record<Counted, number>> {
  /** What is going on, in a few words. */
  readonly act: string;
  readonly things: number;
  readonly connected: number;
}

const prefix = 'thing-';
const groupName = 'jobrig-demo';
const recoveriesAtOnce = 4;
const { version } = createRequire(import.meta.url)('jobrig/package.json') as { readonly version: string };

/** A job that every device can do at once and without a reboot. */
const canaryDocument = JSON.stringify({
  version: '1.0',
  steps: [
    { action: { name: 'Canary', type: 'runHandler', input: { handler: 'canary.sh', args: [], path: 'default' } } },
  ],
});

export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { service, things, seed, timeScale, hardware } = options;
  const startedAt = new Date();
  const clock = createDeviceClock(timeScale);
  const signal = options.signal ?? new AbortController().signal;
  using recorder = new Recorder(clock);
  signal.addEventListener('abort', () => recorder.abort(signal.reason), { once: true });
  const names = Array.from({ length: things }, (_, index) => thingNameOf(prefix, index + 1));
  const progress = progressOf(options);
  using operator = new Operator({
    endpoint: service.httpUrl,
    region: service.region,
    now: clock.now,
    onCall: (call) => recorder.noteCall(call),
    signal,
  });

  const tally = createTally();
  service.onFault?.((fault, thingName) => {
    tally.add(fault.name);
    if (thingName !== undefined) recorder.note(thingName, { kind: 'fault', fault, at: clock.now() });
  });

  progress.announce('things and connections');
  await operator.createThings(names, groupName);
  await using fleet = await startFleet({
    endpoint: service.mqttUrl,
    things,
    prefix,
    hardware,
    clock,
    seed,
    ...(options.faults && { faults: options.faults }),
    namespaces: [greengrassNamespace, demoNamespace],
    onEvent: (thingName, event) => {
      recorder.note(thingName, event);
      if (event.kind === 'fault') tally.add(event.fault.name);
      if (event.kind === 'connected' || event.kind === 'disconnected' || event.kind === 'power') {
        progress.connection(thingName, event.kind === 'connected');
      }
    },
    signal,
    ...(options.boardOf && { boardOf: options.boardOf }),
  });
  const hardwareOf = (thingName: string) => fleet.hardwareOf(thingName);
  const recoveries = new PQueue({ concurrency: recoveriesAtOnce });
  const stage: Stage = {
    devices: fleet.devices,
    hardwareOf,
    operator,
    recorder,
    recoveries,
    now: clock.now,
    ...progress,
  };
  const origin = clock.now();
  const documents = await runDocuments(stage, names);
  const firmware = await readJobDocument('jobrig-firmware.json');
  const records: WaveRecord[] = [];
  for (const wave of planWaves(names)) {
    records.push(...(await runWave(stage, wave, { firmware, canary: canaryDocument })));
  }
  const expectedVersion = (JSON.parse(firmware) as { readonly version: string }).version;
  const context = { recorder, origin, expectedVersion, hardwareOf };
  const deviceReports = records.map((record) => deviceReport(record, context));
  const head = { jobrig: version, verb: 'demo', seed, things, timeScale } as const;
  const times = { startedAt: startedAt.toISOString(), endedAt: new Date().toISOString() };
  return {
    ...head,
    ...times,
    ...conclusion(deviceReports, documents, records),
    documents,
    hardware: hardwareReports(names.map(hardwareOf)),
    faults: tally.counts(),
    deviceReports,
  };
}

function progressOf({ things, onProgress }: DemoOptions) {
  const counts: Record<Counted, number> = { pulled: 0, recovered: 0, canaries: 0 };
  let act = '';
  const connected = new Set<string>();
  const tell = () => onProgress?.({ act, things, connected: connected.size, ...counts });
  return {
    announce(next: string) {
      act = next;
      tell();
    },
    count(what: Counted) {
      counts[what] += 1;
      tell();
    },
    connection(thingName: string, up: boolean) {
      if (up) connected.add(thingName);
      else connected.delete(thingName);
      tell();
    },
  };
}

function conclusion(
  devices: readonly DeviceReport[],
  documents: readonly DocumentSummary[],
  records: readonly WaveRecord[],
): Pick<DemoReport, 'verdict' | 'pulls' | 'devices' | 'canary'> {
  const invalid = devices.filter(({ outcome }) => outcome === 'invalid').length;
  const succeeded = records.filter(({ canary }) => canary.ended === 'SUCCEEDED').length;
  return {
    verdict: verdictOf(devices, documents),
    pulls: steps.flatMap((step) => pullSummary(devices, step)),
    devices: { valid: devices.length - invalid, invalid },
    canary: { succeeded, failed: records.length - succeeded },
  };
}

function verdictOf(devices: readonly DeviceReport[], documents: readonly DocumentSummary[]): Verdict {
  if (documents.some(({ mistaken }) => mistaken > 0) || devices.some(({ outcome }) => outcome === 'invalid'))
    return 'fail';
  return devices.some(({ outcome }) => outcome === 'inconclusive') ? 'inconclusive' : 'pass';
}

function pullSummary(devices: readonly DeviceReport[], step: PullSummary['step']): readonly PullSummary[] {
  const pulled = devices.filter(({ pull }) => pull?.step === step);
  if (pulled.length === 0) return [];
  const recovered = pulled.filter(({ outcome }) => outcome === 'recovered');
  const recoveryMs = spreadOf(recovered.flatMap(({ pull }) => pull?.recoveryMs ?? []));
  return [{ step, pulled: pulled.length, recovered: recovered.length, ...(recoveryMs && { recoveryMs }) }];
}

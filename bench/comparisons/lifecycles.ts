/**
 * Two services run the same lifecycles with the same kind of fleet, each with all its things connected, in turn. A round is
 * so many executions, each on another thing, a window of them in flight. This file measures one pair; `naive.ts`,
 * `logic.ts`, `latency.ts` and `durable.ts` say what is compared.
 */
import type { Child, Measured } from '../../rig/process/child.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { Size } from '../figures.ts';
import type { Latency } from '../load/latency.ts';
import type { Codec, FleetQuestions } from '../processes/fleet.ts';
import { interleave, medianOf, type Pair, rotate } from '../rounds.ts';
import type { ServiceQuestions } from '../services/service-questions.ts';

export interface LifecycleSample {
  /** CPU time a lifecycle. */
  readonly serviceMicros: number;
  readonly fleetMicros: number;
  readonly executionsPerSecond: number;
  /** Of an exchange. */
  readonly latency: Latency;
  /** Service and fleet together at the end of the round, above what both had before anything was connected. */
  readonly bytesPerThing: number;
}

export type ServiceProcess =
  'jobs-service' | 'durable-service' | 'postgres-service' | 'naive-service' | 'canned-service';

export interface Compared {
  readonly ours: ServiceProcess;
  readonly theirs: ServiceProcess;
}

interface Rig {
  readonly service: Child<ServiceQuestions>;
  readonly fleet: Child<FleetQuestions>;
  readonly idleBytes: number;
}

export async function compareLifecycles(
  { ours, theirs }: Compared,
  codec: Codec,
  size: Size,
  say: (text: string) => void,
): Promise<readonly Pair<LifecycleSample>[]> {
  const started: Measured[] = [];
  try {
    const [ourRig, theirRig] = [
      await assemble(ours, codec, size, say, started),
      await assemble(theirs, codec, size, say, started),
    ];
    return await interleave(
      { ours: () => measure(ourRig, size), theirs: () => measure(theirRig, size) },
      size.rounds,
      (done) => say(`round ${done} of ${size.rounds}`),
    );
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

/** Several in turn. @returns of each round a sample of each, in the order of their names */
export async function rotateLifecycles(
  names: readonly ServiceProcess[],
  codec: Codec,
  size: Size,
  say: (text: string) => void,
): Promise<readonly (readonly LifecycleSample[])[]> {
  const started: Measured[] = [];
  try {
    const rigs: Rig[] = [];
    for (const name of names) rigs.push(await assemble(name, codec, size, say, started));
    const measured = rigs.map((rig) => () => measure(rig, size));
    return await rotate(measured, size.rounds, (done) => say(`round ${done} of ${size.rounds}`));
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

async function assemble(
  name: ServiceProcess,
  codec: Codec,
  { things }: Size,
  say: (text: string) => void,
  started: Measured[],
): Promise<Rig> {
  const service = startBenchProcess<ServiceQuestions>(name);
  const fleet = startBenchProcess<FleetQuestions>('fleet');
  started.push(service, fleet);
  const port = await service.ask('open', { things });
  const idleBytes = await residentBytes(service, fleet);
  say(`connecting ${things} things to ${name} (${codec})`);
  await fleet.ask('connect', { port, things, codec });
  return { service, fleet, idleBytes };
}

async function measure(
  { service, fleet, idleBytes }: Rig,
  { things, executions, window }: Size,
): Promise<LifecycleSample> {
  await service.ask('begin', undefined);
  const before = await Promise.all([service.usage(), fleet.usage()]);
  const elapsedMs = await service.ask('run', { executions, window });
  const latency = await fleet.ask('settle', { lifecycles: executions });
  const after = await Promise.all([service.usage(), fleet.usage()]);
  return {
    serviceMicros: (after[0].cpuMicros - before[0].cpuMicros) / executions,
    fleetMicros: (after[1].cpuMicros - before[1].cpuMicros) / executions,
    executionsPerSecond: (executions * 1000) / elapsedMs,
    latency,
    bytesPerThing: (after[0].residentBytes + after[1].residentBytes - idleBytes) / things,
  };
}

async function residentBytes(...processes: readonly Measured[]): Promise<number> {
  const usages = await Promise.all(processes.map((process) => process.usage()));
  return usages.reduce((sum, usage) => sum + usage.residentBytes, 0);
}

/** What bounds executions/s on a machine whose cores serve both sides. */
export function totalMicros({ serviceMicros, fleetMicros }: LifecycleSample): number {
  return serviceMicros + fleetMicros;
}

export function micros(samples: readonly LifecycleSample[]): string {
  const service = medianOf(samples, (sample) => sample.serviceMicros);
  const fleet = medianOf(samples, (sample) => sample.fleetMicros);
  return `${service.toFixed(0)} + ${fleet.toFixed(0)}`;
}

export function byTheClock(pairs: readonly Pair<LifecycleSample>[]): string {
  return `${medianOf(pairs, ({ ours, theirs }) => ours.executionsPerSecond / theirs.executionsPerSecond).toFixed(2)}×`;
}

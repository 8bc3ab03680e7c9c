/**
 * What the processes of a run have told, put together: counters of the fleet and of the service, latencies, a sample for each
 * second. Becomes the run that is kept.
 */
import type { DurationMs } from '../../protocol/time.ts';
import type { Exchange, JobCounts, LoadPhase, LoadProcess, LoadRun, LoadSample } from './contract.ts';
import type { FleetReport } from './fleet-counts.ts';
import { Latencies } from './histograms.ts';
import { monotonicMs } from './monotonic.ts';
import type { PartReport } from './part.ts';
import type { LoadRequest } from './load-request.ts';
import type { ServiceReport } from './load-service.ts';

export interface Part {
  readonly name: string;
  readonly role: LoadProcess['role'];
  readonly things: number;
}

type Known = Part & {
  idleBytes: number;
  peakBytes: number;
  cpuMs: DurationMs;
  busiest: number;
  busy: number;
  bytes: number;
  cpuBefore: DurationMs;
  /** Of those that had the name before. */
  cpuGone: DurationMs;
};

function newlyKnown(part: Part): Known {
  return { ...part, idleBytes: 0, peakBytes: 0, cpuMs: 0, busiest: 0, busy: 0, bytes: 0, cpuBefore: 0, cpuGone: 0 };
}

const noCounts: JobCounts = { made: 0, started: 0, succeeded: 0, failed: 0, pulled: 0 };
const noFleet: FleetReport = {
  connected: 0,
  connecting: 0,
  recovered: 0,
  exchanges: 0,
  jobs: {},
  failures: {},
  refusals: {},
  histograms: {},
};
/** Beyond so many samples two become one. */
const mostSamples = 3600;
/** A fleet's process is the limit while its loop is never idle and the service's is. */
const neverIdle = 0.97;
const idleEnough = 0.92;
/** Of the seconds in which executions ran, how many may be so before the run is. */
const saturatedShare = 0.1;

export class Tally {
  readonly first: number;
  readonly count: number;
  readonly #request: LoadRequest;
  readonly #startedAt = Date.now();
  readonly #startedMs = monotonicMs();
  readonly #parts: Known[] = [];
  readonly #others = new Map<string, Known>();
  readonly #latencies = new Map<Exchange, Latencies>();
  #samples: LoadSample[] = [];
  readonly #phases: LoadPhase[] = [];
  readonly #rollouts: {
    readonly base: string;
    readonly planned: number | undefined;
    readonly holds: boolean;
    isTaken: boolean;
  }[] = [];
  readonly #histories = new Map<string, { at: DurationMs; done: number }[]>();
  fleet: FleetReport = noFleet;
  service: ServiceReport | undefined;
  #sampledMs: DurationMs;
  #sampled = { succeeded: 0, exchanges: 0, failures: 0, refusals: 0 };
  #exchangesBefore = 0;
  #connects: { readonly count: number; readonly tookMs: DurationMs } | undefined;
  #changedAt = monotonicMs();
  #signature = '';
  #activeSeconds = 0;
  #saturatedSeconds = 0;
  #partial: string | undefined;

  constructor(request: LoadRequest) {
    this.#request = request;
    const { things } = request.shape.given;
    const { index = 1, of = 1 } = request.slice ?? {};
    this.first = Math.floor((things * (index - 1)) / of);
    this.count = Math.floor((things * index) / of) - this.first;
    this.#sampledMs = this.#startedMs;
  }

  addPart(part: Part): void {
    this.#parts.push(newlyKnown(part));
  }

  /** What the processes have now they have without things. */
  idle(): void {
    for (const part of this.#processes) part.idleBytes = part.bytes;
  }

  /** @returns what to call at its end */
  begin(name: string): () => void {
    const fromMs = this.#elapsed();
    return () => void this.#phases.push({ name, fromMs, toMs: this.#elapsed() });
  }

  allConnected(): void {
    const { connectsFrom = 0, connectsTo = 0, connected, exchanges } = this.fleet;
    this.#connects = { count: connected, tookMs: connectsTo - connectsFrom };
    this.#exchangesBefore = exchanges;
  }

  rolledOut(base: string, planned: number | undefined, holds: boolean): void {
    this.#rollouts.push({ base, planned, holds, isTaken: false });
  }

  takenAway(base: string): void {
    for (const rollout of this.#rollouts) if (rollout.base === base) rollout.isTaken = true;
  }

  /** What was made until now is all that is to be made. */
  stopRollouts(): void {
    for (const rollout of this.#rollouts) rollout.isTaken ||= !rollout.holds;
  }

  stopped(reason: string): void {
    this.#partial = reason;
  }

  historyOf(name: string): { at: DurationMs; done: number }[] {
    let history = this.#histories.get(name);
    if (history === undefined) this.#histories.set(name, (history = []));
    return history;
  }

  /** One report of each part, in their order. */
  add(reports: readonly PartReport[], at: DurationMs, tookLatencies: boolean): void {
    const interval = new Latencies();
    let fleet = noFleet;
    reports.forEach((report, index) => {
      this.#use(this.#parts[index]!, report);
      for (const usage of report.others ?? []) this.#use(this.#other(usage.name), usage);
      if (report.service !== undefined) this.service = report.service;
      if (report.fleet === undefined) return;
      fleet = sumOf(fleet, report.fleet);
      for (const [exchange, text] of Object.entries(report.fleet.histograms) as [Exchange, string][]) {
        let latencies = this.#latencies.get(exchange);
        if (latencies === undefined) this.#latencies.set(exchange, (latencies = new Latencies()));
        latencies.add(text);
        if (exchange === 'update' || exchange === 'start-next') interval.add(text);
      }
    });
    this.fleet = fleet;
    const signature = JSON.stringify([fleet.connected, fleet.recovered, fleet.exchanges, this.service?.jobs]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#changedAt = at;
    }
    if (tookLatencies) this.#sample(at, interval);
  }

  #use(part: Known, { cpuMs, bytes, busy }: Pick<PartReport, 'cpuMs' | 'bytes' | 'busy'>): void {
    // One that was started again counts from nothing.
    if (cpuMs < part.cpuMs) part.cpuGone += part.cpuMs;
    part.cpuMs = cpuMs;
    part.bytes = bytes;
    part.peakBytes = Math.max(part.peakBytes, bytes);
    part.busy = busy;
    part.busiest = Math.max(part.busiest, busy);
  }

  /** A process that a part has started: an engine, or a door. They come behind all parts. */
  #other(name: string): Known {
    let other = this.#others.get(name);
    if (other === undefined) this.#others.set(name, (other = newlyKnown({ name, role: 'service', things: 0 })));
    return other;
  }

  get #processes(): readonly Known[] {
    return [...this.#parts, ...this.#others.values()];
  }

  unchangedForMs(at: DurationMs): DurationMs {
    return at - this.#changedAt;
  }

  /** Of all jobs whose ids begin so: as the service counts them where it is ours. */
  jobs(base: string): JobCounts {
    return total(this.service?.jobs ?? this.fleet.jobs, this.service === undefined ? '' : base);
  }

  get failures(): number {
    return sum(Object.values(this.fleet.failures));
  }

  /** Whether all is over that was begun, but for what holds until it is taken away. */
  isOver(): boolean {
    return this.#rollouts.every(({ base, planned, holds, isTaken }) => {
      const { made, succeeded, failed, pulled } = this.jobs(base);
      if (holds && !isTaken) return true;
      return succeeded + failed + pulled >= (isTaken ? made : (planned ?? made));
    });
  }

  now() {
    const last = this.#samples.at(-1);
    return {
      connected: this.fleet.connected,
      succeeded: total(this.fleet.jobs, '').succeeded,
      exchangesPerSecond: last === undefined ? 0 : (last.exchanges * 1000) / last.spanMs,
      ...(last?.latencyMs && { p99Ms: last.latencyMs.p99 }),
      failures: this.failures,
    };
  }

  get samples(): readonly LoadSample[] {
    return this.#samples;
  }

  #elapsed(): DurationMs {
    return monotonicMs() - this.#startedMs;
  }

  #sample(at: DurationMs, interval: Latencies): void {
    const { succeeded, started, failed, pulled } = total(this.fleet.jobs, '');
    const spanMs = at - this.#sampledMs;
    if (spanMs < 1) return;
    const now = {
      succeeded,
      exchanges: this.fleet.exchanges,
      failures: this.failures,
      refusals: sum(Object.values(this.fleet.refusals)),
    };
    const { p50, p95, p99, max } = interval.latency();
    this.#samples.push({
      atMs: at - this.#startedMs,
      spanMs,
      connected: this.fleet.connected,
      inProgress: Math.max(0, started - succeeded - failed - pulled),
      succeeded: now.succeeded - this.#sampled.succeeded,
      exchanges: now.exchanges - this.#sampled.exchanges,
      failures: now.failures - this.#sampled.failures,
      refusals: now.refusals - this.#sampled.refusals,
      ...(interval.count > 0 && { latencyMs: { p50, p95, p99, max } }),
      processes: this.#processes.map((part) => {
        const used = part.cpuGone + part.cpuMs;
        const cpu = (used - part.cpuBefore) / spanMs;
        part.cpuBefore = used;
        return { name: part.name, cpu, bytes: part.bytes };
      }),
    });
    if (now.succeeded > this.#sampled.succeeded) this.#judgeSecond();
    this.#sampled = now;
    this.#sampledMs = at;
    if (this.#samples.length > mostSamples) this.#samples = halved(this.#samples);
  }

  #judgeSecond(): void {
    this.#activeSeconds += 1;
    const fleet = this.#parts.filter(({ role }) => role === 'fleet');
    const isServiceIdle = this.#processes.every(({ role, busy }) => role !== 'service' || busy < idleEnough);
    if (isServiceIdle && fleet.some(({ busy }) => busy >= neverIdle)) this.#saturatedSeconds += 1;
  }

  run(): LoadRun {
    const { fleet } = this;
    const { jobrig, seed, shape, pacing, slice, hardwareName, transport, endpoint } = this.#request;
    const own = total(fleet.jobs, '');
    const spanMs = (fleet.executionsTo ?? 0) - (fleet.executionsFrom ?? 0);
    const executions = this.#executions(own);
    const notFinished = executions.wanted - executions.succeeded - own.failed;
    return {
      form: 'jobrig load run 1',
      jobrig,
      seed,
      shape: shape.id,
      claim: shape.claim,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      things: this.count,
      ...(slice && { slice }),
      settings: {
        executions: shape.given.executions,
        updates: shape.given.work.updates,
        pacing:
          pacing.kind === 'rate'
            ? `${pacing.perSecond}/s`
            : pacing.kind === 'window'
              ? `window ${pacing.window}`
              : 'AWS',
        hardware: hardwareName,
        transport,
        endpoint: endpoint ?? 'own service',
      },
      executions,
      executionsPerSecond: perSecond(executions.succeeded, spanMs),
      exchangesPerSecond: perSecond(fleet.exchanges - this.#exchangesBefore, spanMs),
      connectsPerSecond: this.#connects === undefined ? 0 : perSecond(this.#connects.count - 1, this.#connects.tookMs),
      histograms: Object.fromEntries([...this.#latencies].map(([exchange, latencies]) => [exchange, latencies.text()])),
      timeline: this.#samples,
      phases: this.#phases,
      processes: this.#processes.map(({ name, role, things, idleBytes, peakBytes, cpuMs, cpuGone, busiest }) => {
        return { name, role, things, idleBytes, peakBytes, cpuMs: cpuGone + cpuMs, busiest };
      }),
      failures: { ...fleet.failures, ...(notFinished > 0 && { 'not finished': notFinished }) },
      refusals: fleet.refusals,
      saturated: this.#activeSeconds > 0 && this.#saturatedSeconds / this.#activeSeconds > saturatedShare,
      differs: this.#differences(),
      ...(this.#partial !== undefined && { partial: this.#partial }),
    };
  }

  /** Wanted is what was to be finished: all that a job was to make, without what the operator took away. */
  #executions(own: JobCounts): LoadRun['executions'] {
    let wanted = 0;
    let pulled = 0;
    for (const { base, planned, isTaken } of this.#rollouts) {
      const counts = this.jobs(base);
      const made = this.service === undefined ? counts.started : counts.made;
      wanted += (isTaken || planned === undefined ? made : planned) - counts.pulled;
      pulled += counts.pulled;
    }
    return { wanted, succeeded: own.succeeded, failed: Math.max(0, wanted - own.succeeded), pulled };
  }

  #differences(): readonly string[] {
    if (this.service === undefined || this.#partial !== undefined) return [];
    const differences: string[] = [];
    for (const [jobId, counts] of Object.entries(this.service.jobs)) {
      const own = this.fleet.jobs[jobId] ?? noCounts;
      for (const what of ['started', 'succeeded'] as const) {
        if (counts[what] === own[what]) continue;
        differences.push(`job ${jobId}: the service counts ${counts[what]} ${what}, the fleet ${own[what]}`);
      }
    }
    return differences;
  }
}

function perSecond(count: number, ms: DurationMs): number {
  return ms > 0 ? (count * 1000) / ms : 0;
}

export function total(jobs: Readonly<Record<string, JobCounts>>, base: string): JobCounts {
  let all = noCounts;
  for (const [jobId, counts] of Object.entries(jobs)) {
    if (!jobId.startsWith(base)) continue;
    all = {
      made: all.made + counts.made,
      started: all.started + counts.started,
      succeeded: all.succeeded + counts.succeeded,
      failed: all.failed + counts.failed,
      pulled: all.pulled + counts.pulled,
    };
  }
  return all;
}

function sum(figures: readonly number[]): number {
  return figures.reduce((whole, figure) => whole + figure, 0);
}

function sumOf(one: FleetReport, other: FleetReport): FleetReport {
  const jobIds = new Set([...Object.keys(one.jobs), ...Object.keys(other.jobs)]);
  const jobs = Object.fromEntries(
    [...jobIds].map((jobId) => [
      jobId,
      total({ a: one.jobs[jobId] ?? noCounts, b: other.jobs[jobId] ?? noCounts }, ''),
    ]),
  );
  return {
    connected: one.connected + other.connected,
    connecting: one.connecting + other.connecting,
    recovered: one.recovered + other.recovered,
    exchanges: one.exchanges + other.exchanges,
    jobs,
    failures: sumOfCounts(one.failures, other.failures),
    refusals: sumOfCounts(one.refusals, other.refusals),
    ...edge('executionsFrom', Math.min, one, other),
    ...edge('executionsTo', Math.max, one, other),
    ...edge('connectsFrom', Math.min, one, other),
    ...edge('connectsTo', Math.max, one, other),
    histograms: {},
  };
}

export function sumOfCounts(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}

type Edge = 'executionsFrom' | 'executionsTo' | 'connectsFrom' | 'connectsTo';

function edge(name: Edge, choose: (a: number, b: number) => number, one: FleetReport, other: FleetReport) {
  const a = one[name] ?? other[name];
  const b = other[name] ?? one[name];
  return a === undefined || b === undefined ? {} : { [name]: choose(a, b) };
}

/** Two samples as one; the latencies of both cannot be merged any more, so the higher ones stand. */
function halved(samples: readonly LoadSample[]): LoadSample[] {
  const half: LoadSample[] = [];
  for (let index = 0; index + 1 < samples.length; index += 2) half.push(joined(samples[index]!, samples[index + 1]!));
  return half;
}

function joined(one: LoadSample, other: LoadSample): LoadSample {
  const latencies = [one.latencyMs, other.latencyMs].filter((latency) => latency !== undefined);
  const highest = (name: 'p50' | 'p95' | 'p99' | 'max'): number =>
    Math.max(...latencies.map((latency) => latency[name]));
  const { latencyMs: _latencyMs, ...later } = other;
  return {
    ...later,
    spanMs: one.spanMs + other.spanMs,
    succeeded: one.succeeded + other.succeeded,
    exchanges: one.exchanges + other.exchanges,
    failures: one.failures + other.failures,
    refusals: one.refusals + other.refusals,
    ...(latencies.length > 0 && {
      latencyMs: { p50: highest('p50'), p95: highest('p95'), p99: highest('p99'), max: highest('max') },
    }),
  };
}

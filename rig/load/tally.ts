/**
 * What the processes of a run have told, put together: counters of the fleet and of the service, latencies, a sample for each
 * second. Becomes the run that is kept.
 */
import type { DurationMs } from '../../protocol/time.ts';
import { type Exchange, type JobCounts, type LoadPhase, type LoadRun, type LoadSample, noJobs } from './contract.ts';
import type { FleetReport } from './fleet-counts.ts';
import { Latencies } from './histograms.ts';
import type { LoadRequest } from './load-request.ts';
import type { ServiceReport } from './load-service.ts';
import { monotonicMs } from './monotonic.ts';
import type { PartReport } from './part.ts';
import { ProcessTally } from './process-tally.ts';
import { noCounts, sum, sumOfCounts, sumOfFleets, total } from './report-sums.ts';
import { Timeline } from './timeline.ts';

/** Of the seconds in which executions ran, in how many the generator may be the limit before the run is. */
const saturatedShare = 0.1;
/** Fewer seconds of a short run say nothing. */
const fewSeconds = 1;
const shortestSpanMs = 250;
/** So late, beginnings of an open loop are not when they were meant to be. */
const lateMs = 200;

export interface RolledOut {
  /** With which the ids of its jobs begin. */
  readonly base: string;
  /** Executions; absent: until it is stopped. */
  readonly planned: number | undefined;
  readonly holds: boolean;
  /** In words. */
  readonly pace: string;
}

export class Tally {
  readonly first: number;
  readonly count: number;
  readonly #request: LoadRequest;
  readonly #startedAt = Date.now();
  readonly #startedMs = monotonicMs();
  readonly processes = new ProcessTally();
  readonly #latencies = new Map<Exchange, Latencies>();
  readonly #timeline = new Timeline();
  readonly #phases: LoadPhase[] = [];
  readonly #rollouts: (RolledOut & { isTaken: boolean })[] = [];
  readonly #histories = new Map<string, { at: DurationMs; done: number }[]>();
  fleet: FleetReport = sumOfFleets([]);
  service: ServiceReport | undefined;
  #sampledMs: DurationMs;
  #sampled = { succeeded: 0, exchanges: 0, failures: 0, refusals: 0 };
  #exchangesBefore = 0;
  #connectsPerSecond = 0;
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

  /** @returns what to call at its end */
  begin(name: string): () => void {
    const fromMs = this.#elapsed();
    return () => void this.#phases.push({ name, fromMs, toMs: this.#elapsed() });
  }

  allConnected(): void {
    const { connectsFrom = 0, connectsTo = 0, paced, exchanges } = this.fleet;
    // Of several, the first begins and the last ends within that time: one of them is not between.
    const count = paced > 1 ? paced - 1 : paced;
    this.#connectsPerSecond = perSecond(count, connectsTo - connectsFrom);
    this.#exchangesBefore = exchanges;
  }

  rolledOut(rollout: RolledOut): void {
    this.#rollouts.push({ ...rollout, isTaken: false });
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
    this.processes.add(reports);
    for (const report of reports) {
      if (report.service !== undefined) this.service = report.service;
      for (const [exchange, text] of Object.entries(report.fleet?.histograms ?? {}) as [Exchange, string][]) {
        let latencies = this.#latencies.get(exchange);
        if (latencies === undefined) this.#latencies.set(exchange, (latencies = new Latencies()));
        latencies.add(text);
        if (exchange === 'update' || exchange === 'start-next') interval.add(text);
      }
    }
    const fleet = sumOfFleets(reports.flatMap((report) => report.fleet ?? []));
    this.fleet = fleet;
    const signature = JSON.stringify([fleet.connected, fleet.recovered, fleet.exchanges, this.service?.jobs]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#changedAt = at;
    }
    if (tookLatencies) this.#sample(at, interval);
  }

  get changedAt(): DurationMs {
    return this.#changedAt;
  }

  /** Of all jobs whose ids begin so: as the service counts them where it is ours. */
  jobs(base: string): JobCounts {
    return total(this.service?.jobs ?? this.fleet.jobs, this.service === undefined ? '' : base);
  }

  /** Things that a job was taken away from, or may still be: those that have it IN_PROGRESS find out. */
  disturbedBy(base: string): number {
    const counts = total(this.fleet.jobs, base);
    return counts.pulled + inProgressOf(counts);
  }

  /** As the fleet knows it. */
  get inProgress(): number {
    return inProgressOf(total(this.fleet.jobs, ''));
  }

  /** By kind: of the fleet, and processes of the service that have ended. */
  get failuresByKind(): Readonly<Record<string, number>> {
    return sumOfCounts([this.fleet.failures, this.service?.ended ?? {}]);
  }

  get failures(): number {
    return sum(Object.values(this.failuresByKind));
  }

  /** Whether all is over that was begun, but for what holds until it is taken away. */
  isOver(): boolean {
    if (this.service !== undefined && this.service.unanswered > 0) return false;
    return this.#rollouts.every(({ base, planned, holds, isTaken }) => {
      const { made, succeeded, failed, pulled } = this.jobs(base);
      if (holds && !isTaken) return true;
      return succeeded + failed + pulled >= (isTaken ? made : (planned ?? made));
    });
  }

  now() {
    const last = this.samples.at(-1);
    return {
      connected: this.fleet.connected,
      succeeded: total(this.fleet.jobs, '').succeeded,
      exchangesPerSecond: last === undefined ? 0 : (last.exchanges * 1000) / last.spanMs,
      ...(last?.latencyMs && { p99Ms: last.latencyMs.p99 }),
      failures: this.failures,
    };
  }

  get samples(): readonly LoadSample[] {
    return this.#timeline.samples;
  }

  #elapsed(): DurationMs {
    return monotonicMs() - this.#startedMs;
  }

  #sample(at: DurationMs, interval: Latencies): void {
    const { succeeded } = total(this.fleet.jobs, '');
    const spanMs = at - this.#sampledMs;
    // A rate of few milliseconds, as the last look of a run has them, would be drawn as a spike.
    if (spanMs < (this.samples.length > 0 ? shortestSpanMs : 1)) return;
    const now = {
      succeeded,
      exchanges: this.fleet.exchanges,
      failures: this.failures,
      refusals: sum(Object.values(this.fleet.refusals)),
    };
    const { p50, p95, p99, max } = interval.latency();
    this.#timeline.push({
      atMs: at - this.#startedMs,
      spanMs,
      connected: this.fleet.connected,
      inProgress: this.inProgress,
      succeeded: now.succeeded - this.#sampled.succeeded,
      exchanges: now.exchanges - this.#sampled.exchanges,
      failures: now.failures - this.#sampled.failures,
      refusals: now.refusals - this.#sampled.refusals,
      ...(interval.count > 0 && { latencyMs: { p50, p95, p99, max } }),
      processes: this.processes.sample(spanMs),
    });
    const isLate = (this.service?.lateMs ?? 0) > lateMs;
    if (now.succeeded > this.#sampled.succeeded || isLate) {
      this.#activeSeconds += 1;
      if (isLate || this.processes.isFleetTheLimit) this.#saturatedSeconds += 1;
    }
    this.#sampled = now;
    this.#sampledMs = at;
  }

  run(): LoadRun {
    const { fleet } = this;
    const { jobrig, seed, shape, slice, hardwareName, transport, endpoint, command } = this.#request;
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
      ...(command !== undefined && { command }),
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      things: this.count,
      ...(slice && { slice }),
      settings: {
        executions: shape.given.executions,
        updates: shape.given.work.updates,
        pacing: this.#pace,
        hardware: hardwareName,
        transport,
        endpoint: endpoint ?? 'own service',
      },
      executions,
      executionsPerSecond: perSecond(executions.succeeded, spanMs),
      exchangesPerSecond: perSecond(fleet.exchanges - this.#exchangesBefore, spanMs),
      connectsPerSecond: this.#connectsPerSecond,
      histograms: Object.fromEntries([...this.#latencies].map(([exchange, latencies]) => [exchange, latencies.text()])),
      timeline: this.samples,
      phases: this.#phases,
      processes: this.processes.results(),
      failures: { ...this.failuresByKind, ...(notFinished > 0 && { 'not finished': notFinished }) },
      refusals: fleet.refusals,
      saturated:
        this.service?.fellBehind === true ||
        this.#saturatedSeconds > Math.max(fewSeconds, saturatedShare * this.#activeSeconds),
      differs: this.#differences(),
      ...(this.#partial !== undefined && { partial: this.#partial }),
    };
  }

  get #pace(): string {
    if (this.#rollouts.length === 0) return noJobs;
    if (this.#request.endpoint !== undefined) return 'jobs of the endpoint';
    return [...new Set(this.#rollouts.map(({ pace }) => pace))].join(', ');
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

function inProgressOf({ started, succeeded, failed, pulled }: JobCounts): number {
  return Math.max(0, started - succeeded - failed - pulled);
}

function perSecond(count: number, ms: DurationMs): number {
  return ms > 0 ? (count * 1000) / ms : 0;
}

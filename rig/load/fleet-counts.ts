/** What the devices of one process have done so far: counters, failures by kind, latencies. */
import type { DurationMs } from '../../protocol/time.ts';
import type { Exchange, JobCounts } from './contract.ts';
import { Latencies } from './histograms.ts';

type Counts = { -readonly [Name in keyof JobCounts]: JobCounts[Name] };

/**
 * When the first execution began and the last one ended, and the same of connects that are paced; absent before there was one. The
 * first connect of a process goes alone, to see whether there is anybody, and boards that follow it have to boot.
 */
export type Edge = 'executionsFrom' | 'executionsTo' | 'connectsFrom' | 'connectsTo';

/** What a process tells of its devices since it began; the latencies only those since the last time. */
export interface FleetReport extends Readonly<Partial<Record<Edge, DurationMs>>> {
  readonly connected: number;
  readonly connecting: number;
  /** Connections that came up, without the first. */
  readonly paced: number;
  readonly recovered: number;
  readonly exchanges: number;
  readonly jobs: Readonly<Record<string, JobCounts>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  /** The first device of which a call did not return, and after what; from then on nothing is measured but the hang. */
  readonly hung?: string;
  readonly histograms: Readonly<Partial<Record<Exchange, string>>>;
}

/** What `exchanges` counts: requests of the Jobs API that were answered. */
const jobsExchanges: ReadonlySet<Exchange> = new Set(['start-next', 'update', 'get']);

export class FleetCounts {
  connected = 0;
  connecting = 0;
  #connects = 0;
  recovered = 0;
  exchanges = 0;
  hung: string | undefined;
  readonly #jobs = new Map<string, Counts>();
  readonly #takenAway = new Map<string, DurationMs>();
  readonly #failures = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #latencies = new Map<Exchange, Latencies>();
  readonly #edges: { -readonly [Name in Edge]?: DurationMs } = {};

  job(jobId: string): Counts {
    let counts = this.#jobs.get(jobId);
    if (counts === undefined) {
      counts = { made: 0, started: 0, succeeded: 0, failed: 0, pulled: 0 };
      this.#jobs.set(jobId, counts);
    }
    return counts;
  }

  /** The operator takes away the jobs whose ids begin so. */
  takeAway(base: string, at: DurationMs): void {
    this.#takenAway.set(base, at);
  }

  takenAwayAt(jobId: string): DurationMs | undefined {
    return this.#takenAway.get(jobId.slice(0, jobId.lastIndexOf('-') + 1));
  }

  record(exchange: Exchange, durationMs: DurationMs, at: DurationMs): void {
    let latencies = this.#latencies.get(exchange);
    if (latencies === undefined) this.#latencies.set(exchange, (latencies = new Latencies()));
    latencies.record(durationMs);
    if (jobsExchanges.has(exchange)) this.exchanges += 1;
    if (exchange !== 'connect') return;
    this.#connects += 1;
    if (this.#connects === 1) return;
    this.#edges.connectsFrom = Math.min(this.#edges.connectsFrom ?? Infinity, at - durationMs);
    this.#edges.connectsTo = at;
  }

  /** A request was answered, with a refusal. */
  exchanged(): void {
    this.exchanges += 1;
  }

  began(jobId: string, at: DurationMs): void {
    this.job(jobId).started += 1;
    this.#edges.executionsFrom ??= at;
  }

  succeeded(jobId: string, durationMs: DurationMs, at: DurationMs): void {
    this.job(jobId).succeeded += 1;
    this.#edges.executionsTo = at;
    this.record('execution', durationMs, at);
  }

  fail(kind: string): void {
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
  }

  refuse(code: string): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  /** @param takes also the latencies, which begin anew */
  report(takes: boolean): FleetReport {
    const histograms: Partial<Record<Exchange, string>> = {};
    if (takes) {
      for (const [exchange, latencies] of this.#latencies) {
        const text = latencies.take();
        if (text !== undefined) histograms[exchange] = text;
      }
    }
    return {
      connected: this.connected,
      connecting: this.connecting,
      paced: Math.max(0, this.#connects - 1),
      recovered: this.recovered,
      exchanges: this.exchanges,
      jobs: Object.fromEntries(this.#jobs),
      failures: Object.fromEntries(this.#failures),
      refusals: Object.fromEntries(this.#refusals),
      ...this.#edges,
      ...(this.hung !== undefined && { hung: this.hung }),
      histograms,
    };
  }
}

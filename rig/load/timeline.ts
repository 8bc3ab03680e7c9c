/** The samples of a run, one a second; of a long run two become one, so that it stays as long as a page can draw. */
import type { LoadSample } from './contract.ts';

const mostSamples = 3600;

export class Timeline {
  #samples: LoadSample[] = [];

  get samples(): readonly LoadSample[] {
    return this.#samples;
  }

  push(sample: LoadSample): void {
    this.#samples.push(sample);
    if (this.#samples.length > mostSamples) this.#samples = halved(this.#samples);
  }
}

function halved(samples: readonly LoadSample[]): LoadSample[] {
  const half: LoadSample[] = [];
  for (let index = 0; index + 1 < samples.length; index += 2) half.push(joined(samples[index]!, samples[index + 1]!));
  return half;
}

export type Counted = Pick<LoadSample, 'succeeded' | 'exchanges' | 'failures' | 'refusals'>;

/** What both samples have counted together. */
export function countedIn(one: Counted, other: Counted): Counted {
  return {
    succeeded: one.succeeded + other.succeeded,
    exchanges: one.exchanges + other.exchanges,
    failures: one.failures + other.failures,
    refusals: one.refusals + other.refusals,
  };
}

/** The latencies of two samples cannot be merged any more, so the higher ones stand. */
function joined(one: LoadSample, other: LoadSample): LoadSample {
  const latencies = [one.latencyMs, other.latencyMs].filter((latency) => latency !== undefined);
  const highest = (name: 'p50' | 'p95' | 'p99' | 'max'): number =>
    Math.max(...latencies.map((latency) => latency[name]));
  const { latencyMs: _latencyMs, ...later } = other;
  return {
    ...later,
    ...countedIn(one, other),
    spanMs: one.spanMs + other.spanMs,
    ...(latencies.length > 0 && {
      latencyMs: { p50: highest('p50'), p95: highest('p95'), p99: highest('p99'), max: highest('max') },
    }),
  };
}

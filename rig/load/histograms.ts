/** Latencies as HDR histograms: whole microseconds, three significant digits, up to an hour; they merge without loss. */
import { type Histogram, build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { DurationMs } from '../../protocol/time.ts';

export interface Latency {
  readonly count: number;
  readonly p50: DurationMs;
  readonly p95: DurationMs;
  readonly p99: DurationMs;
  readonly max: DurationMs;
}

const hourMicros = 3_600_000_000;

export class Latencies {
  readonly #histogram: Histogram;

  constructor(histogram: Histogram = emptyHistogram()) {
    this.#histogram = histogram;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  record(durationMs: DurationMs): void {
    this.#histogram.recordValue(Math.min(hourMicros, Math.max(1, Math.round(durationMs * 1000))));
  }

  add(text: string): void {
    this.#histogram.add(decodeFromCompressedBase64(text, 32, false));
  }

  /** What was recorded, as text for {@link add}; begins anew. `undefined` when there is nothing. */
  take(): string | undefined {
    if (this.count === 0) return undefined;
    const text = this.text();
    this.#histogram.reset();
    return text;
  }

  text(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  percentile(percent: number): DurationMs {
    return this.#histogram.getValueAtPercentile(percent) / 1000;
  }

  latency(): Latency {
    const max = this.#histogram.maxValue / 1000;
    const at = (percent: number): DurationMs => Math.min(max, this.percentile(percent));
    return { count: this.count, p50: at(50), p95: at(95), p99: at(99), max };
  }
}

function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: hourMicros,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

export function latenciesOf(text: string): Latencies {
  const latencies = new Latencies();
  latencies.add(text);
  return latencies;
}

/**
 * The samples of several runs as those of one, by the second of the wall clock. Each run looks when it comes to it, so that what it
 * saw is first laid on whole seconds: what is counted is spread over the span in which it was, what stands is what stood.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { LoadSample } from './contract.ts';
import { type Counted, Timeline, countedIn } from './timeline.ts';

const secondMs = 1000;
const nothing: Counted = { succeeded: 0, exchanges: 0, failures: 0, refusals: 0 };

export interface NamedRun {
  readonly startedAt: EpochMs;
  readonly timeline: readonly LoadSample[];
  readonly name: string;
}

export function mergedTimeline(runs: readonly NamedRun[], startedAt: EpochMs): readonly LoadSample[] {
  const seconds = new Map<number, LoadSample>();
  for (const run of runs) {
    for (const sample of onSeconds(run, run.startedAt - startedAt)) {
      const known = seconds.get(sample.atMs);
      seconds.set(sample.atMs, known === undefined ? sample : together(known, sample));
    }
  }
  const timeline = new Timeline();
  for (const sample of [...seconds.values()].sort((a, b) => a.atMs - b.atMs)) timeline.push(sample);
  return timeline.samples;
}

function onSeconds({ timeline, name }: NamedRun, laterMs: DurationMs): readonly LoadSample[] {
  const seconds: LoadSample[] = [];
  let before: Counted = nothing;
  let told: Counted = nothing;
  for (const [index, sample] of timeline.entries()) {
    const after = countedIn(before, sample);
    const endMs = laterMs + sample.atMs;
    // The first is of all that came before it, the start of the processes too.
    const spanMs = index === 0 ? Math.min(sample.spanMs, secondMs) : sample.spanMs;
    const isLast = index === timeline.length - 1;
    const last = isLast ? Math.ceil(endMs / secondMs) : Math.floor(endMs / secondMs);
    const processes = sample.processes.map((part) => ({ ...part, name: `${name} ${part.name}` }));
    for (let second = Math.floor((endMs - spanMs) / secondMs) + 1; second <= last; second += 1) {
      if (second * secondMs <= (seconds.at(-1)?.atMs ?? 0)) continue;
      const share = Math.min(1, 1 - (endMs - second * secondMs) / spanMs);
      const until = mapped(after, (count, what) => Math.floor(before[what] + (count - before[what]) * share));
      const within = mapped(until, (count, what) => count - told[what]);
      seconds.push({ ...sample, ...within, atMs: second * secondMs, spanMs: secondMs, processes });
      told = until;
    }
    before = after;
  }
  return seconds;
}

function mapped(counted: Counted, change: (count: number, what: keyof Counted) => number): Counted {
  const { succeeded, exchanges, failures, refusals } = counted;
  return {
    succeeded: change(succeeded, 'succeeded'),
    exchanges: change(exchanges, 'exchanges'),
    failures: change(failures, 'failures'),
    refusals: change(refusals, 'refusals'),
  };
}

/** Latencies of a second are those of the run that had the highest. */
function together(one: LoadSample, other: LoadSample): LoadSample {
  const [higher] = [one.latencyMs, other.latencyMs]
    .filter((latency) => latency !== undefined)
    .sort((a, b) => b.p99 - a.p99);
  return {
    atMs: one.atMs,
    spanMs: one.spanMs,
    connected: one.connected + other.connected,
    inProgress: one.inProgress + other.inProgress,
    ...countedIn(one, other),
    ...(higher && { latencyMs: higher }),
    processes: [...one.processes, ...other.processes],
  };
}

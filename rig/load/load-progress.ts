/** What a load run tells of itself while it runs. */
import type { DurationMs } from '../../protocol/time.ts';
import { monotonicMs } from './monotonic.ts';
import type { Tally } from './tally.ts';

export interface LoadProgress {
  /** What is going on, in a few words. */
  readonly act: string;
  readonly goal?: {
    readonly name: string;
    readonly done: number;
    readonly total: number;
    readonly leftMs?: DurationMs;
  };
  /** What has no end but that of the run. */
  readonly open?: { readonly name: string; readonly done: number };
  readonly connected: number;
  readonly succeeded: number;
  /** Of the last second. */
  readonly exchangesPerSecond: number;
  readonly p99Ms?: DurationMs;
  readonly failures: number;
  /** What it waits for that is not its own doing. */
  readonly note?: string;
}

const spanMs = 5000;

/** How long the rest takes at the pace of the last seconds; nothing before there is a pace. */
export function leftAt(
  tally: Tally,
  { name, done, total }: { readonly name: string; readonly done: number; readonly total: number },
): { readonly leftMs?: DurationMs } {
  const history = tally.historyOf(name);
  const at = monotonicMs();
  history.push({ at, done });
  while (history.length > 2 && at - history[0]!.at > spanMs) history.shift();
  const first = history[0]!;
  const pace = (done - first.done) / (at - first.at);
  return pace > 0 && done < total ? { leftMs: (total - done) / pace } : {};
}

/** What a load run tells of itself while it runs. */
import type { DurationMs } from '../../protocol/time.ts';
import type { Goal } from './goal.ts';
import type { LoadRequest } from './load-request.ts';
import { monotonicMs } from './monotonic.ts';
import type { Tally } from './tally.ts';

export interface LoadProgress {
  /** What is going on, in a few words. */
  readonly act: string;
  readonly goal?: Goal & { readonly leftMs?: DurationMs };
  /** What has no end but that of the run. */
  readonly open?: {
    readonly name: string;
    readonly done: number;
    /** Of the time that was asked for. */
    readonly leftMs?: DurationMs;
    readonly share?: number;
  };
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

/** Since when executions begin, and when no more do, where a run was given a time. */
export interface RunTime {
  readonly fromMs: DurationMs;
  readonly endMs: DurationMs;
}

interface Run extends Pick<LoadRequest, 'shape' | 'hardware'> {
  readonly tally: Tally;
  readonly time: RunTime | undefined;
}

/** How far it is to what is waited for, with the time that is left where it can be known. */
export function progressTo(goal: Goal, { tally, time, shape, hardware }: Run): Pick<LoadProgress, 'goal' | 'open'> {
  const at = monotonicMs();
  const { name, done, total } = goal;
  // A goal of a script that is played again is none of the run.
  if (!Number.isFinite(total) || (shape.repeats && time !== undefined && at < time.endMs)) {
    if (time === undefined || at >= time.endMs) return { open: { name, done } };
    const { fromMs, endMs } = time;
    return { open: { name, done, leftMs: endMs - at, share: (at - fromMs) / (endMs - fromMs) } };
  }
  // How fast boards were that are done with a job says nothing of those that are not.
  const isOfBoards = hardware !== undefined && (name === 'finished' || name === 'in-progress');
  return { goal: { ...goal, ...(!isOfBoards && leftAt(tally, goal, at)) } };
}

/** How long the rest takes at the pace of the last seconds; nothing before there is a pace. */
function leftAt(tally: Tally, { name, done, total }: Goal, at: DurationMs): { readonly leftMs?: DurationMs } {
  const history = tally.historyOf(name);
  history.push({ at, done });
  while (history.length > 2 && at - history[0]!.at > spanMs) history.shift();
  const first = history[0]!;
  const pace = (done - first.done) / (at - first.at);
  return pace > 0 && done < total ? { leftMs: (total - done) / pace } : {};
}

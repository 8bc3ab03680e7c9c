/** What a load run tells of itself, in words: how far it is, with the time left, and its figures. */
import type { LoadProgress } from '../rig/load/load-progress.ts';
import { spanText } from '../rig/report/words.ts';
import type { Progress } from './progress.ts';

export function showLoad(progress: Progress, told: LoadProgress): void {
  const { goal, open } = told;
  const share = goal === undefined ? open?.share : goal.done / Math.max(1, goal.total);
  progress.show(told.act, figuresOf(told), { text: goalOf(told), share });
}

function goalOf({ goal, open, note }: LoadProgress): string {
  const leftMs = goal?.leftMs ?? open?.leftMs;
  const done =
    goal !== undefined
      ? `${count(Math.min(goal.done, goal.total))} of ${count(goal.total)} ${goal.name}`
      : open !== undefined
        ? `${count(open.done)} ${open.name}`
        : '';
  const figures = leftMs === undefined ? done : `${done}, ${spanText(leftMs)} left`;
  return note === undefined ? figures : `${figures} (${note})`;
}

function figuresOf({ connected, succeeded, exchangesPerSecond, p99Ms, failures }: LoadProgress): string {
  return [
    `${count(connected)} connected`,
    `${count(succeeded)} succeeded`,
    `${count(Math.round(exchangesPerSecond))} exchanges/s`,
    p99Ms === undefined ? undefined : `p99 ${p99Ms.toFixed(1)} ms`,
    `${count(failures)} failures`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function count(figure: number): string {
  return figure.toLocaleString('en');
}

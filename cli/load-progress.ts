/**
 * Progress of a load run on stderr, from the first moment: bars with the time left on a terminal, elsewhere a line for each act
 * and one every ten seconds; nothing with `--quiet`.
 */
import { createLogUpdate } from 'log-update';
import type { LoadProgress } from '../rig/load/load-progress.ts';
import { spanText } from '../rig/report/words.ts';

export interface ShownProgress extends Disposable {
  readonly show: (progress: LoadProgress) => void;
  /** What is done when the run itself is over. */
  say(act: string): void;
  done(): void;
}

const lineEveryMs = 10_000;
const barWidth = 28;

export function createLoadProgress(quiet: boolean): ShownProgress {
  if (quiet) return { show() {}, say() {}, done() {}, [Symbol.dispose]() {} };
  return process.stderr.isTTY ? bars() : lines();
}

function bars(): ShownProgress {
  const update = createLogUpdate(process.stderr);
  const done = (): void => update.done();
  return {
    show: (progress) => update(`${barOf(progress)}\n${figuresOf(progress)}`),
    say: (act) => update(act),
    done,
    [Symbol.dispose]: done,
  };
}

function lines(): ShownProgress {
  let act = '';
  let saidAt = -Infinity;
  return {
    show(progress) {
      const now = performance.now();
      if (progress.act === act && now - saidAt < lineEveryMs) return;
      act = progress.act;
      saidAt = now;
      process.stderr.write(`${act} · ${[goalOf(progress), figuresOf(progress)].filter(Boolean).join(' · ')}\n`);
    },
    say: (text) => void process.stderr.write(`${text}\n`),
    done() {},
    [Symbol.dispose]() {},
  };
}

function barOf(progress: LoadProgress): string {
  const { act, goal } = progress;
  if (goal === undefined) return [act, goalOf(progress)].filter(Boolean).join(' ');
  const full = Math.round((barWidth * Math.min(goal.done, goal.total)) / Math.max(1, goal.total));
  return `${act} ${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${goalOf(progress)}`;
}

function goalOf({ goal, open, note }: LoadProgress): string {
  const figures =
    goal !== undefined
      ? `${count(goal.done)} of ${count(goal.total)} ${goal.name}${goal.leftMs === undefined ? '' : `, ${spanText(goal.leftMs)} left`}`
      : open !== undefined
        ? `${count(open.done)} ${open.name}`
        : '';
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

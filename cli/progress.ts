/**
 * Progress on stderr: lines kept up to date on a terminal, a line now and then elsewhere, nothing with `--quiet`. Results never go
 * through here.
 */
import { createLogUpdate } from 'log-update';

export interface Progress {
  /** @param act what is going on; where lines cannot be rewritten a new act gets one of its own, and the same act one now and then */
  show(act: string, figures: string, goal?: Goal): void;
  /** A line that stays, above what is kept up to date. */
  say(line: string, output: 'stdout' | 'stderr'): void;
  done(): void;
}

/** How far it is, where that is known. */
export interface Goal {
  readonly text: string;
  /** Of the whole; drawn as a bar. */
  readonly share?: number | undefined;
}

const redrawEveryMs = 100;
const lineEveryMs = 10_000;
const barWidth = 28;

export function createProgress(quiet: boolean): Progress {
  if (quiet) return { show() {}, say: print, done() {} };
  // A terminal without a size, as some build servers have, shows nothing of what is kept up to date.
  const { isTTY, rows, columns } = process.stderr;
  return isTTY && rows > 0 && columns > 0 ? rewritten() : lines();
}

function rewritten(): Progress {
  const update = createLogUpdate(process.stderr);
  let drawnAt = -Infinity;
  let shown = '';
  let latest = '';
  return {
    show(act, figures, goal) {
      if (act !== shown) drawnAt = -Infinity;
      shown = act;
      latest = `${[act, barOf(goal?.share), goal?.text].filter(Boolean).join(' ')}\n${figures}`;
      const now = performance.now();
      if (now - drawnAt < redrawEveryMs) return;
      drawnAt = now;
      update(latest);
    },
    say(line, output) {
      update.clear();
      print(line, output);
      drawnAt = -Infinity;
      if (latest !== '') update(latest);
    },
    done() {
      update(latest);
      update.done();
    },
  };
}

function barOf(share: number | undefined): string | undefined {
  if (share === undefined) return undefined;
  const full = Math.round(barWidth * Math.min(1, share));
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

function lines(): Progress {
  let shown = '';
  let saidAt = 0;
  return {
    show(act, figures, goal) {
      const now = performance.now();
      if (act === shown && now - saidAt < lineEveryMs) return;
      shown = act;
      saidAt = now;
      process.stderr.write(`${[act, goal?.text, figures].filter(Boolean).join(' · ')}\n`);
    },
    say: print,
    done() {},
  };
}

function print(line: string, output: 'stdout' | 'stderr'): void {
  process[output].write(`${line}\n`);
}

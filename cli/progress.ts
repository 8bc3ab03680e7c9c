/**
 * Progress on stderr: one line kept up to date on a terminal, a line now and then elsewhere, nothing with `--quiet`. Results
 * never go through here.
 */
import { createLogUpdate } from 'log-update';

export interface Progress {
  /** @param act what is going on; a new act gets a line of its own where lines cannot be rewritten */
  show(act: string, figures: string): void;
  /** A line that stays, above what is kept up to date. */
  say(line: string, output: 'stdout' | 'stderr'): void;
  done(): void;
}

const redrawEveryMs = 100;

export function createProgress(quiet: boolean): Progress {
  if (quiet) return { show() {}, say: print, done() {} };
  return process.stderr.isTTY ? rewritten() : lines();
}

function rewritten(): Progress {
  const update = createLogUpdate(process.stderr);
  let drawnAt = -Infinity;
  let latest = '';
  return {
    show(act, figures) {
      latest = `${act}\n${figures}`;
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

function lines(): Progress {
  let shown = '';
  return {
    show(act, figures) {
      if (act === shown) return;
      shown = act;
      process.stderr.write(`${act} · ${figures}\n`);
    },
    say: print,
    done() {},
  };
}

function print(line: string, output: 'stdout' | 'stderr'): void {
  process[output].write(`${line}\n`);
}

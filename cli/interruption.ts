/**
 * Ctrl-C, SIGTERM and the end of the terminal as an abort signal, so that every verb can close what it opened. A second one ends at
 * once. Before a verb listens, and where it has nothing to close, one is the end, and says so.
 */
import { addAbortListener } from 'node:events';
import { type EndSignal, Interruption, reportError, signals } from './exit.ts';

const names = Object.keys(signals) as readonly EndSignal[];

function listen(stop: (name: EndSignal) => void): Disposable {
  for (const name of names) process.on(name, stop);
  return {
    [Symbol.dispose]() {
      for (const name of names) process.off(name, stop);
    },
  };
}

let endsAtOnce: Disposable | undefined;

/** From the first moment of the process. */
export function endWhenAsked(): void {
  endsAtOnce = listen((name) => process.exit(reportError(new Interruption(name))));
}

/** Runs `work` with a signal that aborts, with an {@link Interruption} as its reason, when the process is asked to stop. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const listening = listen((name) => {
    const interruption = new Interruption(name);
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  });
  endsAtOnce?.[Symbol.dispose]();
  try {
    return await work(controller.signal);
  } finally {
    listening[Symbol.dispose]();
  }
}

/** @returns the exit code of who was asked to stop */
export function interruptedBy({ reason }: AbortSignal): number | undefined {
  return reason instanceof Interruption ? reason.exitCode : undefined;
}

/** Resolves when the signal is aborted, or after `timeoutMs`, whichever comes first. */
export function whenAborted(signal: AbortSignal, timeoutMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs ?? 2 ** 31 - 1);
    addAbortListener(signal, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

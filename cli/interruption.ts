/** Ctrl-C and SIGTERM as an abort signal, so that every verb can close what it opened. A second one ends at once. */
import { addAbortListener } from 'node:events';
import { Interruption } from './exit.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs `work` with a signal that aborts, with an {@link Interruption} as its reason, when the process is asked to stop. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stop = (name: (typeof signals)[number]) => {
    const interruption = new Interruption(name);
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  };
  signals.forEach((name) => process.on(name, stop));
  try {
    return await work(controller.signal);
  } finally {
    signals.forEach((name) => process.off(name, stop));
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

/**
 * Ctrl-C, SIGTERM and the end of the terminal as an abort signal, so that every verb can close what it opened. Before a verb listens,
 * and where it has nothing to close, one is the end, and says so. Needs nothing of ours: it listens before anything is loaded.
 */
import { addAbortListener } from 'node:events';

/** What asks the process to end. Exit codes as shells have them: 128 and the number of the signal. */
const signals = {
  SIGHUP: { message: 'hung up', exitCode: 129 },
  SIGINT: { message: 'interrupted', exitCode: 130 },
  SIGTERM: { message: 'terminated', exitCode: 143 },
} as const;

type EndSignal = keyof typeof signals;

const names = Object.keys(signals) as readonly EndSignal[];
/** Whoever starts us may pass on what the terminal has told us already, as npx does. */
const sameWithinMs = 500;

/** One of the signals, as the reason of an aborted run. */
export class Interruption extends Error {
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(signals[signal].message);
    this.exitCode = signals[signal].exitCode;
  }
}

function listen(stop: (asked: Interruption) => void): Disposable {
  const hear = (name: EndSignal): void => stop(new Interruption(name));
  for (const name of names) process.on(name, hear);
  return {
    [Symbol.dispose]() {
      for (const name of names) process.off(name, hear);
    },
  };
}

function endAtOnce({ message, exitCode }: Interruption, how = ''): never {
  process.stderr.write(`jobrig: ${message}${how}\n`);
  process.exit(exitCode);
}

let early: Disposable | undefined;

/** From the first moment of the process. */
export function endWhenAsked(): void {
  early = listen((asked) => endAtOnce(asked));
}

/**
 * Runs `work` with a signal that aborts, with an {@link Interruption} as its reason, when the process is asked to stop. Asked again, it
 * ends at once.
 */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  let askedAt = Infinity;
  const listening = listen((asked) => {
    const now = performance.now();
    if (now - askedAt > sameWithinMs) endAtOnce(asked, ' again: ended at once');
    askedAt = Math.min(askedAt, now);
    controller.abort(asked);
  });
  early?.[Symbol.dispose]();
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

const aDayMs = 86_400_000;

/** Resolves when the signal is aborted, or after `timeoutMs`, whichever comes first. */
export function whenAborted(signal: AbortSignal, timeoutMs?: number): Promise<void> {
  return new Promise((resolve) => {
    // Else a process that waits for nothing but a signal would end.
    const staying = setInterval(() => {}, aDayMs);
    const end = (): void => {
      clearInterval(staying);
      clearTimeout(timer);
      resolve();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
    addAbortListener(signal, end);
  });
}

/**
 * The parent's end of a child process: starts it, asks it questions over IPC and samples what it has used. Services and loads are
 * processes of their own so that the CPU time of each side can be told apart, players of a simulation so that each has a core. A child
 * ends when its parent goes, so nothing is left behind; it is never ended by name.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { present } from '../../protocol/json.ts';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';

/** What a child answers to: question name → handler. */
export type Questions = Readonly<Record<string, (body: never) => unknown>>;

export interface Usage {
  /** User and system time of all threads since the process started. */
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** Anything whose CPU time can be sampled: a child of ours, or Mosquitto. */
export interface Measured {
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** What a question is asked with: nothing, where its handler takes nothing. */
export type Asked<Handler> = Handler extends () => unknown
  ? []
  : Handler extends (body: infer B) => unknown
    ? [body: B]
    : never;
type Result<Handler> = Handler extends (body: never) => infer R ? Awaited<R> : never;

export interface Child<Q extends Questions> extends Measured {
  readonly pid: number | undefined;
  /** Settles when the process has ended, for whatever reason. @returns how: an exit code or a signal */
  readonly ended: Promise<string>;
  /** Ends it at once, whatever it is doing. */
  kill(): Promise<void>;
  ask<Name extends keyof Q & string>(name: Name, ...asked: Asked<Q[Name]>): Promise<Result<Q[Name]>>;
}

/** What goes over IPC; `serve-parent.ts` is the other end. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly body: unknown;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  /** What the world refused, to be told to the user as it is. */
  | { readonly id: number; readonly refused: Refusal };

export interface Refusal {
  readonly code: OperationalErrorCode;
  readonly message: string;
  readonly hint?: string;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface ChildOptions {
  /** For its heap, where it may need more than Node gives by itself. */
  readonly heapMegabytes?: number;
  /** After which a message was lost, and waiting on would hide it. Default: three minutes. */
  readonly answerWithinMs?: number;
  /** Before one that hears of nothing any more is killed. Default: five seconds. */
  readonly endsWithinMs?: number;
}

/** Whoever ends at once leaves none of them behind, not even one that hears of nothing. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a module, as it was built. */
export function startChild<Q extends Questions>(path: string, options: ChildOptions = {}): Child<Q> {
  const { heapMegabytes, answerWithinMs = 180_000, endsWithinMs = 5000 } = options;
  const name = basename(path, '.js');
  const child = fork(path, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`],
  });
  const gone = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    if ('refused' in answer) {
      const { code, message, hint } = answer.refused;
      asked?.reject(new OperationalError(code, message, present({ hint })));
    } else if ('error' in answer) asked?.reject(new Error(`${name}: ${answer.error}`));
    else asked?.resolve(answer.result);
  });
  running.add(child);
  child.on('exit', (code, signal) => {
    running.delete(child);
    const error = new Error(`${name} ended (${signal ?? code}) before it answered`);
    for (const asked of waiting.values()) asked.reject(error);
  });

  async function send(question: string, body: unknown): Promise<unknown> {
    if (!child.connected) throw new Error(`${name} is gone`);
    lastId += 1;
    const id = lastId;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(`${name} does not answer "${question}"`)), answerWithinMs);
        child.send({ id, name: question, body } satisfies Question, (error) => error && reject(error));
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }

  return {
    pid: child.pid,
    ended: gone.then(([code, signal]) => signal ?? `exit code ${code}`),
    ask: (question, ...asked) => send(question, asked[0]) as never,
    usage: () => send('usage', undefined) as Promise<Usage>,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      const tooLong = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
      await gone;
      clearTimeout(tooLong);
    },
  };
}

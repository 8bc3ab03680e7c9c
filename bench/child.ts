/**
 * The parent's end of a measured process: starts one of `processes/`, asks it questions over IPC and samples what it has
 * used. Services and loads are processes of their own so that the CPU time of each side can be told apart. A child ends
 * when its parent goes, so nothing is left behind; it is never ended by name.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';

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

type Body<Handler> = Handler extends (body: infer B) => unknown ? B : never;
type Result<Handler> = Handler extends (body: never) => infer R ? Awaited<R> : never;

export interface Child<Q extends Questions> extends Measured {
  ask<Name extends keyof Q & string>(name: Name, body: Body<Q[Name]>): Promise<Result<Q[Name]>>;
}

/** What goes over IPC; `serve-parent.ts` is the other end. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly body: unknown;
}

export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Far beyond what any question takes: a message was lost, and waiting on would hide it. */
const answerWithinMs = 180_000;

/** Starts `processes/NAME`. Sources and built files have different endings; a child has its parent's. */
export function startChild<Q extends Questions>(name: string): Child<Q> {
  const child = fork(join(import.meta.dirname, 'processes', `${name}${extname(import.meta.filename)}`), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    if ('error' in answer) asked?.reject(new Error(`${name}: ${answer.error}`));
    else asked?.resolve(answer.result);
  });
  child.on('exit', (code, signal) => {
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
        child.send({ id, name: question, body } satisfies Question);
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }

  return {
    ask: (question, body) => send(question, body) as never,
    usage: () => send('usage', undefined) as Promise<Usage>,
    stop: async () => {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

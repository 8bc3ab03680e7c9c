/**
 * The `jobrig` command in this process, for what a process of its own shows no better: usage, help, wrong values, what is played in
 * virtual time, and what is served where its log and its process do not matter. Takes a tenth of the time of a process.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { vi } from 'vitest';
import { runCommandLine } from '../../cli/program.ts';
import { endAfterTest } from './after-test.ts';
import { Collected, type Finished, type Started, watched } from './command.ts';
import { testFolder } from './folders.ts';

/** Nothing that it has opened listens when it comes back. */
export async function runHere(...words: readonly string[]): Promise<Finished> {
  const before = listeners();
  const ended = await speaking(words, newSpeaker());
  // What was closed is gone a turn later.
  await vi.waitUntil(() => listeners() <= before, { timeout: 60_000, interval: 1 });
  return ended;
}

/** In this folder. */
export async function runIn(folder: string, ...words: readonly string[]): Promise<Finished> {
  const leave = enter(folder);
  try {
    return await runHere(...words);
  } finally {
    leave();
  }
}

/** What {@link startHere} has started, which is this process. */
export interface StartedHere extends Started {
  /** As a signal that the process gets asks for it. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): void;
}

/** In a folder of its own, until it ends, at the latest after the test. Several may run at a time, the folder being that of the latest. */
export function startHere(...words: readonly string[]): StartedHere {
  const folder = testFolder();
  const leave = enter(folder);
  const command = newSpeaker();
  let isRunning = true;
  const finished = speaking(words, command).finally(() => {
    isRunning = false;
    leave();
  });
  const interrupt: StartedHere['interrupt'] = (signal) => {
    const hear = command.hears.get(signal);
    if (hear === undefined) throw new Error(`it does not listen to ${signal}`);
    speaker.run(command, () => hear(signal));
  };
  endAfterTest(async () => {
    if (isRunning) interrupt('SIGTERM');
    await finished;
  });
  return { folder, finished, interrupt, ...watched(command, finished) };
}

/** A command that runs here. */
interface Speaker {
  readonly stdout: Collected;
  readonly stderr: Collected;
  readonly hears: Map<string | symbol, (signal: string) => void>;
}

const newSpeaker = (): Speaker => ({ stdout: new Collected(), stderr: new Collected(), hears: new Map() });
const speaker = new AsyncLocalStorage<Speaker>();
const speakers: Speaker[] = [];
let spying: Disposable | undefined;

/** Runs it, and hears what it writes: what nobody knows the writer of is of the one that was started last. */
async function speaking(words: readonly string[], command: Speaker): Promise<Finished> {
  spying ??= spy();
  speakers.push(command);
  try {
    const code = await speaker.run(command, () => runCommandLine(words));
    return { code, stdout: command.stdout.text, stderr: command.stderr.text };
  } finally {
    speakers.splice(speakers.indexOf(command), 1);
    if (speakers.length === 0) {
      spying[Symbol.dispose]();
      spying = undefined;
    }
  }
}

function spy(): Disposable {
  const writes = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      (speaker.getStore() ?? speakers.at(-1))?.[name].add(String(text));
      return true;
    }),
  );
  const usual = process.on.bind(process) as (name: string | symbol, hear: (...said: never[]) => void) => NodeJS.Process;
  const signals = vi.spyOn(process, 'on').mockImplementation((name: string | symbol, hear) => {
    speaker.getStore()?.hears.set(name, hear);
    return usual(name, hear);
  });
  return {
    [Symbol.dispose]() {
      for (const each of [...writes, signals]) each.mockRestore();
    },
  };
}

let inside = 0;
let outside = '';

/** @returns the way back, for who is the last to go */
function enter(folder: string): () => void {
  if (inside === 0) outside = process.cwd();
  inside += 1;
  process.chdir(folder);
  return () => {
    inside -= 1;
    if (inside === 0) process.chdir(outside);
  };
}

function listeners(): number {
  return process.getActiveResourcesInfo().filter((what) => what === 'TCPServerWrap').length;
}

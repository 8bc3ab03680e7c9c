/**
 * One program under check: started in a process group of its own, its output seen line by line, its power cut as SIGKILL of
 * the whole group and of what has left it, since an agent's own children (a download by curl, a handler's script, a daemon)
 * lose their power with it. A program that ends by itself is started again where the user says so: some firmware exits in
 * order to reboot. One that goes to the background has not ended. What it exits for is not judged here.
 */
import { type ResultPromise, execa } from 'execa';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Observer } from '../../../observation/observation.ts';
import { OperationalError } from '../../../protocol/operational-error.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { endsWithTheRig } from './guard.ts';
import { readLines } from './printed-lines.ts';
import { kill, killProcessesWith, markName, processesWith } from './process-marks.ts';

export type RestartRule = 'on-exit' | 'never';

export interface ProgramOptions {
  readonly thingName: string;
  /** The command and its arguments; no shell is between. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Default: where jobrig was started. */
  readonly directory?: string;
  readonly restart: RestartRule;
  readonly observer: Observer;
  readonly now: () => EpochMs;
}

/** A program that ends sooner than this has not worked; the pause before its next start grows. */
const shortLifeMs: DurationMs = 1000;
const firstPauseMs: DurationMs = 100;
const longestPauseMs: DurationMs = 5000;
/** How long a program may take to leave when asked. */
const patienceMs: DurationMs = 2000;
/** How often it is looked whether a daemon lives. */
const lookEveryMs: DurationMs = 100;

/** Programs that live now, by the mark of their processes; none outlives the rig. */
const living = new Map<string, number>();
process.on('exit', () => {
  for (const [mark, group] of living) killAll(mark, group);
});

export class Program {
  readonly #options: ProgramOptions;
  readonly #mark = randomUUID();
  #running: { readonly child: ResultPromise; readonly pid: number; readonly ended: Promise<void> } | undefined;
  #wanted = false;
  #exits = 0;
  #pauseMs: DurationMs = firstPauseMs;
  #nextStart: NodeJS.Timeout | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** How often it ended by itself since it was made. */
  get exits(): number {
    return this.#exits;
  }

  /** @throws {OperationalError} `COMMAND_NOT_STARTED` when there is no such program */
  async powerOn(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#tellPower(true);
    await this.#start();
  }

  /** Resolves when no process of the group is left. */
  async powerCut(): Promise<void> {
    const wasOn = this.#wanted;
    this.#switchOff();
    if (wasOn) this.#tellPower(false);
    const running = this.#running;
    if (running === undefined) return;
    killAll(this.#mark, running.pid);
    await running.ended;
  }

  /** SIGTERM, a little patience, then as {@link powerCut}. */
  async stop(): Promise<void> {
    this.#switchOff();
    const running = this.#running;
    if (running === undefined) return;
    kill(-running.pid, 'SIGTERM');
    for (const pid of processesWith(this.#mark, running.pid)) kill(pid, 'SIGTERM');
    const patience = setTimeout(() => killAll(this.#mark, running.pid), patienceMs);
    await running.ended;
    clearTimeout(patience);
    // What the program left behind goes with it.
    killAll(this.#mark, running.pid);
  }

  #switchOff(): void {
    this.#wanted = false;
    clearTimeout(this.#nextStart);
  }

  async #start(): Promise<void> {
    const { command, environment, directory, observer, thingName, now } = this.#options;
    const [file = '', ...words] = command;
    // Before it starts: the rig may be killed in the middle of this.
    const ends = [endsWithTheRig('mark', this.#mark)];
    const child = execa(file, words, {
      ...(directory !== undefined && { cwd: directory }),
      env: { ...environment, [markName]: this.#mark },
      detached: true,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      buffer: false,
      reject: false,
    });
    const { pid } = child;
    if (pid === undefined) {
      ends.forEach((end) => end());
      throw notStarted(file, await child);
    }
    living.set(this.#mark, pid);
    ends.push(endsWithTheRig('group', pid));
    observer.program?.({ kind: 'program', source: 'host', at: now(), thingName, event: 'started', pid });
    const printed = Promise.all([this.#watch(child.stdout, 'stdout'), this.#watch(child.stderr, 'stderr')]);
    const startedAt = performance.now();
    const ended = this.#whenEnded(child, pid, startedAt, printed).finally(() => ends.forEach((end) => end()));
    this.#running = { child, pid, ended };
  }

  async #whenEnded(child: ResultPromise, pid: number, startedAt: number, printed: Promise<unknown>): Promise<void> {
    const { exitCode, signal } = await child;
    // Its children may hold the output open; the device is gone all the same.
    await Promise.race([printed, pause(50, undefined, { ref: false })]);
    if (exitCode === 0) await this.#daemonEnded(pid);
    living.delete(this.#mark);
    this.#running = undefined;
    const { observer, thingName, now, restart } = this.#options;
    const byRig = !this.#wanted;
    const end = { event: 'exited', code: exitCode ?? null, signal: signal ?? null, byRig } as const;
    observer.program?.({ kind: 'program', source: 'host', at: now(), thingName, ...end });
    if (byRig) return;
    this.#exits += 1;
    killAll(this.#mark, pid);
    if (restart === 'on-exit') this.#startLater(performance.now() - startedAt);
  }

  /** A program that went to the background lives on in a process that has left the group. */
  async #daemonEnded(pid: number): Promise<void> {
    while (this.#wanted && processesWith(this.#mark, pid).length > 0) await pause(lookEveryMs);
  }

  #startLater(livedMs: DurationMs): void {
    this.#pauseMs = livedMs < shortLifeMs ? Math.min(this.#pauseMs * 2, longestPauseMs) : firstPauseMs;
    this.#nextStart = setTimeout(() => {
      // It started before; if it is gone now, there is nobody to connect, and the scenario says so.
      if (this.#wanted) this.#start().catch(() => {});
    }, this.#pauseMs);
  }

  async #watch(output: Readable | undefined, stream: 'stdout' | 'stderr'): Promise<void> {
    if (output === undefined) return;
    const { observer, thingName, now } = this.#options;
    await readLines(output, {
      now: () => performance.now(),
      onLine: (line) => observer.printed?.({ kind: 'printed', source: 'device', at: now(), thingName, stream, line }),
    });
  }

  #tellPower(on: boolean): void {
    const { observer, thingName, now } = this.#options;
    observer.power?.({ kind: 'power', source: 'host', at: now(), thingName, on });
  }
}

/** The group of a program, and what has left it. */
function killAll(mark: string, group: number): void {
  kill(-group, 'SIGKILL');
  killProcessesWith(mark);
}

function notStarted(file: string, result: unknown): OperationalError {
  const { code, originalMessage } = result as { readonly code?: string; readonly originalMessage?: string };
  const reason =
    code === 'ENOENT' ? 'there is no such program' : code === 'EACCES' ? 'it may not be executed' : originalMessage;
  return new OperationalError('COMMAND_NOT_STARTED', `${file} cannot be started: ${reason ?? code ?? 'unknown'}`, {
    hint: 'Check the path behind `--`; a program in this directory needs ./ before its name.',
    cause: result,
  });
}

/**
 * The device under check, whatever it is: a program that the rig starts, or one that connects by itself and whose power a command
 * of the user's may switch. Both look the same to a world.
 */
import { addAbortListener } from 'node:events';
import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observer } from '../../../observation/observation.ts';
import { OperationalError } from '../../../protocol/operational-error.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { fillIn } from './equipment.ts';
import { endsWithTheRig } from './guard.ts';
import { openScratch } from './scratch.ts';
import { kill } from './process-marks.ts';
import { Program, type RestartRule } from './program.ts';

export interface SubjectDevice {
  readonly hasPower: boolean;
  powerOn(): Promise<void>;
  powerCut(): Promise<void>;
  /** Lets it go, at the end of a scenario. */
  leave(): Promise<void>;
}

export interface PowerCommands {
  /** Shell commands. */
  readonly off?: string | undefined;
  readonly on?: string | undefined;
  /** Power is never cut. */
  readonly none?: boolean;
  /** Prints what the board prints, until it is ended. */
  readonly console?: string | undefined;
}

export interface SubjectOptions {
  readonly thingName: string;
  readonly placeholders: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly observer: Observer;
  readonly now: () => EpochMs;
  readonly commands?: PowerCommands | undefined;
  /** Of a board, from one scenario to the next: one that is on is not switched on. */
  readonly power?: { isOn: boolean };
  /** Ends a command of the user's that still runs. */
  readonly signal?: AbortSignal | undefined;
}

/** @param command with placeholders */
export function programDevice(
  options: SubjectOptions,
  command: readonly string[],
  restart: RestartRule = 'on-exit',
): SubjectDevice & { readonly program: Program } {
  const { thingName, placeholders, environment, observer, now } = options;
  const words = command.map((word) => fillIn(word, placeholders));
  const program = new Program({ thingName, command: words, environment, restart, observer, now });
  return {
    program,
    hasPower: true,
    powerOn: () => program.powerOn(),
    powerCut: () => program.powerCut(),
    leave: () => program.stop(),
  };
}

/** A board, or anything that connects by itself. */
export function attachedDevice(options: SubjectOptions): SubjectDevice {
  const { thingName, observer, now, commands = {}, environment, placeholders, signal } = options;
  const { off, on, console: watch } = commands;
  const { power = { isOn: false } } = options;
  const lines =
    watch === undefined
      ? undefined
      : new Program({
          thingName,
          command: ['sh', '-c', inShell(watch, placeholders)],
          environment,
          restart: 'on-exit',
          observer: {
            printed: (seen) => observer.printed?.({ ...seen, stream: 'console' }),
          },
          now,
        });
  const tell = (isOn: boolean): void => {
    power.isOn = isOn;
    observer.power?.({ kind: 'power', source: 'host', at: now(), thingName, on: isOn });
  };
  let isWatched = false;
  return {
    hasPower: off !== undefined && on !== undefined,
    async powerOn() {
      if (!isWatched) await lines?.powerOn();
      isWatched = true;
      if (on === undefined || power.isOn) return;
      await runCommand('--power-on', inShell(on, placeholders), { environment, signal });
      tell(true);
    },
    async powerCut() {
      if (off === undefined) return;
      await runCommand('--power-off', inShell(off, placeholders), { environment, signal });
      tell(false);
    },
    async leave() {
      isWatched = false;
      await lines?.powerCut();
    },
  };
}

const patienceMs = 60_000;

/** Runs a command of the user's in a shell. @throws {OperationalError} `COMMAND_FAILED`, with its last words */
export async function runCommand(
  flag: string,
  command: string,
  { environment, signal }: Pick<SubjectOptions, 'environment' | 'signal'>,
): Promise<void> {
  // Into a file: what the command leaves running in the background may hold a pipe open for ever.
  await using scratch = openScratch('jobrig-command-');
  const output = await open(join(scratch.path, 'output'), 'w+');
  const child = spawn(command, {
    shell: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', output.fd, output.fd],
    // A group of its own: what the shell has started ends with it.
    detached: true,
  });
  const hasEnded = child.pid === undefined ? () => {} : endsWithTheRig('group', child.pid);
  const cutOff = (): void => {
    if (child.pid !== undefined) kill(-child.pid, 'SIGKILL');
  };
  const heard = signal && addAbortListener(signal, cutOff);
  let isLate = false;
  const patience = setTimeout(() => {
    isLate = true;
    cutOff();
  }, patienceMs);
  const [code, killedBy] = await new Promise<readonly [number | null, string | null]>((resolve) => {
    child.on('error', () => resolve([null, 'an error']));
    child.on('exit', (...end) => resolve(end));
  });
  clearTimeout(patience);
  hasEnded();
  heard?.[Symbol.dispose]();
  await output.close();
  signal?.throwIfAborted();
  if (code === 0) return;
  const printed = await readFile(join(scratch.path, 'output'), 'utf8');
  const lastWords = printed.trim().split('\n').at(-1) ?? '';
  const how = isLate ? `did not end within ${patienceMs / 1000} s` : `ended with ${killedBy ?? `exit code ${code}`}`;
  throw new OperationalError('COMMAND_FAILED', `${flag}: ${command} ${how}${lastWords === '' ? '' : `: ${lastWords}`}`);
}

/** A path with spaces stays one word of the shell. */
export function inShell(command: string, placeholders: Readonly<Record<string, string>>): string {
  const quoted = Object.entries(placeholders).map(([name, value]) => [
    name,
    /^[\w./:@%+=,-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`,
  ]);
  return fillIn(command, Object.fromEntries(quoted) as Record<string, string>);
}

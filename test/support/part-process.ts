/** `jobrig serve --role …` as a process of its own: waits for its ready line and for its exit, never for time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Part = 'engine' | 'door';

export interface PartProcess {
  readonly pid: number;
  /** Where other parts reach it. */
  readonly link: string;
  readonly http: string;
  /** Of a door. */
  readonly mqttPort: number;
  readonly stderr: () => string;
  kill(): Promise<void>;
  stop(): Promise<EndedPart>;
  readonly ended: Promise<EndedPart>;
}

export interface EndedPart {
  readonly exitCode: number | null;
  readonly stderr: string;
}

const program = join(import.meta.dirname, '../../dist/cli/main.js');
const running = new Set<ChildProcess>();
const off = ['mqtts', 'ws', 'wss', 'https'].flatMap((name) => [`--${name}-port`, 'off']);

/** @returns how it ended when it ended before it was ready */
export async function launchPart(role: Part, flags: readonly string[]): Promise<PartProcess | EndedPart> {
  const ports = ['--http-port', '0', ...(role === 'door' ? ['--mqtt-port', '0', ...off] : [])];
  const child = spawn(process.execPath, [program, 'serve', '--json', '--role', role, ...ports, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]): EndedPart => {
    running.delete(child);
    return { exitCode: exitCode as number | null, stderr };
  });
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  if (!Array.isArray(first)) return first;
  const ready = JSON.parse(first[0] as string) as Readonly<Record<string, string>>;
  return {
    pid: child.pid!,
    link: ready['link']!,
    http: ready['http']!,
    mqttPort: ready['mqtt'] === undefined ? 0 : Number(new URL(ready['mqtt']).port),
    stderr: () => stderr,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    ended,
  };
}

export async function startPart(role: Part, flags: readonly string[]): Promise<PartProcess> {
  const started = await launchPart(role, flags);
  if ('exitCode' in started) throw new Error(`jobrig serve --role ${role} ended: ${started.stderr}`);
  return started;
}

/** After a test, whatever became of it. */
export async function endParts(): Promise<void> {
  const gone = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(gone);
}

/**
 * `jobrig serve` as a process of its own, for what only a process can show: being killed, refused or left without room.
 * Waits for its ready line and for its exit, never for time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ServeProcess {
  readonly pid: number;
  readonly mqttPort: number;
  readonly httpUrl: string;
  /** The URL of each listener, by its scheme. */
  readonly urls: Readonly<Record<string, string>>;
  /** Process ids, with `--processes`. */
  readonly processes?: { readonly engine: number; readonly doors: readonly number[] };
  /** What it has said on stderr so far. */
  readonly stderr: () => string;
  /** SIGKILL, and the end of it. */
  kill(): Promise<void>;
  /** SIGTERM, and the end of it. */
  stop(): Promise<Ended>;
  /** Its own end. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stderr: string;
}

const program = join(import.meta.dirname, '../../dist/cli/main.js');

const listeners = [
  '--mqtt-port 0',
  '--mqtts-port off',
  '--ws-port off',
  '--wss-port off',
  '--http-port 0',
  '--https-port off',
];

const running = new Set<ChildProcess>();

export interface Launch {
  readonly flags: readonly string[];
  /** A limit on the size of any file it writes, which looks like a full disk. */
  readonly maxFileKiB?: number;
  /** A limit on its file descriptors. */
  readonly maxDescriptors?: number;
}

/** @returns how it ended when it ended before it was ready. */
export async function launchServe({ flags, maxFileKiB, maxDescriptors }: Launch): Promise<ServeProcess | Ended> {
  const command = [
    process.execPath,
    program,
    'serve',
    '--json',
    ...listeners.flatMap((flag) => flag.split(' ')),
    ...flags,
  ];
  const limits = [
    ...(maxFileKiB === undefined ? [] : [`ulimit -f ${maxFileKiB}; `]),
    ...(maxDescriptors === undefined ? [] : [`ulimit -n ${maxDescriptors}; `]),
  ].join('');
  const child = spawn('bash', ['-c', `${limits}exec "$@"`, 'bash', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]): Ended => {
    running.delete(child);
    return { exitCode: exitCode as number | null, stderr };
  });
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => line as string);
  const first = await Promise.race([ready, ended]);
  if (typeof first !== 'string') return first;
  const { processes, ...urls } = JSON.parse(first) as {
    readonly mqtt: string;
    readonly http: string;
    readonly processes?: ServeProcess['processes'];
  };
  return {
    pid: child.pid!,
    mqttPort: Number(new URL(urls.mqtt).port),
    httpUrl: urls.http,
    urls,
    ...(processes && { processes }),
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

/** After a test, whatever became of it. */
export async function killAll(): Promise<void> {
  const gone = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(gone);
}

export async function startServe(launch: Launch): Promise<ServeProcess> {
  const started = await launchServe(launch);
  if ('exitCode' in started) throw new Error(`jobrig serve ended: ${started.stderr}`);
  return started;
}

/** Those of `--processes` as they are now, asked of the system: each kill puts another in the place of one. */
export async function childrenNow(
  { pid }: Pick<ServeProcess, 'pid'>,
  module: 'engine-process' | 'door-process',
): Promise<readonly number[]> {
  const found = await Promise.all(
    (await readdir('/proc')).map(async (name) => {
      const [status, command] = await Promise.all(
        ['stat', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
      );
      const parent = Number(status?.split(') ')[1]?.split(' ')[1]);
      return parent === pid && command?.includes(module) === true ? [Number(name)] : [];
    }),
  );
  return found.flat();
}

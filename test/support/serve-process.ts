/** `jobrig serve` as a process of its own, for what only a process can show: being killed, refused or left without room. */
import { readFile, readdir } from 'node:fs/promises';
import { type Ended, type ReadyProcess, killAll, launchReady } from './ready-process.ts';

export { type Ended, killAll };

export interface ServeProcess extends ReadyProcess {
  /** 0 where plain MQTT is off. */
  readonly mqttPort: number;
  readonly httpUrl: string;
  /** The URL of each listener, by its scheme. */
  readonly urls: Readonly<Record<string, string>>;
  /** Process ids, with `--processes`. */
  readonly processes?: { readonly engine: number; readonly doors: readonly number[] };
}

const listeners = [
  '--mqtt-port 0',
  '--mqtts-port off',
  '--ws-port off',
  '--wss-port off',
  '--http-port 0',
  '--https-port off',
];

export interface Launch {
  readonly flags: readonly string[];
  /** A limit on the size of any file it writes, which looks like a full disk. */
  readonly maxFileKiB?: number;
  /** A limit on its file descriptors. */
  readonly maxDescriptors?: number;
  /** A limit on what JavaScript keeps in memory. */
  readonly heapMegabytes?: number;
}

interface ReadyLine {
  readonly mqtt?: string;
  readonly http: string;
  readonly processes?: ServeProcess['processes'];
}

/** @returns how it ended when it ended before it was ready. */
export async function launchServe({
  flags,
  maxFileKiB,
  maxDescriptors,
  heapMegabytes,
}: Launch): Promise<ServeProcess | Ended> {
  const limits = [
    ...(maxFileKiB === undefined ? [] : [`ulimit -f ${maxFileKiB}; `]),
    ...(maxDescriptors === undefined ? [] : [`ulimit -n ${maxDescriptors}; `]),
    ...(heapMegabytes === undefined ? [] : [`export NODE_OPTIONS=--max-old-space-size=${heapMegabytes}; `]),
  ].join('');
  const started = await launchReady<ReadyLine>([...listeners.flatMap((flag) => flag.split(' ')), ...flags], limits);
  if ('exitCode' in started) return started;
  const { line, ...running } = started;
  const { processes, ...urls } = line;
  return {
    ...running,
    mqttPort: urls.mqtt === undefined ? 0 : Number(new URL(urls.mqtt).port),
    httpUrl: urls.http,
    urls,
    ...(processes && { processes }),
  };
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

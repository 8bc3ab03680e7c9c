/** `jobrig serve --role …` as a process of its own. */
import { type Ended, type ReadyProcess, launchReady } from './ready-process.ts';

export type Part = 'engine' | 'door';

export interface PartProcess extends ReadyProcess {
  /** Where other parts reach it. */
  readonly link: string;
  readonly http: string;
  /** Of a door. */
  readonly mqttPort: number;
}

interface ReadyLine {
  readonly link: string;
  readonly http: string;
  readonly mqtt?: string;
}

const off = ['mqtts', 'ws', 'wss', 'https'].flatMap((name) => [`--${name}-port`, 'off']);

/** @returns how it ended when it ended before it was ready */
export async function launchPart(role: Part, flags: readonly string[]): Promise<PartProcess | Ended> {
  const ports = ['--http-port', '0', ...(role === 'door' ? ['--mqtt-port', '0', ...off] : [])];
  const started = await launchReady<ReadyLine>(['--role', role, ...ports, ...flags]);
  if ('exitCode' in started) return started;
  const { line, ...running } = started;
  const { link, http, mqtt } = line;
  return { ...running, link, http, mqttPort: mqtt === undefined ? 0 : Number(new URL(mqtt).port) };
}

export async function startPart(role: Part, flags: readonly string[]): Promise<PartProcess> {
  const started = await launchPart(role, flags);
  if ('exitCode' in started) throw new Error(`jobrig serve --role ${role} ended: ${started.stderr}`);
  return started;
}

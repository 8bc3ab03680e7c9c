/**
 * Fuzzing: each door of a service is told so many odd inputs, from a seed, while a healthy device beside asks for its jobs. In the
 * end the service is killed and started again. What is found: a crash, an error told on stderr, a device that is not answered,
 * memory without a bound, a directory that does not open any more or has lost something.
 */
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { seededChance } from '../../faults/chance.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { NeighbourLatency, NeighbourQuestions } from '../processes/neighbour.ts';
import { type DoorName, type Places, tell } from './doors.ts';
import { Victim } from './victim.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Of each door. */
  readonly inputs: number;
  readonly doors: readonly DoorName[];
  /** Everything of the run is below it. */
  readonly directory: string;
  /** The number of one story, to be told again alone. */
  readonly only?: number;
  /** This process lets others of the machine go first. */
  readonly givesWay?: boolean;
  /** The longest that the neighbour may wait at p99, time without a core apart; absent: that is not judged. */
  readonly maxP99Ms?: number;
  readonly onProgress?: (door: DoorName, inputs: number) => void;
  /** A service has been started and answers at this URL. */
  readonly onStart?: (url: string) => void;
}

export interface DoorResult {
  readonly door: DoorName;
  readonly inputs: number;
  readonly connections: number;
  /** Connections that the service did not end in time. */
  readonly hung: number;
  readonly seconds: number;
  /** Of the neighbour's exchanges meanwhile. */
  readonly latency: NeighbourLatency;
  readonly peakBytes: number;
}

export interface FuzzResult {
  readonly doors: readonly DoorResult[];
  /** What is wrong; empty when nothing is. */
  readonly found: readonly string[];
}

/** Connections at the same time: most of them wait for the other side to end them. */
const together = 128;
const storiesBetweenProgress = 5000;
/** More of the same would say no more. */
const maxWrong = 20;
const maxCorelessShare = 0.1;
const maxBytes = 1024 * 1024 * 1024;

/** A long wait says nothing then: what the service's other threads have waited for is not known. */
export function isTooBusy({ corelessShare }: Pick<NeighbourLatency, 'corelessShare'>): boolean {
  return corelessShare > maxCorelessShare;
}

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const doors: DoorResult[] = [];
  const found: string[] = [];
  // Where signatures are asked for, nobody else gets in: a service of its own.
  for (const asks of [false, true]) {
    const those = options.doors.filter((door) => (door === 'signed') === asks);
    const victim = new Victim(join(options.directory, asks ? 'asks' : 'open'), asks);
    if (those.length > 0) await fuzzService(victim, { ...options, doors: those }, doors, found);
  }
  return { doors, found };
}

async function fuzzService(victim: Victim, options: FuzzOptions, doors: DoorResult[], found: string[]): Promise<void> {
  const neighbour = startBenchProcess<NeighbourQuestions>('neighbour');
  try {
    await victim.start();
    options.onStart?.(victim.ready.http);
    const places = await victim.prepare();
    const { ports, ca, cert, key } = places;
    // Without a way in for who can prove nothing, it shows a certificate.
    const way = ports.tcp === 0 ? { port: ports.tls, secure: { ca, cert, key } } : { port: ports.tcp };
    await neighbour.ask('come', { ...way, thingName: 'neighbour', servicePid: victim.pid });
    if (options.givesWay === true) setPriority(constants.priority.PRIORITY_LOW);
    for (const door of options.doors) {
      await neighbour.ask('latency');
      const { peakBytes, lastStory, wrong, ...told } = await attack(door, options, places, victim);
      const where = `--seed ${options.seed} --door ${door}, up to story ${lastStory}`;
      if (!victim.isAlive) {
        found.push(`the service has ended (${where})`);
        break;
      }
      const latency = await neighbour.ask('latency');
      doors.push({ ...told, peakBytes, latency });
      found.push(...wrong.map((what) => `${what} (${where})`));
      if (peakBytes > maxBytes) found.push(`the service took ${peakBytes} bytes (${where})`);
      const { count, p99 } = latency.own;
      if (count === 0) found.push(`a device was not answered any more (${where})`);
      if (p99 > (options.maxP99Ms ?? Infinity) && !isTooBusy(latency))
        found.push(`a device waited for ${p99.toFixed(0)} ms at p99 (${where})`);
    }
    if (victim.errors !== '') found.push(`the service told of errors:\n${victim.errors.slice(0, 4000)}`);
    await neighbour.stop();
    await victim.kill();
    await victim.start();
    found.push(...(await victim.check()));
  } finally {
    await neighbour.stop();
    await victim.kill();
  }
}

async function attack(
  door: DoorName,
  { seed, inputs: wanted, only, onProgress }: FuzzOptions,
  places: Places,
  victim: Victim,
): Promise<Omit<DoorResult, 'latency'> & { readonly lastStory: number; readonly wrong: readonly string[] }> {
  const chance = seededChance(seed).fork(door);
  const startedAt = performance.now();
  let [inputs, connections, hung, peakBytes] = [0, 0, 0, 0];
  const wrong: string[] = [];
  let next = only ?? 0;
  const last = only === undefined ? Infinity : only + 1;
  const watch = setInterval(() => void victim.memory().then((bytes) => (peakBytes = Math.max(peakBytes, bytes))), 200);
  async function work(): Promise<void> {
    while (inputs < wanted && next < last && victim.isAlive) {
      const story = next;
      next += 1;
      const told = await tell(door, chance.fork(String(story)), places);
      inputs += told.inputs;
      connections += 1;
      if (told.hung) hung += 1;
      if (wrong.length < maxWrong) wrong.push(...told.wrong.map((what) => `story ${story}: ${what}`));
      if (connections % storiesBetweenProgress === 0) onProgress?.(door, inputs);
    }
  }
  await Promise.all(Array.from({ length: together }, work));
  clearInterval(watch);
  peakBytes = Math.max(peakBytes, await victim.memory());
  return {
    door,
    inputs,
    connections,
    hung,
    peakBytes,
    wrong,
    lastStory: next - 1,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/**
 * Fuzzing: each door of a service is told so many odd inputs, from a seed, while a healthy device beside asks for its jobs. In the
 * end the service is killed and started again. What is found: a crash, an error told on stderr, a device that is not answered,
 * memory without a bound, a directory that does not open any more or has lost something.
 */
import { seededChance } from '../../faults/chance.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { Latency } from '../load/latency.ts';
import type { NeighbourQuestions } from '../processes/neighbour.ts';
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
  readonly onProgress?: (door: DoorName, inputs: number) => void;
}

export interface DoorResult {
  readonly door: DoorName;
  readonly inputs: number;
  readonly connections: number;
  /** Connections that the service did not end in time. */
  readonly hung: number;
  readonly seconds: number;
  /** Of the neighbour's exchanges meanwhile. */
  readonly latency: Latency;
  readonly peakBytes: number;
}

export interface FuzzResult {
  readonly doors: readonly DoorResult[];
  /** What is wrong; empty when nothing is. */
  readonly found: readonly string[];
}

const together = 24;
const maxBytes = 1024 * 1024 * 1024;

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const victim = new Victim(options.directory);
  const neighbour = startBenchProcess<NeighbourQuestions>('neighbour');
  const doors: DoorResult[] = [];
  const found: string[] = [];
  try {
    await victim.start();
    const places = await victim.prepare();
    await neighbour.ask('come', { port: places.ports.tcp, thingName: 'neighbour' });
    for (const door of options.doors) {
      await neighbour.ask('latency', undefined as never);
      const { peakBytes, lastStory, ...told } = await attack(door, options, places, victim);
      const where = `--seed ${options.seed} --door ${door}, up to story ${lastStory}`;
      if (!victim.isAlive) {
        found.push(`the service has ended (${where})`);
        break;
      }
      const latency = await neighbour.ask('latency', undefined as never);
      doors.push({ ...told, peakBytes, latency });
      if (peakBytes > maxBytes) found.push(`the service took ${peakBytes} bytes (${where})`);
      if (latency.count === 0) found.push(`a device was not answered any more (${where})`);
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
  return { doors, found };
}

async function attack(
  door: DoorName,
  { seed, inputs: wanted, only, onProgress }: FuzzOptions,
  places: Places,
  victim: Victim,
): Promise<Omit<DoorResult, 'latency'> & { readonly lastStory: number }> {
  const chance = seededChance(seed).fork(door);
  const startedAt = performance.now();
  let [inputs, connections, hung, peakBytes] = [0, 0, 0, 0];
  let next = only ?? 0;
  const last = only === undefined ? Infinity : only + 1;
  const watch = setInterval(() => void victim.memory().then((bytes) => (peakBytes = Math.max(peakBytes, bytes))), 200);
  async function work(): Promise<void> {
    while (inputs < wanted && next < last && victim.isAlive) {
      const story = next;
      next += 1;
      const told = await tell(door, chance.fork(String(story)), Infinity, places);
      inputs += told.inputs;
      connections += 1;
      if (told.hung) hung += 1;
      if (connections % 1000 === 0) onProgress?.(door, inputs);
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
    lastStory: next - 1,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

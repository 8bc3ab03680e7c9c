/**
 * Whole load runs with the fleet in the processes of the service, over streams in memory: two processes with a door and half of the
 * fleet each before an engine of its own, all in one process, and beside them the naive wiring with its fleet of MQTT.js, which is over TCP
 * in two processes. In turn, and by the clock: on two cores all have the same.
 */
import { runLoad } from '../../rig/load/run-load.ts';
import { loadShape } from '../../rig/load/shapes.ts';
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { rotateLifecycles } from './lifecycles.ts';

interface Round {
  /** Executions a second. */
  readonly two: number;
  readonly one: number;
  readonly naive: number;
}

const executionsOfThing = 40;
const mostThings = 1000;

export async function measureInMemory(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const rounds: Round[] = [];
  while (rounds.length < size.rounds) {
    const two = await play(2, size);
    const one = await play(1, size);
    const [naive] = await rotateLifecycles(['naive-service'], 'MQTT.js', { ...size, rounds: 1 }, () => {});
    rounds.push({ two, one, naive: naive![0]!.executionsPerSecond });
    say(`round ${rounds.length} of ${size.rounds}: ${inWords(two)} with two doors, ${inWords(one)} in one process`);
  }
  const rate = (of: (round: Round) => number): string => inWords(medianOf(rounds, of));
  return [
    {
      figure: 'inMemory',
      value: spreadOf(rounds.map(({ two, one }) => two / one)),
      note: `executions/s ${rate(({ two }) => two)} : ${rate(({ one }) => one)}`,
      samples: rounds,
    },
    {
      figure: 'inMemoryNaive',
      value: spreadOf(rounds.map(({ two, naive }) => two / naive)),
      note: `executions/s ${rate(({ two }) => two)} : ${rate(({ naive }) => naive)}; all in one process ${rate(({ one }) => one)}`,
      samples: [],
    },
  ];
}

/** @returns executions a second */
async function play(processes: number, { things, window }: Size): Promise<number> {
  const shape = loadShape('rollout');
  const given = {
    ...shape.given,
    things: Math.min(things, mostThings),
    executions: executionsOfThing,
    connectRate: 5000,
  };
  const run = await runLoad({
    jobrig: 'bench',
    seed: 1,
    shape: { ...shape, given },
    pacing: { kind: 'window', window },
    prefix: 'bench-',
    hardwareName: 'none',
    transport: 'in-process',
    processes,
    doors: processes === 1 ? 0 : processes,
    signal: new AbortController().signal,
  });
  if (run.executions.failed > 0 || run.partial !== undefined)
    throw new Error(`${processes} processes: ${run.partial ?? JSON.stringify(run.failures)}`);
  return run.executionsPerSecond;
}

function inWords(perSecond: number): string {
  return `${perSecond.toFixed(0)}/s`;
}

/**
 * What it costs that doors are processes of their own: the same load, with its service in one process, as an engine with one door, and
 * as an engine with two, in turn. Judged by CPU time of the seconds in which executions were made and nothing else, since fleet and
 * operator want the same cores; what several cores would carry follows from it.
 */
import { runLoad } from '../../rig/load/run-load.ts';
import type { LoadRun } from '../../rig/load/contract.ts';
import { loadShape } from '../../rig/load/shapes.ts';
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';

interface LinkSample {
  readonly doors: number;
  /** CPU time a lifecycle, of whoever starts the others and operates them; without doors that is all there is. */
  readonly serviceMicros: number;
  readonly engineMicros: number;
  /** All doors together. */
  readonly doorMicros: number;
  readonly executionsPerSecond: number;
}

const executionsOfThing = 60;
/** In which each process compiles what it runs: two processes twice what one does, and once for as long as they live. */
const warmUpShare = 1 / 3;
const exchangesOfLifecycle = 5;

export async function measureLink(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const rounds: (readonly [LinkSample, LinkSample, LinkSample])[] = [];
  while (rounds.length < size.rounds) {
    const taken = new Map<number, LinkSample>();
    for (const doors of rounds.length % 2 === 0 ? [0, 1, 2] : [2, 1, 0]) taken.set(doors, await play(doors, size));
    rounds.push([taken.get(0)!, taken.get(1)!, taken.get(2)!]);
    say(`round ${rounds.length} of ${size.rounds}: ${rounds.at(-1)!.map(inWords).join('; ')}`);
  }
  const micros = (index: 0 | 1 | 2, of: keyof LinkSample): string =>
    medianOf(rounds, (round) => round[index][of]).toFixed(0);
  const rate = [0, 1, 2].map((index) => micros(index as 0 | 1 | 2, 'executionsPerSecond')).join(' : ');
  return [
    {
      figure: 'link',
      value: spreadOf(rounds.map(([single, one]) => total(single) / total(one))),
      note: `CPU µs a lifecycle ${micros(0, 'serviceMicros')} : engine ${micros(1, 'engineMicros')} + door ${micros(1, 'doorMicros')} + operator ${micros(1, 'serviceMicros')}; an exchange at the door ${(medianOf(rounds, ([, { doorMicros }]) => doorMicros) / exchangesOfLifecycle).toFixed(0)}, at the engine ${(medianOf(rounds, ([, { engineMicros }]) => engineMicros) / exchangesOfLifecycle).toFixed(0)}`,
      samples: rounds,
    },
    {
      figure: 'linkShare',
      // Whatever several processes cost more than one is the link's, on both ends.
      value: spreadOf(rounds.map(([single, one]) => (total(one) - total(single)) / one.doorMicros)),
      note: `of a lifecycle; the operator, who is on a link too, included`,
      samples: [],
    },
    {
      figure: 'doors',
      value: spreadOf(rounds.map(([single, , two]) => carried(two) / (1 / total(single)))),
      note: `engine ${micros(2, 'engineMicros')}, both doors ${micros(2, 'doorMicros')} µs a lifecycle; by the clock, fleet on the same cores, executions/s ${rate}`,
      samples: rounds,
    },
  ];
}

async function play(doors: number, { things }: Size): Promise<LinkSample> {
  const shape = loadShape('rollout');
  const given = { ...shape.given, things: Math.min(things, 1000), executions: executionsOfThing, connectRate: 5000 };
  const run = await runLoad({
    jobrig: 'bench',
    seed: 1,
    shape: { ...shape, given },
    pacing: { kind: 'window', window: 64 },
    prefix: 'bench-',
    hardwareName: 'none',
    transport: 'tcp',
    processes: 1,
    doors,
    signal: new AbortController().signal,
  });
  if (run.executions.failed > 0 || run.partial !== undefined)
    throw new Error(`${doors} doors: ${run.partial ?? JSON.stringify(run.failures)}`);
  return sampleOf(run, doors);
}

/** Of whole seconds in the middle: at the edges there was something else to do. */
function sampleOf({ timeline, phases, executionsPerSecond }: LoadRun, doors: number): LinkSample {
  const { fromMs, toMs } = phases.find(({ name }) => name === 'finishing update')!;
  const whole = timeline.filter(({ atMs, spanMs }) => atMs - spanMs >= fromMs && atMs <= toMs);
  const all = lifecyclesIn(whole);
  const inside = whole.filter((_, index) => lifecyclesIn(whole.slice(0, index)) >= warmUpShare * all);
  const lifecycles = lifecyclesIn(inside);
  if (lifecycles === 0) throw new Error('no second was measured: more things are needed');
  const microsOf = (is: (name: string) => boolean): number => {
    const ms = inside.flatMap(({ processes, spanMs }) =>
      processes.filter(({ name }) => is(name)).map(({ cpu }) => cpu * spanMs),
    );
    return (ms.reduce((sum, each) => sum + each, 0) * 1000) / lifecycles;
  };
  return {
    doors,
    serviceMicros: microsOf((name) => name === 'service'),
    engineMicros: microsOf((name) => name === 'engine'),
    doorMicros: microsOf((name) => name.startsWith('door')),
    executionsPerSecond,
  };
}

function lifecyclesIn(seconds: LoadRun['timeline']): number {
  return seconds.reduce((sum, { succeeded }) => sum + succeeded, 0);
}

function total({ serviceMicros, engineMicros, doorMicros }: LinkSample): number {
  return serviceMicros + engineMicros + doorMicros;
}

/** Lifecycles a µs where each process has a core: the busiest of them is the limit. */
function carried({ doors, engineMicros, doorMicros }: LinkSample): number {
  return 1 / Math.max(engineMicros, doorMicros / doors);
}

function inWords(sample: LinkSample): string {
  return `${sample.doors} doors ${total(sample).toFixed(0)} µs, ${sample.executionsPerSecond.toFixed(0)}/s`;
}

/**
 * Whole load runs, as `jobrig load` makes them: what a thing takes in-process, and how long all things need to recover from the
 * deletion of their job, beside the rollout of one. Each run has processes of its own.
 */
import { runLoad, type LoadOptions } from '../../rig/load/run-load.ts';
import type { LoadRun } from '../../rig/load/contract.ts';
import { memoryOf } from '../../rig/load/verdict.ts';
import { loadShape } from '../../rig/load/shapes.ts';
import type { Measurement, Size } from '../figures.ts';
import { spreadOf } from '../rounds.ts';

const kilobyte = 1024;
const connectRate = 5000;

export async function measureLoads(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const memory: LoadRun[] = [];
  const pairs: { readonly rollout: LoadRun; readonly massDelete: LoadRun }[] = [];
  while (pairs.length < size.rounds) {
    memory.push(await play('rollout', size, 'in-process'));
    const rollout = await play('rollout', size, 'tcp');
    pairs.push({ rollout, massDelete: await play('mass-delete', size, 'tcp') });
    say(`round ${pairs.length} of ${size.rounds}`);
  }
  const ratios = pairs.map(({ rollout, massDelete }) => recoveredMs(massDelete) / phaseMs(rollout, 'finishing update'));
  return [
    {
      figure: 'in-process',
      value: spreadOf(memory.map((run) => memoryOf(run).perThingBytes / kilobyte)),
      note: `${size.things} things, executions/s ${spreadOf(memory.map((run) => run.executionsPerSecond)).median.toFixed(0)}`,
      samples: memory.map(withoutCurves),
    },
    {
      figure: 'mass-delete',
      value: spreadOf(ratios),
      note: `seconds ${spreadOf(pairs.map(({ massDelete }) => recoveredMs(massDelete) / 1000)).median.toFixed(1)} : ${spreadOf(pairs.map(({ rollout }) => phaseMs(rollout, 'finishing update') / 1000)).median.toFixed(1)}`,
      samples: pairs.map(({ rollout, massDelete }) => ({
        rollout: withoutCurves(rollout),
        massDelete: withoutCurves(massDelete),
      })),
    },
  ];
}

async function play(name: string, { things }: Size, transport: LoadOptions['transport']): Promise<LoadRun> {
  const shape = loadShape(name);
  const run = await runLoad({
    jobrig: 'bench',
    seed: 1,
    shape: { ...shape, given: { ...shape.given, things, connectRate } },
    pacing: { kind: 'window', window: 64 },
    prefix: 'bench-',
    hardwareName: 'none',
    transport,
    processes: 1,
    lookEveryMs: 20,
    signal: new AbortController().signal,
  });
  if (run.executions.failed > 0 || run.partial !== undefined)
    throw new Error(`${name}: ${JSON.stringify(run.failures)}`);
  return run;
}

function phaseMs({ phases }: LoadRun, name: string): number {
  const phase = phases.find((each) => each.name === name);
  if (phase === undefined) throw new Error(`no phase ${name}`);
  return phase.toMs - phase.fromMs;
}

/** From the deletion until every device had asked again. */
function recoveredMs({ phases }: LoadRun): number {
  const deleted = phases.find(({ name }) => name === 'rolling out update')!.toMs;
  return phases.find(({ name }) => name === 'recovering')!.toMs - deleted;
}

function withoutCurves({ histograms: _histograms, timeline: _timeline, ...rest }: LoadRun): object {
  return rest;
}

/**
 * Every phase of a load run, each way of running it: interrupted there, or left there by its service, it ends with what it has, says
 * why, and asks nothing of anybody any more. All in this process; `test/cli/load.test.ts` has the processes and what is printed.
 */
import { describe, expect, it } from 'vitest';
import { type Service, startService } from '../../../broker/start-service.ts';
import type { LoadRun } from '../../../rig/load/contract.ts';
import { type LoadOptions, runLoad } from '../../../rig/load/run-load.ts';
import { localPart } from '../../support/local-part.ts';
import { loadOptions } from '../../support/play-load.ts';

/** What a run of `mass-delete` says that it does, in order. */
const ofOwnService = [
  'starting the service',
  'registering the things',
  'starting the fleet',
  'connecting',
  'rolling out update',
  'recovering',
  'finishing canary',
  'finishing',
  'ending',
];
const ways = {
  'a service of its own': { transport: 'tcp', phases: ofOwnService },
  'three processes of the fleet': { transport: 'tcp', processes: 3, phases: ofOwnService },
  'one process for all': { transport: 'in-process', phases: ofOwnService },
  'doors in the processes of the fleet': {
    transport: 'in-process',
    doors: 2,
    phases: ['starting the service', 'starting doors and fleets', 'registering the things', ...ofOwnService.slice(3)],
    // Its engine is a process of its own, and what comes when all are connected goes as it does with one process for all.
    disturbedIn: [
      'starting the service',
      'starting doors and fleets',
      'registering the things',
      'connecting',
      'recovering',
    ],
  },
  'an endpoint': { transport: 'tcp', shape: 'idle', phases: ['starting the fleet', 'connecting', 'idle', 'ending'] },
} as const;
type Way = keyof typeof ways;

interface Played {
  readonly run: LoadRun | Error;
  readonly phases: readonly string[];
  readonly parts: readonly ReturnType<typeof localPart>[];
}

/** @param disturb called at the beginning of each phase */
async function play(way: Way, disturb: (phase: string, what: Disturbance) => void, durationMs = 100): Promise<Played> {
  const {
    transport,
    phases: _phases,
    ...others
  }: { transport: 'tcp' | 'in-process'; phases: object; shape?: string; processes?: number; doors?: number } = ways[
    way
  ];
  const parts: ReturnType<typeof localPart>[] = [];
  const phases: string[] = [];
  const interrupted = new AbortController();
  const endpoint: Service | undefined = way === 'an endpoint' ? await startService({ mqttPort: 0 }) : undefined;
  const options: LoadOptions = {
    ...loadOptions(others.shape ?? 'mass-delete', { things: 6, reconnectMs: 20 }),
    transport,
    processes: others.processes ?? 1,
    doors: others.doors ?? 0,
    signal: interrupted.signal,
    lookEveryMs: 5,
    goneAfterMs: 50,
    durationMs,
    startPart() {
      const part = localPart();
      parts.push(part);
      return part;
    },
    onProgress({ act }) {
      if (phases.at(-1) === act) return;
      phases.push(act);
      disturb(act, {
        interrupt: () => interrupted.abort(),
        leave: () => (endpoint === undefined ? parts[0]?.die() : void endpoint.close()),
      });
    },
    ...(endpoint?.mqttUrl !== undefined && { endpoint: endpoint.mqttUrl }),
  };
  const run = await runLoad(options).catch((error: Error) => error);
  await endpoint?.close();
  return { run, phases, parts };
}

interface Disturbance {
  readonly interrupt: () => void;
  /** The service dies. */
  readonly leave: () => void;
}

const all = Object.entries(ways).flatMap(([way, { phases, ...about }]) =>
  ('disturbedIn' in about ? about.disturbedIn : phases).map((phase) => [way as Way, phase] as const),
);

describe('a load run', () => {
  it.each(Object.keys(ways) as Way[])('with %s says what it does, from the first moment to the last', async (way) => {
    const { phases, run } = await play(way, () => {});
    expect(phases).toEqual(ways[way].phases);
    expect(run).not.toHaveProperty('partial');
  });

  it.each(all)('with %s is interrupted while %s, and keeps what it has', async (way, phase) => {
    const { run, phases } = await play(way, (at, { interrupt }) => at === phase && interrupt());
    expect(run).toMatchObject({ form: 'jobrig load run 1' });
    if (phase === 'ending') expect(run).not.toHaveProperty('partial');
    else expect(run).toMatchObject({ partial: 'interrupted' });
    const until = ways[way].phases.indexOf(phase as never);
    expect(phases).toEqual([...ways[way].phases.slice(0, until + 1), ...(phase === 'ending' ? [] : ['ending'])]);
  });

  it.each(all)('with %s is left by its service while %s, and says so', async (way, phase) => {
    const isEndpoint = way === 'an endpoint';
    // What goes on until its end does so until the service has gone, however long that takes.
    const lasting = isEndpoint && phase !== 'ending' ? 600_000 : undefined;
    const { run } = await play(way, (at, { leave }) => at === phase && leave(), lasting);
    if (phase === 'ending') expect(run).not.toHaveProperty('partial');
    else if (!isEndpoint) {
      const name = way === 'one process for all' ? 'service and fleet' : 'service';
      expect(run).toMatchObject({ partial: `the ${name} process ended in the middle (SIGKILL)` });
    } else if (run instanceof Error) expect(run).toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
    else expect(run).toMatchObject({ partial: expect.stringMatching(/^no thing has been connected for \d+ s/) });
  });
});

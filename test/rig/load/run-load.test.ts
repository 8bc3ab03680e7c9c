/** Whole runs with all parts in this process, over TCP but where it says otherwise. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startService } from '../../../broker/start-service.ts';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import type { LoadRun, LoadShape } from '../../../rig/load/contract.ts';
import { latenciesIn } from '../../../rig/load/figures.ts';
import { firmwareDocument } from '../../../rig/load/job-document.ts';
import type { LoadProgress } from '../../../rig/load/load-progress.ts';
import { type LoadOptions, runLoad } from '../../../rig/load/run-load.ts';
import { verdictOfLoad } from '../../../rig/load/verdict.ts';
import { readText } from '../../../protocol/positioned-text.ts';
import { checkShape } from '../../../rig/load/shape-file.ts';
import { goingOnBoards } from '../../support/going-on-boards.ts';
import { hangingBoards } from '../../support/hanging-boards.ts';
import { liveService } from '../../support/live.ts';
import { localPart } from '../../support/local-part.ts';
import { loadOptions } from '../../support/play-load.ts';

type Changes = Partial<Omit<LoadOptions, 'shape'>> & {
  readonly given?: Partial<LoadShape['given']>;
  /** Asked whenever it matters, instead of `goneAfterMs`. */
  readonly goneAfter?: () => number;
};

function play(shape: string | LoadShape, { given, goneAfter, ...changes }: Changes = {}): Promise<LoadRun> {
  const options: LoadOptions = { ...loadOptions(shape, given), ...changes };
  return runLoad(goneAfter === undefined ? options : Object.defineProperty(options, 'goneAfterMs', { get: goneAfter }));
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

function shapeOf(text: string): LoadShape {
  const read = readText(`id: mine\nclaim: It works.\n${text}`, checkShape);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const doorsInMemory = { transport: 'in-process', processes: 2, doors: 2 } as const;
/** More in flight than there are things: several rounds begin at once, before any of them is counted. */
const manyRounds = { pacing: { kind: 'window', window: 64 }, given: { executions: 12 } } as const;
const quick = { updates: 1, pauseMs: 0, holds: false };

describe('a load run', () => {
  it.each<[string, Changes, { readonly pulled: number; readonly recovered: number }]>([
    ['rollout', {}, { pulled: 0, recovered: 0 }],
    ['rollout', { given: { executions: 5 } }, { pulled: 0, recovered: 0 }],
    ['rollout', { processes: 3 }, { pulled: 0, recovered: 0 }],
    ['rollout', { ...manyRounds, doors: 2 }, { pulled: 0, recovered: 0 }],
    ['rollout', { ...manyRounds, ...doorsInMemory }, { pulled: 0, recovered: 0 }],
    ['rollout', { transport: 'in-process' }, { pulled: 0, recovered: 0 }],
    ['rollout', { ...doorsInMemory, given: { executions: 5 } }, { pulled: 0, recovered: 0 }],
    ['rollout', { ...doorsInMemory, doors: 3, given: { things: 2 } }, { pulled: 0, recovered: 0 }],
    ['rollout', { ...doorsInMemory, pacing: { kind: 'rate', perSecond: 100 } }, { pulled: 0, recovered: 0 }],
    ['rollout', { pacing: { kind: 'rate', perSecond: 100 } }, { pulled: 0, recovered: 0 }],
    ['rollout', { durationMs: 300 }, { pulled: 0, recovered: 0 }],
    ['rollout', { slice: { index: 2, of: 3 }, given: { things: 36 } }, { pulled: 0, recovered: 0 }],
    ['reconnect-storm', { given: { work: { updates: 2, pauseMs: 300, holds: false } } }, { pulled: 0, recovered: 12 }],
    ['mass-delete', {}, { pulled: 12, recovered: 12 }],
    ['mass-delete', doorsInMemory, { pulled: 12, recovered: 12 }],
    ['throttled', { given: { things: 6, work: quick } }, { pulled: 0, recovered: 0 }],
    ['throttled', { ...doorsInMemory, given: { things: 6, work: quick } }, { pulled: 0, recovered: 0 }],
    ['idle', { durationMs: 300 }, { pulled: 0, recovered: 0 }],
  ])('of %s with %j ends well, and both ends agree', async (shape, changes, expected) => {
    const run = await play(shape, changes);
    expect(run).toMatchObject({ failures: {}, differs: [] });
    expect(run.partial).toBeUndefined();
    const { wanted, succeeded, pulled } = run.executions;
    expect([succeeded, pulled]).toEqual([wanted, expected.pulled]);
    const { things = 12, executions = 1 } = changes.given ?? {};
    const planned = (things / (changes.slice?.of ?? 1)) * executions;
    if (changes.durationMs === undefined) expect(wanted).toBe(planned);
    expect(latenciesIn(run).recovery?.count ?? 0).toBe(expected.recovered);
    expect('notify' in latenciesIn(run)).toBe(changes.pacing?.kind === 'rate');
    if (shape === 'throttled') expect(run.refusals['RequestThrottled']).toBeGreaterThan(0);
  });

  it('of churn takes jobs away in the middle, again and again, and finishes what it leaves alone', async () => {
    const work = { updates: 2, pauseMs: 150, holds: false };
    const run = await play('churn', { durationMs: 1500, given: { work } });
    expect(run).toMatchObject({ failures: {}, differs: [] });
    expect(run.executions.pulled).toBeGreaterThan(0);
    expect(run.executions.succeeded).toBe(run.executions.wanted);
  });

  it('says that it waits for the limit of AWS where the service rolls out by itself', async () => {
    const told: LoadProgress[] = [];
    const shape = shapeOf('script:\n  - rollout: {job: a, by: service}\n  - when: {finished: 100%, job: a}\n');
    const controller = new AbortController();
    const run = await play(shape, {
      transport: 'in-process',
      given: { things: 1001, connectRate: 100_000 },
      signal: controller.signal,
      onProgress(progress) {
        told.push(progress);
        if (progress.note !== undefined) controller.abort();
      },
    });
    expect(told.at(-1)?.note).toBe("waits for AWS's limit of 1,000 a minute");
    expect(run.partial).toBe('interrupted');
    expect(run.executions.failed).toBeGreaterThan(0);
  });

  it('counts latencies of an open loop from the intended start', async () => {
    const run = await play('rollout', { pacing: { kind: 'rate', perSecond: 200 }, given: { executions: 2 } });
    const { notify, execution, update } = latenciesIn(run);
    expect([notify?.count, execution?.count]).toEqual([24, 24]);
    expect(execution!.max).toBeGreaterThan(update!.p50);
  });

  it('is saturated where executions of an open loop begin later than they were meant to', async () => {
    const run = await play('rollout', { pacing: { kind: 'rate', perSecond: 100_000 }, given: { executions: 50 } });
    expect(run).toMatchObject({ saturated: true, executions: { succeeded: 600 }, settings: { pacing: '100000/s' } });
    expect(latenciesIn(run).notify?.count).toBe(600);
  });

  it('of a shape that waits for a share goes on although its rollout has no end but that of the run', async () => {
    const work = { updates: 2, pauseMs: 100, holds: false };
    const run = await play('reconnect-storm', { durationMs: 800, given: { work } });
    expect(run).toMatchObject({ failures: {}, differs: [], settings: { pacing: 'all at once' } });
    expect(latenciesIn(run).recovery?.count).toBe(12);
  });

  it.each([
    ['tcp', 1],
    ['tcp', 2],
    ['in-process', 1],
    ['in-process', 2],
  ] as const)(
    'over %s, with %i fleets, ends with what it has when a device hangs, and fails',
    async (transport, processes) => {
      const profiles = readHardwareProfiles('esp32-s3');
      const run = await play('rollout', {
        hardware: { profiles, document: '{"operation":"reboot"}' },
        hardwareName: 'esp32-s3',
        timeScale: 50,
        transport,
        processes,
        doors: transport === 'tcp' || processes === 1 ? 0 : processes,
        given: { things: 4 },
        startPart: () => localPart(hangingBoards('thing-2', 'message')),
      });
      expect(run.partial).toMatch(/^thing-2 hangs after \w+/);
      expect(run.failures['device hangs']).toBe(1);
      expect(latenciesIn(run).connect?.count).toBeGreaterThan(0);
      expect(verdictOfLoad(run, [])).toBe('fail');
    },
  );

  it('has the agent proper on simulated hardware, over TCP and in-process', async () => {
    const profiles = readHardwareProfiles('mix');
    const hardware = { profiles, document: '{"operation":"reboot"}' };
    expect(JSON.parse(firmwareDocument())).toHaveProperty('operation', 'firmware');
    for (const way of [{ transport: 'tcp' }, { transport: 'in-process' }, doorsInMemory] as const) {
      const run = await play('rollout', {
        hardware,
        hardwareName: 'mix',
        ...way,
        timeScale: 100,
        given: { things: 3 },
      });
      expect(run).toMatchObject({ failures: {}, differs: [], executions: { wanted: 3, succeeded: 3 } });
      expect(latenciesIn(run).update?.count).toBeGreaterThan(0);
    }
  });

  it('counts an execution once that its device goes on with when it is taken away', async () => {
    const shape = shapeOf(
      'script:\n  - rollout: { job: update, holds: true }\n  - when: { in-progress: 100%, job: update }\n' +
        '    do: [delete-job: { job: update, force: true }]\n  - when: { recovered: 100% }\n',
    );
    const run = await play(shape, {
      hardware: { profiles: readHardwareProfiles('esp32-s3'), document: '{"operation":"reboot"}' },
      hardwareName: 'esp32-s3',
      timeScale: 20,
      given: { things: 4 },
      startPart: () => localPart(goingOnBoards),
    });
    expect(run).toMatchObject({ differs: [], failures: {}, executions: { pulled: 4 } });
  });

  it('counts connections of simulated boards that the service closes', async () => {
    const { service } = await liveService({ timeScale: 1 });
    let isClosed = false;
    const run = await play('rollout', {
      endpoint: service.mqttUrl!,
      hardware: { profiles: readHardwareProfiles('esp32-s3'), document: '' },
      hardwareName: 'esp32-s3',
      timeScale: 50,
      given: { things: 3 },
      goneAfter: () => 0,
      onProgress: ({ connected }) => {
        if (connected < 3 || isClosed) return;
        isClosed = true;
        void service.close();
      },
    });
    expect(run.partial).toMatch(/^no thing has been connected for/);
    const kinds = Object.keys(run.failures).filter((kind) => kind.startsWith('disconnected: '));
    expect(kinds).not.toEqual([]);
  });

  it('says what a simulated board met at its endpoint, once', async () => {
    const endpoint = `mqtt://127.0.0.1:${await freePort()}`;
    const hardware = { profiles: readHardwareProfiles('esp32-s3'), document: '' };
    await expect(
      play('rollout', { endpoint, hardware, hardwareName: 'esp32-s3', timeScale: 50 }),
    ).rejects.toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringMatching(/^No device can connect to \S+: connect ECONNREFUSED \S+$/) as string,
    });
  });

  it('runs the fleet alone against an endpoint, for whatever job comes', async () => {
    const { service, operator } = await liveService({ timeScale: 1 });
    const names = Array.from({ length: 12 }, (_, index) => `thing-${index + 1}`);
    await operator.createThings(names, 'all');
    let isAsked = false;
    const run = await play('rollout', {
      endpoint: service.mqttUrl!,
      onProgress({ connected }) {
        if (connected < 12 || isAsked) return;
        isAsked = true;
        void operator.createJob({ jobId: 'theirs', groupName: 'all', document: '{"any":"thing"}' });
      },
    });
    expect(run.executions).toMatchObject({ wanted: 12, succeeded: 12, failed: 0 });
    expect(run.processes.map(({ role }) => role)).toEqual(['fleet']);
  });

  it('goes on when its endpoint goes away and comes back, and ends with what it has when that stays away', async () => {
    const port = await freePort();
    let service = await startService({ mqttPort: port });
    let act: 'up' | 'away' | 'back' | 'gone' = 'up';
    const run = await play('idle', {
      endpoint: `mqtt://127.0.0.1:${port}`,
      durationMs: 600_000,
      // However long a busy host takes to be back.
      goneAfter: () => (act === 'gone' ? 300 : 60_000),
      onProgress({ connected, act: does }) {
        if (act === 'up' && does === 'idle' && connected === 12) {
          act = 'away';
          void service.close();
        } else if (act === 'away' && connected === 0) {
          act = 'back';
          void startService({ mqttPort: port }).then((again) => (service = again));
        } else if (act === 'back' && connected === 12) {
          act = 'gone';
          void service.close();
        }
      },
    });
    expect(act).toBe('gone');
    expect(run.partial).toMatch(/^no thing has been connected for \d+ s \(connect failed: ECONNREFUSED\)$/);
  });

  it('says that an endpoint cannot be reached', async () => {
    const endpoint = `mqtt://127.0.0.1:${await freePort()}`;
    await expect(play('rollout', { endpoint })).rejects.toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: `No device can connect to ${endpoint}: ECONNREFUSED`,
    });
  });

  it.each(['service', 'fleet'])('ends with what it has when its %s dies', async (which) => {
    const parts: ReturnType<typeof localPart>[] = [];
    const startPart = (): ReturnType<typeof localPart> => {
      const part = localPart();
      parts.push(part);
      return part;
    };
    const onProgress = ({ act }: LoadProgress): void => {
      if (act === 'idle') parts[which === 'service' ? 0 : 1]!.die();
    };
    const run = await play('idle', { startPart, onProgress });
    expect(run.partial).toBe(`the ${which} process ended in the middle (SIGKILL)`);
    expect(run.timeline.length + run.phases.length).toBeGreaterThan(0);
  });

  it.each(['openService', 'createThings', 'openFleet'])(
    'starts nothing more where %s is answered when it has been interrupted',
    async (late) => {
      const interruption = new AbortController();
      const running = new Set<number>();
      let started = 0;
      let stopped: (() => void) | undefined;
      const isStopped = new Promise<void>((resolve) => (stopped = resolve));
      let answered: Promise<unknown> | undefined;
      const startPart = (): ReturnType<typeof localPart> => {
        const part = localPart();
        const number = (started += 1);
        running.add(number);
        const ask = (async (name: 'look', body: never) => {
          if (name !== late) return part.ask(name, body);
          const answer = await part.ask(name, body);
          interruption.abort();
          answered = isStopped.then(() => answer);
          return answered;
        }) as typeof part.ask;
        const stop = async (): Promise<void> => {
          running.delete(number);
          stopped?.();
        };
        return { ...part, ask, stop };
      };
      const run = await play('rollout', { startPart, signal: interruption.signal });
      await answered;
      // What waited for the answer has gone on.
      await new Promise((resolve) => setImmediate(resolve));
      expect(run.partial).toBe('interrupted');
      expect([...running]).toEqual([]);
    },
  );

  it('ends at once when it is interrupted before it begins', async () => {
    const run = await play('rollout', { signal: AbortSignal.abort() });
    expect(run).toMatchObject({ partial: 'interrupted', executions: { succeeded: 0 } });
  });
});

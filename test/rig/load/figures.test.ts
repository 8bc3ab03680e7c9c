import { array, assert, integer, property } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import type { LoadRun } from '../../../rig/load/contract.ts';
import { judgeThresholds, parseThreshold } from '../../../rig/load/figures.ts';
import { verdictOfLoad } from '../../../rig/load/verdict.ts';
import { Latencies, latenciesOf } from '../../../rig/load/histograms.ts';
import { freeOfGroups } from '../../../rig/load/control-groups.ts';
import { processesFor, whyTooMany } from '../../../rig/load/capacity.ts';
import { startFlights } from '../../../rig/load/pacing.ts';
import { patienceOf, watchStandstill } from '../../../rig/load/patience.ts';
import { loadShape } from '../../../rig/load/shapes.ts';
import { sampleLoadRun } from '../../support/sample-load.ts';

function judged(run: LoadRun, expression: string): { readonly value?: number; readonly held: boolean } {
  const threshold = parseThreshold(expression);
  if (typeof threshold === 'string') throw new Error(threshold);
  return judgeThresholds(run, [threshold])[0]!;
}

describe('thresholds', () => {
  const run = sampleLoadRun({ updateMs: [1, 2, 3, 40] });

  it.each([
    ['update.max<50ms', true],
    ['update.max<0.05s', true],
    ['update.max < 39 ms', false],
    ['update.p50<=3000us', true],
    ['failures==0', true],
    ['failures>0', false],
    ['executions.failed==0', true],
    ['executions.succeeded>=4', true],
    ['executionsPerSecond>=100/s', true],
    ['memory.perThingBytes<=45KB', true],
    ['memory.servicePeakBytes<1MB', false],
    ['recovery.p99<1s', false],
  ])('%s is judged %s', (expression, held) => {
    expect(judged(run, expression).held).toBe(held);
  });

  it('on a figure that the run does not have is broken and has no value', () => {
    expect(judged(run, 'recovery.p99<1s')).not.toHaveProperty('value');
    expect(judged(run, 'update.max<50ms').value).toBeCloseTo(40, 1);
  });

  it.each([
    ['memory.servicePeakBytes<1GB', 'service'],
    ['memory.fleetPeakBytes<1GB', 'fleet'],
  ])('%s is broken where the run saw no %s', (expression, unseen) => {
    const processes = run.processes.filter(({ role }) => role !== unseen);
    expect(judged(run, expression).held).toBe(true);
    expect(judged({ ...run, processes }, expression)).not.toHaveProperty('value');
    expect(judged({ ...run, processes }, expression).held).toBe(false);
  });

  it.each([
    ['updat.p99<50ms', 'did you mean `update.p'],
    ['update.p90<50ms', 'did you mean `update.p'],
    ['update<50ms', 'update'],
    ['failure==0', 'did you mean `failures`'],
    ['update.p99<50', undefined],
    ['update.p99<50KB', '`KB` is no unit of update.p99'],
    ['failures==0ms', '`ms` is no unit of failures'],
    ['update.p99=50ms', 'expected a figure'],
    ['update.p99<fast', 'expected a figure'],
    ['', 'expected a figure'],
    ['toString<1', '`toString`'],
  ])('%j is %s', (expression, complaint) => {
    const parsed = parseThreshold(expression);
    if (complaint === undefined) expect(parsed).toHaveProperty('name');
    else expect(parsed).toContain(complaint);
  });

  it.each([
    [{}, 'pass'],
    [{ failures: { 'no answer': 1 } }, 'fail'],
    [{ executions: { wanted: 4, succeeded: 3, failed: 1, pulled: 0 } }, 'fail'],
    [{ differs: ['job a: the service counts 4 succeeded, the fleet 3'] }, 'fail'],
    [{ partial: 'interrupted', failures: { 'not finished': 3 } }, 'inconclusive'],
  ] as const)('a run with %j is judged %s', (members, verdict) => {
    expect(verdictOfLoad({ ...run, ...members }, [])).toBe(verdict);
  });
});

describe('latencies', () => {
  it('merge without loss, in whatever parts they were recorded', () => {
    const values = array(integer({ min: 1, max: 50_000_000 }), { minLength: 1, maxLength: 100 });
    assert(
      property(values, integer({ min: 1, max: 5 }), (micros, parts) => {
        const whole = new Latencies();
        const shares = Array.from({ length: parts }, () => new Latencies());
        micros.forEach((value, index) => {
          whole.record(value / 1000);
          shares[index % parts]!.record(value / 1000);
        });
        const merged = new Latencies();
        for (const share of shares) if (share.count > 0) merged.add(share.take()!);
        expect(latenciesOf(merged.text()).latency()).toEqual(latenciesOf(whole.text()).latency());
      }),
      { numRuns: 50 },
    );
  });

  it('begin anew once they are taken', () => {
    const latencies = new Latencies();
    latencies.record(5);
    expect(latencies.take()).toBeTypeOf('string');
    expect(latencies.take()).toBeUndefined();
  });
});

describe('what a machine can hold', () => {
  const machine = {
    openFiles: 20_000,
    ports: 28_232,
    availableBytes: 8 * 1024 ** 3,
    processBytes: Infinity,
    heapBytes: 4 * 1024 ** 3,
  };
  const own = { transport: 'tcp', processes: 1, doors: 0, withHardware: false } as const;
  const spread = { ...own, processes: 2, doors: 2 } as const;
  const remote = { ...own, endpoint: 'mqtt://rig.example.com:1883' };

  it.each([
    ['fits', { ...own, things: 19_900 }, undefined],
    [
      'has too few files',
      { ...own, things: 20_000 },
      '20000 things need 20100 open files in one process, and the limit is 20000',
    ],
    ['fits with two doors', { ...spread, things: 20_000 }, undefined],
    ['has two doors, of which one may have more than half', { ...spread, things: 39_000 }, 'need 20575 open files'],
    ['has a fleet in one process', { ...spread, processes: 1, things: 20_000 }, 'need 20100 open files'],
    ['has too few files for a fleet', { ...remote, things: 25_000 }, 'open files in one process'],
    ['fits in two processes', { ...remote, things: 25_000, processes: 2 }, undefined],
    ['has too few ports', { ...remote, things: 30_000, processes: 2 }, 'this machine has 28232 for one endpoint'],
    ['spreads over loopback', { ...own, endpoint: 'mqtt://127.0.0.1:1883', things: 30_000, processes: 2 }, undefined],
    ['needs no files in memory', { ...own, transport: 'in-process', things: 100_000 }, undefined],
    [
      'has too little memory',
      { ...own, transport: 'in-process', things: 1_000_000 },
      'of memory, and 8192 MB are free',
    ],
    [
      'may have little data in a process',
      { ...own, things: 2000 },
      '2000 things need 235 MB of data in one process, and the limit is 200 MB (ulimit -d)',
      { processBytes: 200 * 1024 ** 2 },
    ],
    ['has two processes for its data', { ...spread, things: 2000 }, undefined, { processBytes: 200 * 1024 ** 2 }],
    [
      'may have little heap in a door',
      { ...spread, things: 2000 },
      '2000 things need 96 MB of heap in a door, and the limit is 64 MB (--max-old-space-size)',
      { heapBytes: 64 * 1024 ** 2 },
    ],
    ['has a heap of its own without doors', { ...own, things: 2000 }, undefined, { heapBytes: 64 * 1024 ** 2 }],
  ] as const)('%s', (_, wanted, reason, less?: Partial<typeof machine>) => {
    const told = whyTooMany(wanted, { ...machine, ...less });
    if (reason === undefined) expect(told).toBeUndefined();
    else {
      expect(told?.what).toContain(reason);
      expect(told?.hint).toMatch(/fit|Spread|--processes/);
    }
  });
});

describe('memory of control groups', () => {
  const gigabyte = 1024 ** 3;
  it.each([
    ['none is told', '', {}, Infinity],
    [
      'a container of version 2, whose root is its own',
      '0::/',
      { 'memory.max': gigabyte, 'memory.current': gigabyte / 4 },
      0.75,
    ],
    ['no limit', '0::/', { 'memory.max': 'max', 'memory.current': gigabyte / 4 }, Infinity],
    [
      'a service of version 2',
      '0::/system.slice/a',
      { 'system.slice/a/memory.max': gigabyte, 'system.slice/a/memory.current': 0 },
      1,
    ],
    [
      'a limit above',
      '0::/system.slice/a',
      { 'system.slice/memory.max': gigabyte, 'system.slice/memory.current': 0 },
      1,
    ],
    [
      'cache that is given back',
      '0::/',
      { 'memory.max': gigabyte, 'memory.current': gigabyte, 'memory.stat': `anon 1\ninactive_file ${gigabyte / 2}\n` },
      0.5,
    ],
    [
      'version 1',
      '9:pids:/x\n4:cpuset,memory:/docker/1\n0::/',
      { 'memory/docker/1/memory.limit_in_bytes': gigabyte, 'memory/docker/1/memory.usage_in_bytes': gigabyte / 2 },
      0.5,
    ],
    [
      'a container of version 1, where its path is not to be seen',
      '4:memory:/docker/1',
      {
        'memory/memory.limit_in_bytes': gigabyte,
        'memory/memory.usage_in_bytes': gigabyte,
        'memory/memory.stat': `inactive_file 5\ntotal_inactive_file ${gigabyte / 4}\n`,
      },
      0.25,
    ],
  ] as const)('%s', (_name, groups, files, expected) => {
    const read = (file: string): string | undefined => {
      const found = (files as Readonly<Record<string, number | string>>)[file.slice('/sys/fs/cgroup/'.length)];
      return found === undefined ? undefined : `${found}\n`;
    };
    expect(freeOfGroups(groups, read) / gigabyte).toBe(expected);
  });
});

describe('processes of a load', () => {
  const tcp = { things: 1000, transport: 'tcp', endpoint: undefined } as const;
  const few = { openFiles: 1000 };

  it.each([
    ['are two for what one holds', 1, tcp, few, undefined, { fleet: 1, doors: 0 }],
    ['are doors and fleet, as many as are asked for', 3, tcp, few, undefined, { fleet: 3, doors: 3 }],
    [
      'are fleet alone against an endpoint',
      3,
      { ...tcp, endpoint: 'mqtt://x:1' },
      few,
      undefined,
      { fleet: 3, doors: 0 },
    ],
    ['are one in memory', 'auto', { ...tcp, transport: 'in-process' }, few, undefined, { fleet: 1, doors: 0 }],
    [
      'are doors with their fleets in memory',
      3,
      { ...tcp, transport: 'in-process' },
      few,
      undefined,
      { fleet: 3, doors: 3 },
    ],
    ['are as many as files demand', 'auto', { ...tcp, things: 30_000 }, few, 35, { fleet: 35, doors: 35 }],
  ] as const)('%s', (_, wanted, { endpoint, ...asked }, machine, least, expected) => {
    const told = processesFor(wanted, { ...asked, ...(endpoint && { endpoint }) }, machine);
    expect(told).toEqual(expected);
    if (least !== undefined) {
      const bytes = 64 * 1024 ** 3;
      const others = {
        withHardware: false,
        ports: 28_232,
        availableBytes: bytes,
        processBytes: bytes,
        heapBytes: bytes,
      };
      const reasonAt = (count: number) =>
        whyTooMany({ ...asked, processes: count, doors: count, ...others }, { ...machine, ...others });
      expect([reasonAt(least), reasonAt(least - 1)?.hint]).toEqual([
        undefined,
        expect.stringContaining(`--processes ${least}`),
      ]);
    }
  });
});

describe('flights', () => {
  it('of a closed loop are never more than the window, and all land', () => {
    let now = 0;
    const flying = new Set<number>();
    let most = 0;
    let begun = 0;
    const flights = startFlights({
      pacing: { kind: 'window', window: 3 },
      total: 10,
      now: () => now,
      begin(index) {
        flying.add(index);
        begun += 1;
        most = Math.max(most, flying.size);
        return true;
      },
    });
    while (flying.size > 0) {
      now += 1;
      const [first] = flying;
      flying.delete(first!);
      flights.landed(1);
    }
    expect([most, begun]).toEqual([3, 10]);
  });

  it('of a closed loop that cannot begin yet are asked for again', () => {
    let mayBegin = false;
    let begun = 0;
    const flights = startFlights({
      pacing: { kind: 'window', window: 2 },
      total: 4,
      now: () => 0,
      begin: () => mayBegin && (begun += 1) > 0,
    });
    expect(begun).toBe(0);
    mayBegin = true;
    flights.landed(1);
    expect(begun).toBe(3);
    flights.stop();
  });

  it.each([
    ['keep up', 0, false],
    ['are late in the middle, and then keep up', 60, false],
    ['are a few ticks late at the end', 110, false],
    ['are late at the end', 150, true],
    ['are stopped when they are late', 10_000, true],
  ])('of an open loop that %s say so', (_, blockedUntil, fellBehind) => {
    vi.useFakeTimers();
    let now = 0;
    const options = { pacing: { kind: 'rate', perSecond: 100 }, total: 10, now: () => now, fromMs: 20 } as const;
    const flights = startFlights({ ...options, begin: () => now >= blockedUntil });
    for (; now < 200; now += 5) vi.advanceTimersByTime(5);
    expect(flights.lateMs).toBe(blockedUntil > now ? now - 20 : 0);
    flights.stop();
    expect([flights.fellBehind, flights.lateMs]).toEqual([fellBehind, 0]);
    vi.useRealTimers();
  });
});

describe('the patience of a run', () => {
  const shape = loadShape('rollout');
  const slow = { ...shape.given.work, pauseMs: 90_000 };
  const asked = { shape, pacing: { kind: 'window', window: 64 } } as const;
  const profiles = readHardwareProfiles('esp32-s3');

  it.each<[string, Partial<Parameters<typeof patienceOf>[0]>, boolean, number]>([
    ['some time', {}, true, 31_000],
    ['some time, and a slow rate', { pacing: { kind: 'rate', perSecond: 0.02 } }, true, 81_000],
    ['some time, and a long pause', { shape: { ...shape, given: { ...shape.given, work: slow } } }, true, 121_000],
    [
      'some time, and the long pause of one rollout',
      { shape: { ...shape, script: [{ deeds: [{ do: 'rollout', job: 'a', by: 'joining', work: slow }] }] } },
      true,
      121_000,
    ],
    ['minutes for a board', { hardware: { profiles, document: '{}' } }, true, 631_000],
    ['less for a faster board', { hardware: { profiles, document: '{}' }, timeScale: 100 }, true, 37_000],
    ['minutes for a job of an endpoint', { endpoint: 'mqtt://h:1' }, false, 601_000],
    ['some time once that is there', { endpoint: 'mqtt://h:1' }, true, 31_000],
  ])('is %s', (_, changes, hasJob, expected) => {
    expect(patienceOf({ ...asked, ...changes }, hasJob)).toBe(expected);
  });
});

/** @param changes at which millisecond something changes @returns when it was told of, within two minutes */
function toldAt(changes: readonly number[] = []): number | undefined {
  const began = Date.now();
  const told: number[] = [];
  const end = watchStandstill({
    changedAt: () => Math.max(-90_000, ...changes.filter((at) => at <= Date.now() - began)),
    patienceMs: () => 30_000,
    lasts: () => told.push(Date.now() - began),
  });
  vi.advanceTimersByTime(120_000);
  end();
  vi.advanceTimersByTime(120_000);
  expect(told.every((at) => at <= 120_000)).toBe(true);
  return told[0];
}

describe('a standstill', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is none before it has lasted, however long nothing has happened before', () => {
    expect(toldAt()).toBe(30_000);
  });

  it('begins anew with each change', () => {
    expect(toldAt([10_000, 35_000])).toBe(65_000);
    expect(toldAt([20_000, 45_000, 70_000, 95_000])).toBeUndefined();
  });

  it('does not last while this process does not run', () => {
    const told: number[] = [];
    const end = watchStandstill({ changedAt: () => 0, patienceMs: () => 30_000, lasts: () => told.push(Date.now()) });
    // As after a laptop has slept: the clock is an hour further, and the timer has come once.
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(200);
    expect(told).toEqual([]);
    end();
  });
});

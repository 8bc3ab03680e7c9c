/** What `connectsPerSecond` counts. */
import { expect, it } from 'vitest';
import { FleetCounts } from '../../../rig/load/fleet-counts.ts';
import { Tally } from '../../../rig/load/tally.ts';
import { loadShape } from '../../../rig/load/shapes.ts';

type Connect = readonly [from: number, to: number];

const bootMs = 2000;
const paced = (count: number, from: number, perSecond: number, tookMs: number): readonly Connect[] =>
  Array.from({ length: count }, (_, index) => {
    const at = from + (index * 1000) / perSecond;
    return [at, at + tookMs] as const;
  });

it.each<[string, readonly (readonly Connect[])[], number]>([
  ['none', [[]], 0],
  ['one, which tells of no pace', [[[0, 300]]], 0],
  [
    'two: the second took its time',
    [
      [
        [0, 300],
        [bootMs, bootMs + 50],
      ],
    ],
    20,
  ],
  ['things at a pace', [[[0, 50], ...paced(101, 50, 100, 10)]], 100 / 1.01],
  [
    'boards, which boot when the first is there',
    [[[bootMs, bootMs + 300], ...paced(101, 2 * bootMs + 300, 100, 10)]],
    100 / 1.01,
  ],
  [
    'those of two processes',
    [
      [[0, 50], ...paced(51, 50, 50, 10)],
      [[0, 90], ...paced(51, 50, 50, 10)],
    ],
    101 / 1.01,
  ],
])('of %s', (_name, processes, expected) => {
  const shape = loadShape('idle');
  const tally = new Tally({
    jobrig: '',
    seed: 1,
    shape,
    pacing: { kind: 'window', window: 1 },
    prefix: 'thing-',
    hardwareName: 'none',
    transport: 'tcp',
    processes: 1,
  });
  const reports = processes.map((connects, index) => {
    const counts = new FleetCounts();
    for (const [from, to] of connects) counts.record('connect', to - from, to);
    tally.processes.addPart({ name: `fleet ${index}`, role: 'fleet', things: connects.length });
    return { fleet: counts.report(false), cpuMs: 0, bytes: 0, busy: 0, lateMs: 0 };
  });
  tally.add(reports, 0, false);
  tally.allConnected();
  expect(tally.run().connectsPerSecond).toBeCloseTo(expected, 6);
});

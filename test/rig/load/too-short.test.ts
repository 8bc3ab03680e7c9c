/** Runs whose time is too short for their shape: they do once what the shape is for, or say what they have not done. */
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { readText } from '../../../protocol/positioned-text.ts';
import type { LoadRun, LoadShape } from '../../../rig/load/contract.ts';
import { latenciesIn } from '../../../rig/load/figures.ts';
import type { LoadOptions } from '../../../rig/load/run-load.ts';
import { checkShape } from '../../../rig/load/shape-file.ts';
import { loadShape } from '../../../rig/load/shapes.ts';
import { verdictOfLoad } from '../../../rig/load/verdict.ts';
import { liveService } from '../../support/live.ts';
import { playLoad } from '../../support/play-load.ts';

type Changes = Partial<Omit<LoadOptions, 'durationMs'>> & { readonly durationMs?: number | 'none' };

function play(shape: LoadShape, { durationMs = 1, ...changes }: Changes = {}): Promise<LoadRun> {
  return playLoad(shape, {
    pacing: { kind: 'window', window: 4 },
    transport: 'in-process',
    ...(durationMs !== 'none' && { durationMs }),
    ...changes,
  });
}

const boards = {
  hardware: { profiles: readHardwareProfiles('esp32-c3'), document: '{"operation":"reboot"}' },
  hardwareName: 'esp32-c3',
  timeScale: 50,
};
const wentOn = /^it went on for [\d.]+ s after its duration, until each deed of the shape was done once$/;

describe.each([
  ['things', {}],
  ['boards', boards],
] as const)('of %s', (_name, fleet) => {
  it.each<[string, (run: LoadRun) => void]>([
    ['rollout', ({ notes }) => expect(notes).toBeUndefined()],
    ['reconnect-storm', (run) => expect(latenciesIn(run).recovery?.count).toBeGreaterThanOrEqual(12)],
    ['mass-delete', ({ executions }) => expect(executions.pulled).toBe(12)],
    ['throttled', ({ refusals, notes }) => expect(Object.keys(refusals).length + (notes?.length ?? 0)).toBe(1)],
    ['churn', ({ executions }) => expect(executions.pulled).toBeGreaterThan(0)],
  ])('%s does once what it is for', async (name, holds) => {
    const run = await play(loadShape(name), fleet);
    expect(run).toMatchObject({ failures: {}, differs: [] });
    expect(run.partial).toBeUndefined();
    expect(run.executions.succeeded).toBeGreaterThan(0);
    holds(run);
    if (name !== 'throttled') expect((run.notes ?? []).filter((note) => !wentOn.test(note))).toEqual([]);
  });

  it('idle says that no ping was due', async () => {
    const run = await play(loadShape('idle'), fleet);
    expect(run.notes).toEqual(['no ping was answered: the keep-alive is 10 s']);
    expect(verdictOfLoad(run, [])).toBe('pass');
  });
});

it.each([
  ['rollout', ['no execution has begun: nothing was measured']],
  ['reconnect-storm', ['no execution has begun: nothing was measured']],
])('of %s at an endpoint without a job is inconclusive', async (name, notes) => {
  const { service } = await liveService({ timeScale: 1 });
  const run = await play(loadShape(name), { endpoint: service.mqttUrl!, transport: 'tcp' });
  expect(run.notes).toEqual(notes);
  expect(verdictOfLoad(run, [])).toBe('inconclusive');
});

it.each([
  [
    '- rollout: a\n  - when: {finished: 100%, job: a}\n    do: {link: drop}',
    'no execution was in progress when connections were cut',
  ],
  [
    '- rollout: a\n  - when: {finished: 100%, job: a}\n    do: {delete-job: a}',
    'no execution was taken away: all were over before',
  ],
])('of a shape of one’s own whose deeds come too late says so: %s', async (script, note) => {
  const read = readText(`id: mine\nclaim: It works.\nscript:\n  ${script}\n`, checkShape);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  // More jobs than AWS deletes at once.
  const shape = { ...read.value, given: { ...read.value.given, executions: 24 } };
  const run = await play(shape, { durationMs: 'none' });
  expect(run.notes).toEqual([note]);
  expect(verdictOfLoad(run, [])).toBe('pass');
});

/** What an operator's deeds do to jobs that are not counted yet, or over before they are done. */
import { describe, expect, it } from 'vitest';
import { readText } from '../../../protocol/positioned-text.ts';
import { type PartQuestions, createPart } from '../../../rig/load/part.ts';
import { checkShape } from '../../../rig/load/shape-file.ts';
import type { Child } from '../../../rig/process/child.ts';
import { localPart } from '../../support/local-part.ts';
import { playLoad } from '../../support/play-load.ts';
import { eventually } from '../../support/parts.ts';

const things = 12;
const empty = { faults: { faults: [] }, seed: 1, doorsAreElsewhere: false } as const;
const rollout = { base: 'load-a-0-', rounds: 1, fromMs: 0, document: '{}', holds: true } as const;
const pacings = {
  'all at once': { kind: 'window', window: things },
  'by the service': { kind: 'service' },
} as const;

describe.each([0, 2])('a service with %i doors of its own', (doors) => {
  it.each([
    ['cancelJobs', 'all at once'],
    ['cancelJobs', 'by the service'],
    ['deleteJobs', 'all at once'],
    ['deleteJobs', 'by the service'],
  ] as const)('does %s to a job (%s) of which nothing is counted yet', async (deed, pace) => {
    const part = createPart();
    try {
      await part.openService({ ...empty, doors });
      await part.createThings({ first: 0, count: things, prefix: 'thing-' });
      await part.rollout({ ...rollout, pacing: pacings[pace] });
      await part[deed]({ base: 'load-a-0-', force: true });
      await eventually(async () => {
        const { service } = await part.look({ takesLatencies: false });
        expect(service).toMatchObject({ unanswered: 0, jobs: { 'load-a-0-0': { made: things, pulled: things } } });
        expect(service?.failed).toBeUndefined();
      });
    } finally {
      await part.close();
    }
  });

  it('says what it has not answered yet, and has counted all else', async () => {
    const part = createPart();
    try {
      await part.openService({ ...empty, doors });
      await part.createThings({ first: 0, count: things, prefix: 'thing-' });
      await part.rollout({ ...rollout, pacing: pacings['all at once'] });
      await eventually(async () => {
        const { service } = await part.look({ takesLatencies: false });
        const { made = 0 } = service?.jobs['load-a-0-0'] ?? {};
        // A group, its things and a job.
        expect(made + service!.unanswered).toBeGreaterThanOrEqual(things);
        expect(service?.unanswered).toBe(0);
      });
    } finally {
      await part.close();
    }
  });
});

it.each([
  'cancel-job: {job: a, force: false}',
  'cancel-job: {job: a, force: true}',
  'delete-job: {job: a, force: true}',
])('a run waits for no thing to recover that has finished before %s', async (deed) => {
  const read = readText(
    'id: mine\nclaim: It ends.\ngiven: {things: 12, updates: 1, pause: 200 ms, connect-rate: 5000}\n' +
      'script:\n  - rollout: {job: a, window: all}\n  - when: {in-progress: 1%, job: a}\n' +
      `    do: {${deed}}\n  - when: {recovered: 100%}\n`,
    checkShape,
  );
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const run = await playLoad(read.value, { transport: 'in-process', startPart: () => late(localPart()) });
  expect(run).toMatchObject({ failures: {}, differs: [], executions: { succeeded: 12, pulled: 0 } });
  expect(run.partial).toBeUndefined();
});

/** Its deeds come when all has succeeded. */
function late(part: Child<PartQuestions>): Child<PartQuestions> {
  const ask = (async (name: 'look', body: never) => {
    const isDeed = ['cancelJobs', 'deleteJobs'].includes(name);
    if (isDeed) {
      await eventually(async () => {
        const { service } = await part.ask('look', { takesLatencies: false });
        expect(service?.jobs['load-a-0-0']?.succeeded).toBe(things);
      });
    }
    return part.ask(name, body);
  }) as typeof part.ask;
  return { ...part, ask };
}

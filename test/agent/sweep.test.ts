/**
 * The pull at every instant of every kind of job, crossed with what else may go wrong at that instant: whatever happens, the
 * device ends valid and finishes the next job.
 */
import { describe, expect, it } from 'vitest';
import { type Fault, type Pull, type Subject, disturb, faults, pointsOf, pulls } from '../support/sweep.ts';
import { firmwareDocument } from '../support/virtual-world.ts';

const handlers = (...programs: string[]) => ({
  version: '1.0',
  steps: programs.map((handler) => ({ action: { name: handler, type: 'runHandler', input: { handler } } })),
});

const subjects: readonly Subject[] = [
  { name: 'firmware', document: firmwareDocument('2.0.0') },
  { name: 'firmware of a namespace', document: firmwareDocument('2.0.0', 32_768), namespaceId: 'press-line' },
  { name: 'handlers', document: handlers('stop.sh', 'copy.sh') },
  { name: 'reboot', document: { operation: 'reboot' } },
];

describe.each(subjects)('sweep › $name', (subject) => {
  const points = pointsOf(subject);

  it.each(Object.keys(faults) as Fault[])('survives every pull at every instant, with: %s', (fault) => {
    const failures = (Object.keys(pulls) as Pull[]).flatMap((pull) =>
      // A run that nothing disturbs is the same whenever it is not disturbed.
      (pull === 'none' && fault === 'none' ? points.slice(0, 1) : points).flatMap((point) => {
        const wrong = disturb(subject, point, pull, fault);
        return wrong.length === 0 ? [] : [`${pull} at ${point}: ${wrong.join('; ')}`];
      }),
    );
    expect(points.length).toBeGreaterThan(15);
    expect(failures).toEqual([]);
  });
});

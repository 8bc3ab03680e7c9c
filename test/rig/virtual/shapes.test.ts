/**
 * What is read at every event has few shapes: V8 reads a member in a few instructions where it has met at most four of them in
 * one place, and asks a table where it has met more.
 */
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import type { Engine } from '../../../broker/engine/contract.ts';
import type { Observer } from '../../../observation/observation.ts';
import { play } from '../../../rig/virtual/play.ts';
import { draw, subjectsWith } from '../../support/simulated.ts';

setFlagsFromString('--allow-natives-syntax');
/** In one place. */
const mostReadFast = 4;
const haveSameMap = new Function('one', 'other', 'return %HaveSameMap(one, other)') as (
  one: object,
  other: object,
) => boolean;

/** How many shapes these objects have. */
function shapesOf(objects: readonly object[]): number {
  const shapes: object[] = [];
  for (const one of objects) if (!shapes.some((other) => haveSameMap(one, other))) shapes.push(one);
  return shapes.length;
}

const seen = { rows: [] as object[], refusals: [] as object[], updates: [] as object[], describes: [] as object[] };

function listeningTo(engine: Engine): Engine {
  return {
    ...engine,
    apply(command, now) {
      const outcome = engine.apply(command, now);
      if (!outcome.reply.accepted) seen.refusals.push(outcome.reply);
      for (const { table, row } of outcome.changes) if (table === 'job' && row !== undefined) seen.rows.push(row);
      return outcome;
    },
  };
}

const subjects = subjectsWith();
const observer: Observer = {
  sent: ({ request: { operation, body } }) =>
    (operation === 'UpdateJobExecution' ? seen.updates : seen.describes).push(body),
};
for (let seed = 0; seed < 12; seed += 1) {
  play(draw(seed), { ...subjects, createEngine: () => listeningTo(subjects.createEngine()) }, { observer });
}

const profiles = readHardwareProfiles('mix');

describe('what is read at every event', () => {
  it.each([
    ['hardware profiles', profiles],
    ['the flash of profiles', profiles.map(({ flash }) => flash)],
    ['the radio links of profiles', profiles.map(({ link }) => link)],
    ['rows of jobs, whatever became of them', seen.rows],
    ['refusals', seen.refusals],
    ['updates that agents ask for', seen.updates],
    ['what agents ask to be described', seen.describes],
  ])('has few shapes: %s', (_, objects) => {
    expect(objects.length).toBeGreaterThan(5);
    expect(shapesOf(objects)).toBeLessThanOrEqual(mostReadFast);
  });
});

/** What stands beside a failed device: the reference agent in the same scenario, and the inside of both. */
import { describe, expect, it } from 'vitest';
import { besideBy } from '../../../cli/beside.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { insideTable, rightStory } from '../../../rig/report/beside.ts';
import { virtualScenarios } from '../../support/scenarios.ts';

function scenario(id: string) {
  return virtualScenarios.find((one) => one.id === id)!;
}

const hasHalfAnImage = zoo.find(({ id }) => id === 'r01-keeps-half-an-image')!.behaviour;

describe('beside a failed device', () => {
  const beside = besideBy({ hardware: [], agent: hasHalfAnImage })(scenario('pulled-in-a-long-download'));

  it('stands what was in its slots before the pull and afterwards, and what a right device has there', () => {
    expect(beside.own?.before.slots[1]).toMatchObject({ state: 'partial' });
    expect(beside.own?.after.slots[1]).toMatchObject({ state: 'partial' });
    expect(beside.right?.after.slots[1]).toMatchObject({ state: 'empty' });
    const { text } = insideTable(beside, 'cause 1')!;
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(
      /Slot B<\/th><td>partial<\/td><td><b class="red">partial<\/b><\/td><td>empty<\/td>/,
    );
    expect(text).not.toMatch(/Slot A<\/th>[^/]*<b class="red">/);
  });

  it('stands what the reference agent did from the pull until it had recovered', () => {
    const { text } = rightStory(beside)!;
    expect(text).toMatch(/refused: ResourceNotFound[^<]*<\/li>/);
    expect(text).toMatch(/Idle again<\/li>/);
    expect(beside.right?.recoveredAt).toBeGreaterThan(beside.right!.pulledAt);
  });

  it('stands the right device alone where nobody sees the inside of the other', () => {
    const ofOthers = besideBy({ hardware: [] })(scenario('pulled-in-a-long-download'));
    expect(ofOthers.own).toBeUndefined();
    expect(insideTable(ofOthers, 'cause 1')!.text).not.toContain('This device');
    expect(insideTable(ofOthers, 'cause 1')!.text).not.toContain('red');
  });

  it('stands nothing where no job is pulled', () => {
    const nothing = besideBy({ hardware: [], agent: hasHalfAnImage })(scenario('plain-update'));
    expect([insideTable(nothing, 'cause 1'), rightStory(nothing)]).toEqual([undefined, undefined]);
  });
});

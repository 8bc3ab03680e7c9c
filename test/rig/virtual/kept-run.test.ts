import { describe, expect, it } from 'vitest';
import { parseKeptRun } from '../../../rig/virtual/kept-run.ts';
import { runSimulation } from '../../../rig/virtual/run.ts';
import { drawConfiguration } from '../../../rig/virtual/swarm.ts';
import { subjectsWith } from '../../support/simulated.ts';

const hardware = ['esp32-s3', 'rp2040'];

function written(configuration: unknown): unknown {
  return JSON.parse(JSON.stringify({ why: 'it broke', broke: 'V4', configuration }));
}

/** Small, and with one of everything that can be wrong. */
const good = {
  seed: 1,
  things: [{ thingName: 'thing-1', hardware: 'rp2040' }],
  namespaces: ['line-7'],
  link: { latencyMs: 2, jitterMs: 0 },
  faults: { faults: [{ kind: 'power-cut', untilMs: 5, forMs: 1 }] },
  operator: [
    { when: { atMs: 5 }, deed: { kind: 'create-job', jobId: 'job', document: 'firmware', ordinal: 0 } },
    {
      when: { thingName: 'thing-1', step: 'write', occurrence: 1, afterMs: 0 },
      deed: { kind: 'fault', thingName: 'thing-1', fault: { kind: 'clock-jump', byMs: 5 } },
    },
  ],
  safetyMs: 1000,
  wire: 'objects',
};

/** The value with what stands at the path replaced. */
function withMember(value: unknown, [first, ...rest]: readonly (string | number)[], replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[first] = withMember(copy[first], rest, replacement);
  return copy;
}

describe('a kept run', () => {
  it('of any seed reads back as it was written', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const configuration = drawConfiguration(seed, { hardware });
      expect(parseKeptRun(written(configuration), hardware)).toMatchObject({ ok: true, kept: { configuration } });
    }
  });

  it('is the same run as the one it was written from', () => {
    const configuration = drawConfiguration(11, { hardware });
    const parsed = parseKeptRun(written(configuration), hardware);
    if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
    const { traceHash } = runSimulation(parsed.kept.configuration, subjectsWith());
    expect(traceHash).toBe(runSimulation(configuration, subjectsWith()).traceHash);
  });

  it.each<[path: readonly (string | number)[], replacement: unknown, named: string, message: string]>([
    [['seed'], 'one', 'seed', 'a whole number'],
    [['seed'], undefined, 'seed', 'a whole number'],
    [['things'], [], 'things', 'at least 1'],
    [['things', 0, 'hardware'], 'abacus', 'things[0].hardware', 'one of esp32-s3, rp2040'],
    [['namespaces', 0], 'a b', 'namespaces[0]', '1 to 128'],
    [['link'], 5, 'link', 'an object'],
    [['link', 'latency'], 5, 'link.latency', 'unknown'],
    [['faults', 'faults', 0, 'kind'], 'earthquake', 'faults.faults[0].kind', 'one of'],
    [['faults'], [], 'faults', 'an object'],
    [['operator'], {}, 'operator', 'a list'],
    [['operator', 0, 'deed', 'kind'], 'toString', 'operator[0].deed.kind', 'one of'],
    [['operator', 0, 'deed', 'document'], 'novel', 'operator[0].deed.document', 'one of firmware'],
    [['operator', 0, 'when', 'atMs'], -1, 'operator[0].when.atMs', 'a whole number'],
    [['operator', 1, 'when', 'step'], 'dance', 'operator[1].when.step', 'one of receive'],
    [['operator', 1, 'when', 'thingName'], 'nobody', 'operator[1].when.thingName', 'a thing of this run'],
    [['operator', 1, 'deed', 'fault'], 'hard', 'operator[1].deed.fault.kind', 'one of link-lost'],
    [['operator', 1, 'deed', 'fault', 'byMs'], 0.5, 'operator[1].deed.fault.byMs', 'a whole number'],
    [['safetyMs'], 0, 'safetyMs', 'a whole number'],
    [['wire'], 'smoke', 'wire', 'one of objects, text'],
  ])('with %j set to %j is refused by name', (path, replacement, named, message) => {
    expect(parseKeptRun(written(good), hardware)).toMatchObject({ ok: true });
    expect(parseKeptRun(written(withMember(good, path, replacement)), hardware)).toEqual({
      ok: false,
      problems: [{ path: `configuration.${named}`, message: expect.stringContaining(message) }],
    });
  });

  it.each([
    [{ why: '', broke: 'V1', configuration: good }, 'why'],
    [{ why: 'so', broke: 'V99', configuration: good }, 'broke'],
    [{ why: 'so', broke: 'V1' }, 'configuration'],
    ['text', ''],
    [null, ''],
  ])('%j is none', (value, path) => {
    expect(parseKeptRun(value, hardware)).toMatchObject({ ok: false, problems: [{ path }] });
  });
});

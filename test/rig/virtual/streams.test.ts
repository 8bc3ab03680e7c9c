/**
 * Updates by MQTT stream in virtual time, judged as every other: the job is pulled at every block, crossed with what else may go
 * wrong there, and an agent that goes on asking for blocks of what it was told is gone breaks V2.
 */
import { describe, expect, it } from 'vitest';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import type { ObservationOf } from '../../../observation/observation.ts';
import type { Trigger } from '../../../rig/scenario/contract.ts';
import { play } from '../../../rig/virtual/play.ts';
import { type SweepRun, crosses, pullMoments, sweepRuns } from '../../../rig/virtual/sweep.ts';
import { scenarioOf, virtualScenarios } from '../../support/scenarios.ts';
import { hardwareNames, subjectsWith, wrongIn } from '../../support/simulated.ts';

const cbor = subjectsWith();
const json = subjectsWith({ ...referenceAgent, streamFormat: 'json' });
const document = 'stream';
/** Takes blocks of 2 KiB, so that there are not too many. */
const hardware = 'esp32-s3';

function isBlock({ on, afterMs }: Trigger): boolean {
  return on === 'block' && afterMs === undefined;
}

describe('a pull at every block', () => {
  it.each([
    ['CBOR', cbor, crosses],
    ['JSON', json, ['nothing', 'reply lost'] as const],
  ])('is survived, with blocks in %s, crossed with much else', { timeout: 240_000 }, (_format, subjects, met) => {
    const pulls: SweepRun[] = [];
    for (const run of sweepRuns({ subjects, hardware, document, crosses: met })) {
      if (isBlock(run.moment.when)) pulls.push(run);
    }
    const failures = pulls.flatMap(({ scenario, moment, cross }) => {
      const wrong = wrongIn(play(scenario, subjects));
      return wrong.length === 0 ? [] : [`${moment.label}, ${cross}: ${wrong.join('; ')}`];
    });
    expect(failures).toEqual([]);
    expect(new Set(pulls.map(({ cross }) => cross))).toEqual(new Set(met));
    expect(new Set(pulls.map(({ moment }) => moment.when.on === 'block' && moment.when.block)).size).toBeGreaterThan(5);
  });

  it.each(hardwareNames)('is met on %s, each block once and in order', (name) => {
    const moments = pullMoments({ subjects: cbor, hardware: name, document }).map(({ when }) => when);
    const blocks = moments.flatMap((when) => (when.on === 'block' && isBlock(when) ? [when.block] : []));
    expect(blocks).toEqual(Array.from({ length: blocks.length }, (_, block) => block));
    expect(blocks.length).toBeGreaterThan(1);
  });
});

describe('the scenarios of streams', () => {
  const scenarios = virtualScenarios.filter(({ theme }) => theme === 'streams');

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))('%s, in either format', (_id, scenario) => {
    for (const subjects of [cbor, json]) {
      const asked: ObservationOf<'download'>[] = [];
      const played = play(scenario, subjects, { observer: { download: (seen) => void asked.push(seen) } });
      expect(wrongIn(played)).toEqual([]);
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.every(({ via, blocks }) => via === 'stream' && blocks?.length === 1)).toBe(true);
    }
  });

  it('are there', () => expect(scenarios.length).toBeGreaterThan(7));
});

describe('V2', () => {
  /** Takes no notice of its execution's end while it downloads. */
  const deaf: AgentBehaviour = {
    ...referenceAgent,
    listensTo: (message, step) => step !== 'download' && referenceAgent.listensTo(message, step),
    progressEveryPercent: 1000,
  };
  /** 300 blocks, and none of them slow. */
  const pulled = scenarioOf(`
id: pulled-in-a-large-image
version: 1
claim: The execution is deleted while a large image comes by stream.
about: V2
needs: [stream]
script:
  - when: connected
  - create-job: { job: update, document: stream, image-size: 600 KiB }
  - when: { block: 5 }
    do: { delete-execution: update }
  - when: settled
expect: []
`);

  it('is broken by who goes on asking for blocks of what is gone, and the blocks are named', () => {
    const [first] = play(pulled, subjectsWith(deaf)).violations;
    expect(first?.broke).toBe('V2');
    expect(first?.message).toMatch(/asks for bytes \(block \d+\).* for update, .* after it was told that it is gone/);
  });

  it('is kept by who stops', () => {
    expect(wrongIn(play(pulled, cbor))).toEqual([]);
  });
});

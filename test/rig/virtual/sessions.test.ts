/** Persistent MQTT sessions in virtual time: what is said while a device is away comes when it is back, unless it is lost. */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../rig/scenario/contract.ts';
import { play } from '../../../rig/virtual/play.ts';
import { scenarioOf } from '../../support/scenarios.ts';
import { draw, subjectsWith } from '../../support/simulated.ts';

/** A job is created while the link is lost; the network is away for so long. */
function awayFor(time: string, session: 'persistent' | 'clean'): Scenario {
  return scenarioOf(`
id: away
claim: A job is created while the device is away.
about: V1
given: { session: ${session}, document: handlers, settle: 2 h }
script:
  - when: { connected: true, after: 2 s }
    do: { link: { how: drop, for: ${time} } }
  - when: { disconnected: true, after: 1 s }
    do: { create-job: update }
`);
}

/** What a device hears of its sessions: whether each was there, and notifications that are older than the connection. */
function heard(scenario: Scenario) {
  const present: boolean[] = [];
  const kept: string[] = [];
  let connectedAt = 0;
  const { violations } = play(scenario, subjectsWith(), {
    observer: {
      connected({ sessionPresent, at }) {
        present.push(sessionPresent);
        connectedAt = at;
      },
      received({ message }) {
        if (message.kind !== 'notification') return;
        if (message.payload.timestamp * 1000 < connectedAt - 1000) kept.push(message.name);
      },
    },
  });
  return { present, kept, violations };
}

describe('a persistent session', () => {
  it('gives a device that comes back what was said meanwhile', () => {
    const { present, kept, violations } = heard(awayFor('1 min', 'persistent'));
    expect({ present: present.slice(0, 2), violations }).toEqual({ present: [false, true], violations: [] });
    expect(kept.slice(0, 2)).toEqual(['JobExecutionsChanged', 'NextJobExecutionChanged']);
  });

  it('is not there for a device that was away for more than an hour', () => {
    const { present, kept } = heard(awayFor('3700 s', 'persistent'));
    expect({ present: present.slice(0, 2), kept }).toEqual({ present: [false, false], kept: [] });
  });

  it('is not there for a device that did not ask for one', () => {
    const { present, kept } = heard(awayFor('1 min', 'clean'));
    expect({ present: new Set(present), kept }).toEqual({ present: new Set([false]), kept: [] });
  });
});

describe('the swarm', () => {
  it('has devices with either kind of session, whose sessions are kept and lost', () => {
    const scenarios = Array.from({ length: 60 }, (_, seed) => draw(seed));
    const things = scenarios.flatMap(({ given }) => given.things);
    const persistent = things.filter(({ session }) => session === 'persistent');
    expect(persistent.length).toBeGreaterThan(0);
    expect(persistent.length).toBeLessThan(things.length / 2);
    const present = scenarios
      .filter(({ given }) => given.things.every(({ session }) => session === 'persistent'))
      .flatMap((scenario) => heard(scenario).present.slice(scenario.given.things.length));
    expect(new Set(present)).toEqual(new Set([true, false]));
  });
});

/** Persistent MQTT sessions in virtual time: what is said while a device is away comes when it is back, unless it is lost. */
import { describe, expect, it } from 'vitest';
import type { RunConfiguration } from '../../../rig/virtual/configuration.ts';
import { runSimulation } from '../../../rig/virtual/run.ts';
import { draw, subjectsWith } from '../../support/simulated.ts';

const thingName = 'thing-1';

/** A job is created while the link is lost; the network is away for so long. */
function awayFor(forMs: number, session?: 'persistent'): RunConfiguration {
  return {
    seed: 1,
    things: [{ thingName, hardware: 'esp32-s3', ...(session && { session }) }],
    namespaces: [],
    link: { latencyMs: 30, jitterMs: 0 },
    faults: { faults: [] },
    operator: [
      { when: { atMs: 5000 }, deed: { kind: 'fault', thingName, fault: { kind: 'link-lost', forMs } } },
      {
        when: { atMs: 6000 },
        deed: { kind: 'create-job', jobId: 'job', document: 'handlers', ordinal: 1, things: [thingName] },
      },
    ],
    safetyMs: 2 * 3_600_000,
    wire: 'objects',
  };
}

/** What a device hears of its sessions: whether each was there, and notifications that are older than the connection. */
function heard(configuration: RunConfiguration) {
  const present: boolean[] = [];
  const kept: string[] = [];
  let connectedAt = 0;
  const result = runSimulation(configuration, subjectsWith(), {
    observer: {
      moved(_, input, at) {
        if (input.kind !== 'connected') return;
        present.push(input.sessionPresent);
        connectedAt = at;
      },
      received(_, message) {
        if (message.kind !== 'notification') return;
        if (message.payload.timestamp * 1000 < connectedAt - 1000) kept.push(message.name);
      },
    },
  });
  return { present, kept, violations: result.violations };
}

describe('a persistent session', () => {
  it('gives a device that comes back what was said meanwhile', () => {
    const { present, kept, violations } = heard(awayFor(60_000, 'persistent'));
    expect({ present: present.slice(0, 2), violations }).toEqual({ present: [false, true], violations: [] });
    expect(kept.slice(0, 2)).toEqual(['JobExecutionsChanged', 'NextJobExecutionChanged']);
  });

  it('is not there for a device that was away for more than an hour', () => {
    const { present, kept } = heard(awayFor(3_700_000, 'persistent'));
    expect({ present: present.slice(0, 2), kept }).toEqual({ present: [false, false], kept: [] });
  });

  it('is not there for a device that did not ask for one', () => {
    const { present, kept } = heard(awayFor(60_000));
    expect({ present: new Set(present), kept }).toEqual({ present: new Set([false]), kept: [] });
  });
});

describe('the swarm', () => {
  it('has devices with either kind of session, whose sessions are kept and lost', () => {
    const configurations = Array.from({ length: 60 }, (_, seed) => draw(seed));
    const things = configurations.flatMap((configuration) => configuration.things);
    const persistent = things.filter(({ session }) => session === 'persistent');
    expect(persistent.length).toBeGreaterThan(0);
    expect(persistent.length).toBeLessThan(things.length / 2);
    const present = configurations
      .filter((configuration) => configuration.things.every(({ session }) => session === 'persistent'))
      .flatMap((configuration) => heard(configuration).present.slice(configuration.things.length));
    expect(new Set(present)).toEqual(new Set([true, false]));
  });
});

/** No verdict about a machine: what a slow host makes late is never held against a device that is right. */
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../cli/exit.ts';
import type { Observation } from '../../../observation/observation.ts';
import { show } from '../../../observation/observers.ts';
import { deviceReport } from '../../../rig/live/demo/device-report.ts';
import { hostReport } from '../../../rig/live/demo/host-report.ts';
import { createJudge } from '../../../rig/verdict/judge.ts';
import { runDemo } from '../../support/demo.ts';

describe('the demo on a host that is too slow', () => {
  it(
    'passes when the process stands still again and again: no time counts meanwhile',
    { timeout: 240_000 },
    async () => {
      let looks = 0;
      let stoodMs = 0;
      const wall = (): number => {
        looks += 1;
        if (looks % 200 === 0) stoodMs += 5000;
        return performance.now() + stoodMs;
      };
      const report = await runDemo({ things: 4, wall });
      expect(report.causes).toEqual([]);
      expect(report.verdict).toBe('pass');
      expect(report.host.behindMs).toBeGreaterThan(10_000);
    },
  );

  it('passes at a pace that no host can keep, and says which it kept', { timeout: 240_000 }, async () => {
    const report = await runDemo({ things: 4, timeScale: 10_000 });
    expect(report.causes).toEqual([]);
    expect(report.verdict).toBe('pass');
    expect(report.host.pace).toBeLessThan(2000);
  });
});

describe('a finding', () => {
  const thingName = 'thing-1';
  const execution = { jobId: 'firmware', executionNumber: 1, queuedAt: 1 };

  /** A device that works on for longer than it may, after it was told; the rig was late by so much meanwhile. */
  function judged(behindMs: number) {
    const judge = createJudge({ thingName, sights: new Set(['inside']) });
    const device = { source: 'device', thingName } as const;
    const service = { kind: 'execution', source: 'service', thingName, execution, versionNumber: 1 } as const;
    const refused = { timestamp: 30, code: 'ResourceNotFound', message: '' } as const;
    const reply = { kind: 'reply', outcome: 'rejected', operation: 'UpdateJobExecution', jobId: 'firmware' } as const;
    const update = { operation: 'UpdateJobExecution', jobId: 'firmware', body: { status: 'IN_PROGRESS' } } as const;
    const seen: readonly Observation[] = [
      { ...device, at: 1000, kind: 'connected', sessionPresent: false },
      { ...service, at: 2000, status: 'QUEUED', by: 'operator' },
      { ...service, at: 3000, status: 'IN_PROGRESS', by: 'device' },
      { ...service, at: 29_000, status: 'DELETED', by: 'operator', force: true },
      { ...device, at: 29_500, kind: 'sent', request: update, via: 'mqtt' },
      { ...device, at: 30_000, kind: 'received', message: { ...reply, bytes: 60, payload: refused } },
      { source: 'host', thingName, at: 40_000, kind: 'lag', behindMs },
      { ...device, at: 45_000, kind: 'traced', trace: { kind: 'step', step: 'download', execution, percent: 50 } },
    ];
    for (const one of seen) show(judge.observer, one);
    const findings = judge.conclude(60_000).filter(({ claim }) => claim === 'V2');
    const rest = { thingName, hardware: '', runningVersion: '', startedAt: 0, observations: seen };
    return deviceReport({ ...rest, findings });
  }

  it('that the lateness of the rig explains is inconclusive, and says so', () => {
    expect(judged(500)).toMatchObject({ outcome: 'invalid', reason: expect.stringMatching(/^V2: still at download/) });
    const late = judged(5000);
    expect(late.outcome).toBe('inconclusive');
    expect(late.reason).toContain('this host was too slow: the rig was 5.0 s behind');
    expect(exitCodeOf('inconclusive')).toBe(3);
  });

  it('of such a kind tells the user what to do', () => {
    const options = { pace: 8, timeScale: 20, behindMs: 100, longestAnswerMs: 5000 };
    expect(hostReport([judged(5000)], options).advice).toBe('this host was too slow: 5.0 s behind; try --time-scale 4');
    expect(hostReport([judged(500)], options)).not.toHaveProperty('advice');
  });
});

import { describe, expect, it } from 'vitest';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import { claims, tolerance } from '../../../rig/live/demo/claims.ts';
import type { ClaimId } from '../../../rig/live/demo/claims.ts';
import type { PulledDevice } from '../../../rig/live/demo/evidence.ts';
import { judge } from '../../../rig/live/demo/verdict.ts';
import {
  askNext,
  atStep,
  healthy,
  idleView,
  pulledAt,
  received,
  refused,
  sent,
  told,
  traced,
  updateOfDead,
} from '../../support/pulled-device.ts';

function outcomes(device: PulledDevice, outcome: string): readonly ClaimId[] {
  return judge(device)
    .findings.filter((finding) => finding.outcome === outcome)
    .map(({ claim }) => claim);
}

function withEvents(...events: PulledDevice['events']): PulledDevice {
  return { ...healthy, events: [...healthy.events, ...events].sort((a, b) => a.at - b.at) };
}

/** `count` pairs of an update and its rejection, half a second apart. */
function rejections(count: number): PulledDevice['events'] {
  return Array.from({ length: count }, (_, index) => [
    sent(12_000 + index * 500, updateOfDead),
    received(12_100 + index * 500, refused),
  ]).flat();
}

describe('verdict on a pulled device', () => {
  it('passes every claim for a device that undoes the job and asks for the next one', () => {
    const verdict = judge(healthy);
    expect(verdict.verdict).toBe('pass');
    expect(verdict.recoveryMs).toBe(1000);
    expect(verdict.findings.map(({ claim, outcome }) => [claim, outcome])).toEqual(
      Object.keys(claims).map((claim) => [claim, 'pass']),
    );
  });

  const noRecovery = healthy.events.filter((event) => event.kind !== 'trace' || event.trace.kind !== 'recovered');
  const slots = [
    { version: '1.0.0', state: 'confirmed' },
    { version: '2.0.0', state: 'pending-verify' },
  ] as const;

  it.each<[string, ClaimId, PulledDevice]>([
    ['never says that it has recovered', 'V1', { ...healthy, events: noRecovery }],
    [
      'is still at work when the time to settle is over',
      'V1',
      {
        ...healthy,
        views: { ...healthy.views, settled: { ...idleView, step: 'write', execution: healthy.pull.execution } },
      },
    ],
    [
      'never asks for the next job',
      'V1',
      {
        ...healthy,
        events: healthy.events.filter(({ kind }) => kind !== 'sent'),
      },
    ],
    ['repeats a rejected update', 'V2', withEvents(...rejections(tolerance.rejectedUpdates + 1))],
    [
      'goes on downloading',
      'V2',
      withEvents(received(10_060, refused), atStep(10_061 + tolerance.noticeMs, 'download')),
    ],
    ['reboots into the dead image', 'V3', withEvents(atStep(10_500, 'reboot'))],
    [
      'is left with an unconfirmed image',
      'V3',
      {
        ...healthy,
        views: { ...healthy.views, settled: { ...idleView, slots, activeSlot: 1 } },
      },
    ],
    [
      'has a second image waiting to be tried',
      'V3',
      {
        ...healthy,
        views: { ...healthy.views, settled: { ...idleView, slots, activeSlot: 0 } },
      },
    ],
    [
      'does a side effect twice',
      'V4',
      {
        ...healthy,
        views: { ...healthy.views, after: { ...idleView, sideEffects: { 'firmware#1@1': 2 } } },
      },
    ],
    [
      'ignores the job created again under the same id',
      'V4',
      { ...healthy, again: { jobId: 'firmware', givenAt: 80_000 } },
    ],
    ['does not take the canary job', 'V5', { ...healthy, canary: { jobId: 'canary', givenAt: 90_000 } }],
    [
      'floods the service',
      'V6',
      withEvents(...Array.from({ length: tolerance.requestsPerMinute }, (_, index) => sent(13_000 + index, askNext))),
    ],
    [
      'keeps a checkpoint',
      'V7',
      {
        ...healthy,
        views: { ...healthy.views, settled: { ...idleView, checkpoint: { jobId: 'firmware' } } },
      },
    ],
    [
      'finds a ghost job after a power cut',
      'V7',
      {
        ...healthy,
        views: { ...healthy.views, afterPowerCut: { ...idleView, step: 'download' } },
      },
    ],
    [
      'reboots again and again',
      'V8',
      withEvents(
        ...Array.from({ length: tolerance.boots + 1 }, (_, boots) =>
          traced(12_000 + boots, { kind: 'boot', version: '1', boots }),
        ),
      ),
    ],
    [
      'runs another version than it reported',
      'V9',
      {
        ...healthy,
        views: { ...healthy.views, after: { ...idleView, runningVersion: '1.0.0' } },
      },
    ],
    [
      'keeps RAM',
      'V10',
      {
        ...healthy,
        views: { ...healthy.views, after: { ...idleView, ram: { usedBytes: 1001, budgetBytes: 5000 } } },
      },
    ],
    [
      'keeps a download open',
      'V10',
      {
        ...healthy,
        views: { ...healthy.views, after: { ...idleView, openDownload: true } },
      },
    ],
  ])('a device that %s breaks %s and nothing else', (_, claim, device) => {
    expect(outcomes(device, 'fail')).toEqual([claim]);
    expect(judge(device).verdict).toBe('fail');
  });

  it('names the messages that broke a claim, with their topics', () => {
    const finding = judge(withEvents(...rejections(tolerance.rejectedUpdates + 2))).findings.find(
      ({ claim }) => claim === 'V2',
    );
    expect(finding?.evidence.map(({ direction, topic }) => [direction, topic])).toEqual([
      ['sent', '$aws/things/thing-1/jobs/firmware/update'],
      ['sent', '$aws/things/thing-1/jobs/firmware/update'],
    ]);
  });

  it('tolerates an update that crossed the pull, and work until the device was told', () => {
    const crossing = [sent(10_010, updateOfDead), received(10_040, refused), atStep(10_030, 'write')];
    expect(judge(withEvents(...crossing)).verdict).toBe('pass');
  });

  it('lets a device past the reboot finish: booting the new image is no wrong activation', () => {
    const device = withEvents(traced(10_500, { kind: 'boot', version: '2.0.0', boots: 3 }));
    expect(judge({ ...device, pull: { ...device.pull, step: 'self-test' } }).verdict).toBe('pass');
  });

  it('lets a device that asks before it believes work on until it is answered', () => {
    const doubting = [sent(10_060, askNext), atStep(30_000, 'download'), received(30_001, refused)];
    expect(outcomes(withEvents(...doubting), 'fail')).toEqual([]);
    const deaf = [...doubting, atStep(30_002 + tolerance.noticeMs, 'download')];
    expect(outcomes(withEvents(...deaf), 'fail')).toEqual(['V2']);
  });

  it('takes an empty answer to $next for proof of the pull', () => {
    const nothing = { kind: 'reply', outcome: 'accepted', operation: 'DescribeJobExecution', bytes: 20 } as const;
    const answered = received(11_050, { ...nothing, jobId: '$next', payload: { timestamp: 11 } });
    const device = withEvents(answered, atStep(11_051 + tolerance.noticeMs, 'download'));
    expect(outcomes(device, 'fail')).toEqual(['V2']);
    const elsewhere = received(11_050, {
      ...nothing,
      jobId: '$next',
      namespaceId: 'other',
      payload: { timestamp: 11 },
    });
    expect(outcomes(withEvents(elsewhere, atStep(40_000, 'download')), 'fail')).toEqual([]);
  });

  it('does not take messages about other executions for news of the pull', () => {
    const stillThere = { jobId: 'firmware', queuedAt: 1, lastUpdatedAt: 1, executionNumber: 1, versionNumber: 2 };
    const old = { ...told, payload: { timestamp: 10, jobs: { IN_PROGRESS: [stillThere] } } } as typeof told;
    const events = [received(10_001, old), atStep(10_002, 'reboot'), ...healthy.events.slice(2)];
    expect(outcomes({ ...healthy, events }, 'fail')).toEqual([]);
  });

  it('reports what cannot be seen from outside as not observed, never as passed', () => {
    const { again: _again, canary: _canary, ...external } = { ...healthy, views: {} };
    expect(outcomes(external, 'not-observed')).toEqual(['V3', 'V4', 'V5', 'V7', 'V9', 'V10']);
    expect(judge(external).verdict).toBe('pass');
  });

  it('does not count boots that a power cut explains', () => {
    const boots = Array.from({ length: tolerance.boots + 1 }, (_, index) =>
      traced(12_000 + index, { kind: 'boot', version: '1', boots: index }),
    );
    const powerUp: DeviceEvent = { at: 11_999, kind: 'power', on: true };
    expect(outcomes(withEvents(...boots), 'fail')).toEqual(['V8']);
    expect(outcomes(withEvents(powerUp, ...boots), 'fail')).toEqual([]);
  });

  it('does not hold a canary against a device that reset while it ran it', () => {
    const canary = { ...healthy.canary!, ended: 'FAILED' };
    expect(outcomes({ ...healthy, canary }, 'fail')).toEqual(['V5']);
    expect(outcomes({ ...healthy, canary: { ...canary, interrupted: true } }, 'not-observed')).toEqual(['V5']);
    expect(outcomes({ ...healthy, canary: { jobId: 'canary', givenAt: 1, interrupted: true } }, 'fail')).toContain(
      'V5',
    );
  });

  it('compares RAM only between views with a connection, which has buffers of its own', () => {
    const away = { ...idleView, connected: false, ram: { usedBytes: 500, budgetBytes: 5000 } };
    for (const views of [{ before: away }, { after: away }]) {
      expect(outcomes({ ...healthy, views: { ...healthy.views, ...views } }, 'not-observed')).toEqual(['V10']);
    }
  });

  it('is inconclusive when the execution was not running as it was pulled', () => {
    const { verdict } = judge({ ...healthy, pull: { ...healthy.pull, status: 'QUEUED' } });
    expect(verdict).toBe('inconclusive');
  });

  it('does not count what follows the next job', () => {
    const later = withEvents(
      atStep(healthy.again!.givenAt + 1, 'reboot'),
      sent(healthy.again!.givenAt + 2, updateOfDead),
    );
    expect(judge(later).verdict).toBe('pass');
    expect(pulledAt).toBeLessThan(healthy.again!.givenAt);
  });
});

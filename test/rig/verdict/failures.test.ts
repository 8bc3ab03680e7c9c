/** Each way to fail, as a stream of observations: it is failed by its own claim and by no other, with evidence and a likeness. */
import { describe, expect, it } from 'vitest';
import type { DeviceView } from '../../../observation/inside.ts';
import type { ClaimId, Expectation, Sight } from '../../../rig/verdict/contract.ts';
import { resemblances } from '../../../rig/verdict/resemblance.ts';
import { Stream, idleView, notifications, thingName } from './stream.ts';

const dead = { jobId: 'update', executionNumber: 1, queuedAt: 1_700_000_001 };
const canary: Expectation = { jobId: 'canary', status: 'SUCCEEDED', withinMs: 120_000, about: 'V5' };

function connected(): Stream {
  return new Stream().connect().wait(50).askNext().wait(1000);
}

function working(): Stream {
  return connected().make('update').wait(50).update('update', 'IN_PROGRESS').wait(1000);
}

function pulled(): Stream {
  return working().pull('update').wait(50);
}

/** Pulled, and as it should be. */
function recovered(): Stream {
  return pulled().askNext().wait(5000);
}

function done(jobId: string, stream: Stream): Stream {
  return stream
    .make(jobId)
    .wait(50)
    .update(jobId, 'IN_PROGRESS')
    .wait(1000)
    .update(jobId, 'SUCCEEDED')
    .wait(50)
    .askNext();
}

function inside(stream: Stream, view: Partial<DeviceView>): Stream {
  const whole = { ...idleView, ...view };
  return stream.tell('moved', { view: () => whole }, 'device');
}

function restarts(stream: Stream, times: number, code = 1): Stream {
  for (let index = 0; index < times; index += 1) {
    stream.tell('program', { event: 'exited', code, signal: null, byRig: false }, 'host').wait(1000);
    stream
      .tell('program', { event: 'started', pid: index + 2 }, 'host')
      .connect()
      .wait(100)
      .askNext();
  }
  return stream;
}

function late(stream: Stream): Stream {
  return stream.tell('lag', { behindMs: 7000 }, 'host');
}

interface Failure {
  readonly claim: ClaimId;
  readonly like: string;
  readonly stream: () => Stream;
  readonly sees?: readonly Sight[];
  readonly expectations?: readonly Expectation[];
}

const failures: Readonly<Record<string, Failure>> = {
  'asks nothing after a reconnect, although a job waits': {
    claim: 'V1',
    like: 'R40',
    stream: () => connected().disconnect().make('update').wait(2000).connect().wait(700_000),
  },
  'does not subscribe again': {
    claim: 'V1',
    like: 'R41',
    stream: () => connected().disconnect().wait(2000).connect([]).wait(5000).make('update').wait(700_000),
  },
  'never comes back': {
    claim: 'V1',
    like: 'R49',
    stream: () => working().disconnect().wait(700_000),
  },
  'waits for ever for an answer': {
    claim: 'V1',
    like: 'R32',
    stream: () => connected().make('update').wait(50).ask('StartNextPendingJobExecution').wait(700_000),
  },
  'starts a job and never ends it': {
    claim: 'V1',
    like: 'R27',
    stream: () => working().wait(700_000),
  },
  'does not return from a call': {
    claim: 'V1',
    like: 'R14',
    stream: () => working().tell('hung', { after: 'UpdateJobExecution accepted' }, 'host').wait(1000),
  },
  'is told of a job and sits still': {
    claim: 'V1',
    like: 'R38',
    stream: () => connected().make('update').wait(700_000),
  },
  'repeats an update that is refused': {
    claim: 'V2',
    like: 'R01',
    stream: () => {
      const stream = pulled();
      for (let times = 0; times < 5; times += 1) stream.update('update', 'IN_PROGRESS').wait(5000 * 2 ** times);
      return stream;
    },
  },
  'begins a job again that it has reported': {
    claim: 'V4',
    like: 'R35',
    sees: ['downloads'],
    stream: () => {
      const stream = connected().make('update').wait(50).update('update', 'IN_PROGRESS').wait(100);
      return stream
        .download('update', 10_000, 10_000)
        .wait(100)
        .update('update', 'SUCCEEDED')
        .wait(30)
        .download('update', 10_000, 10_000);
    },
  },
  'asks for bytes of a dead execution': {
    claim: 'V2',
    like: 'R15',
    sees: ['downloads'],
    stream: () => {
      const stream = pulled();
      for (let block = 0; block < 5; block += 1) stream.wait(4000).download('update', 100, 10_000);
      return stream.update('update', 'SUCCEEDED');
    },
  },
  'activates what it was told is gone': {
    claim: 'V3',
    like: 'R09',
    sees: ['witness'],
    stream: () =>
      pulled()
        .wait(5000)
        .tell('witness', { effect: 'activated', version: '2.0.0', jobId: 'update', executionNumber: 1 }),
  },
  'reboots into a dead image': {
    claim: 'V3',
    like: 'R09',
    sees: ['inside'],
    stream: () => {
      const step = { kind: 'step', execution: dead, percent: 100 } as const;
      return working()
        .tell('traced', { trace: { ...step, step: 'activate' } }, 'device')
        .pull('update')
        .wait(50)
        .tell('traced', { trace: { ...step, step: 'reboot' } }, 'device');
    },
  },
  'leaves an image unconfirmed, which the next job covers': {
    claim: 'V3',
    like: 'R06',
    sees: ['inside'],
    stream: () => {
      const slots: DeviceView['slots'] = [
        { version: '1.0.0', state: 'confirmed' },
        { version: '2.0.0', state: 'pending-verify' },
      ];
      const stream = inside(pulled(), { slots }).tell(
        'traced',
        { trace: { kind: 'recovered', execution: dead } },
        'device',
      );
      return inside(stream.wait(1000), {});
    },
  },
  'has two confirmed slots': {
    claim: 'V3',
    like: 'R51',
    sees: ['inside'],
    stream: () =>
      inside(recovered(), {
        slots: [
          { version: '1.0.0', state: 'confirmed' },
          { version: '0.9.0', state: 'confirmed' },
        ],
      }),
  },
  'ignores a job that came back under its id': {
    claim: 'V4',
    like: 'R17',
    stream: () => recovered().make('update').wait(700_000),
  },
  'ignores another execution of the same job': {
    claim: 'V4',
    like: 'R19',
    stream: () => done('update', connected()).make('update', 2).wait(700_000),
  },
  'does a job twice, by its witness': {
    claim: 'V4',
    like: 'R35',
    sees: ['witness'],
    stream: () =>
      done('update', connected())
        .tell('witness', { effect: 'ran', jobId: 'update', executionNumber: 1 })
        .wait(100)
        .tell('witness', { effect: 'ran', jobId: 'update', executionNumber: 1 }),
  },
  'does a job twice, seen inside': {
    claim: 'V4',
    like: 'R35',
    sees: ['inside'],
    stream: () => inside(done('update', connected()), { sideEffects: { 'update#1@1700000001': 2 } }),
  },
  'never begins the canary': {
    claim: 'V5',
    like: 'R02',
    expectations: [canary],
    stream: () => recovered().make('canary').wait(130_000),
  },
  'fails the canary': {
    claim: 'V5',
    like: 'R02',
    expectations: [canary],
    stream: () => recovered().make('canary').wait(50).update('canary', 'FAILED').wait(100).askNext(),
  },
  'asks without a pause': {
    claim: 'V6',
    like: 'R23',
    stream: () => {
      const stream = recovered();
      for (let times = 0; times < 100; times += 1) stream.wait(20).askNext();
      return stream;
    },
  },
  'repeats a throttled request with pauses that do not grow': {
    claim: 'V6',
    like: 'R23',
    stream: () => {
      const stream = working();
      for (let times = 0; times < 20; times += 1) {
        stream.ask('UpdateJobExecution', 'update', { status: 'SUCCEEDED' }).wait(10);
        stream.reject('UpdateJobExecution', 'RequestThrottled', 'update').wait(2000 + times);
      }
      return stream.update('update', 'SUCCEEDED').wait(10).askNext();
    },
  },
  'connects again and again': {
    claim: 'V6',
    like: 'R72',
    stream: () => {
      const stream = connected();
      for (let times = 0; times < 30; times += 1) {
        stream
          .disconnect()
          .wait(300 * (1 + times / 10))
          .tell('connecting', {})
          .connect()
          .askNext();
      }
      return stream;
    },
  },
  'downloads an image again and again': {
    claim: 'V6',
    like: 'R75',
    sees: ['downloads'],
    stream: () => {
      const stream = working();
      for (let times = 0; times < 6; times += 1) stream.wait(5000).download('update', 10_000, 10_000);
      return stream.update('update', 'SUCCEEDED').askNext();
    },
  },
  'keeps a checkpoint': {
    claim: 'V7',
    like: 'R02',
    sees: ['inside'],
    stream: () => inside(recovered(), { checkpoint: { jobId: 'update' } }),
  },
  'brings a job back after a power cut': {
    claim: 'V7',
    like: 'R07',
    sees: ['power'],
    stream: () =>
      recovered().wait(20_000).cutPower().connect().wait(100).update('update', 'IN_PROGRESS').wait(50).askNext(),
  },
  'reports a finished job again after a power cut': {
    claim: 'V7',
    like: 'R07',
    sees: ['power'],
    stream: () =>
      done('update', connected()).wait(20_000).cutPower().connect().wait(100).update('update', 'SUCCEEDED').askNext(),
  },
  'restarts again and again': {
    claim: 'V8',
    like: 'R53',
    stream: () => restarts(recovered(), 8),
  },
  'boots again and again': {
    claim: 'V8',
    like: 'R53',
    sees: ['inside'],
    stream: () => recovered().tell('traced', { trace: { kind: 'boot', version: '1.0.0', boots: 9 } }, 'device'),
  },
  'reports a version that its shadow denies': {
    claim: 'V9',
    like: 'R57',
    sees: ['shadow'],
    stream: () =>
      connected()
        .make('update')
        .wait(50)
        .update('update', 'SUCCEEDED', { version: '2.0.0' })
        .askNext()
        .tell('reported-version', { version: '1.0.0' })
        .wait(60_000),
  },
  'runs another version than it reported': {
    claim: 'V9',
    like: 'R57',
    sees: ['inside'],
    stream: () =>
      inside(connected(), {}).make('update').wait(50).update('update', 'SUCCEEDED', { version: '2.0.0' }).askNext(),
  },
  'leaves half an image, which the next job covers': {
    claim: 'V10',
    like: 'R01',
    sees: ['inside'],
    stream: () => {
      const slots: DeviceView['slots'] = [
        { version: '1.0.0', state: 'confirmed' },
        { version: undefined, state: 'partial' },
      ];
      const stream = inside(pulled(), { slots }).tell(
        'traced',
        { trace: { kind: 'recovered', execution: dead } },
        'device',
      );
      return inside(stream.wait(1000), {});
    },
  },
  'keeps memory': {
    claim: 'V10',
    like: 'R02',
    sees: ['inside'],
    stream: () => {
      const stream = inside(new Stream().connect(), {}).askNext();
      return inside(done('update', stream), { ram: { usedBytes: 1001, budgetBytes: 5000 } });
    },
  },
  'piles up subscriptions': {
    claim: 'V10',
    like: 'R50',
    stream: () => {
      const stream = connected();
      for (let times = 0; times < 10; times += 1) {
        const filter = `$aws/things/${thingName}/jobs/job-${times}/update/accepted`;
        stream.tell('subscribed', { filters: [{ filter, qos: 1 }] });
        done(`job-${times}`, stream).wait(5000);
      }
      return stream.tell('subscribed', { filters: [{ filter: notifications[0]!, qos: 1 }] });
    },
  },
};

describe('a device that', () => {
  it.each(Object.entries(failures))(
    '%s is failed by its own claim alone',
    (_, { claim, like, stream, sees, expectations }) => {
      const findings = stream().judge({ ...(sees && { sees }), ...(expectations && { expectations }) });
      const failed = findings.filter(({ outcome }) => outcome === 'fail');
      expect(failed.map((finding) => [finding.claim, finding.reason])).toEqual([[claim, expect.any(String)]]);
      const [finding] = failed;
      expect(finding?.evidence.length).toBeGreaterThan(0);
      expect(finding?.evidence).toContain(finding?.decisive);
      expect(finding?.catalog?.[0] ?? '').toBe(like);
    },
  );

  it('breaks each claim in some way of this table', () => {
    expect(new Set(Object.values(failures).map(({ claim }) => claim)).size).toBe(10);
  });
});

describe('what explains a device', () => {
  it('restarts that the rig caused do not count, nor a few by which a device reboots', () => {
    const stream = recovered();
    for (let times = 0; times < 8; times += 1) stream.wait(5000).cutPower().connect().wait(100).askNext();
    expect(
      restarts(stream, 4, 0)
        .judge()
        .filter(({ outcome }) => outcome === 'fail'),
    ).toEqual([]);
  });

  it('a rig that was late itself makes a missed time inconclusive, and nothing else', () => {
    const missed = late(connected().make('update').wait(650_000)).wait(1000).judge();
    expect(
      missed.filter(({ outcome }) => outcome === 'inconclusive').map(({ claim, reason }) => [claim, reason]),
    ).toEqual([['V1', expect.stringContaining('this host was too slow: the rig was 7.0 s behind')]]);
    const wrong = late(inside(recovered(), { checkpoint: {} })).judge({ sees: ['inside'] });
    expect(wrong.filter(({ outcome }) => outcome === 'fail').map(({ claim }) => claim)).toEqual(['V7']);
  });

  it('an expected ending that is met speaks for its claim; a missed one is told with what was seen', () => {
    const met = done('canary', recovered()).judge({ expectations: [canary] });
    expect(met.find(({ claim }) => claim === 'V5')).toMatchObject({ outcome: 'pass' });
    const skipped = inside(done('canary', recovered()), {}).judge({
      sees: ['inside'],
      expectations: [{ ...canary, sideEffects: 'once' }],
    });
    expect(skipped.find(({ claim }) => claim === 'V5')).toMatchObject({
      outcome: 'fail',
      reason: expect.stringContaining('never happened'),
    });
  });

  it('a job that the operator takes away and never makes again says nothing about the device', () => {
    const update: Expectation = { jobId: 'update', status: 'SUCCEEDED', about: 'V4' };
    const findings = recovered().judge({ expectations: [update] });
    expect(findings.find(({ claim }) => claim === 'V4')).toMatchObject({
      outcome: 'inconclusive',
      reason: 'update became DELETED by the operator, so the device could not bring it to SUCCEEDED',
    });
  });

  it('tells of a break the moment it is certain, once for each claim', () => {
    const told: string[] = [];
    failures['repeats an update that is refused']!.stream().judge({ onBreak: ({ claim }) => told.push(claim) });
    expect(told).toEqual(['V2']);
  });

  it('likenesses name bugs of the catalogue', () => {
    for (const numbers of Object.values<readonly string[]>(resemblances)) {
      for (const number of numbers) expect(number).toMatch(/^R\d\d$/);
    }
  });
});

/** How the agent talks: waiting, repeating, giving up, and what it makes of refusals, silence and old news. */
import { describe, expect, it } from 'vitest';
import { referenceAgent } from '../../agent/core/behaviour.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import {
  type Arrivals,
  VirtualWorld,
  type WorldOptions,
  firmwareDocument,
  hardware,
  thingName,
} from '../support/virtual-world.ts';

const lost: Arrivals = [];
const handlers = { steps: [{ action: { name: 'copy', type: 'runHandler', input: { handler: 'copy.sh' } } }] };

function idleWorld(options: WorldOptions = {}): VirtualWorld {
  const world = new VirtualWorld(options);
  world.powerOn();
  world.run(10_000);
  return world;
}

function isRequest(message: DeviceRequest | DeviceMessage): message is DeviceRequest {
  return 'body' in message;
}

function finish(world: VirtualWorld, jobId = 'job-1'): string {
  world.runUntil(() => world.traces('finished').some(({ execution }) => execution.jobId === jobId), 3_600_000);
  return world.statusOf(jobId);
}

/** Loses the first so many messages that match. */
function losing(count: number, matches: (message: DeviceRequest | DeviceMessage) => boolean): WorldOptions {
  let left = count;
  return {
    arrivalsOf(message) {
      if (left === 0 || !matches(message)) return undefined;
      left -= 1;
      return lost;
    },
  };
}

describe('waiting', () => {
  it.each(['start', 'progress', 'report'] as const)('repeats a lost %s until it is answered', (what) => {
    const isIt = (message: DeviceRequest | DeviceMessage) => {
      if (!isRequest(message) || message.operation !== 'UpdateJobExecution') return false;
      const { status, includeJobDocument } = message.body;
      if (what === 'report') return status === 'SUCCEEDED';
      return status === 'IN_PROGRESS' && (includeJobDocument === true) === (what === 'start');
    };
    const world = idleWorld(losing(2, isIt));
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('SUCCEEDED');
  });

  it('takes the answer to a report that was lost on its way back as given', () => {
    const world = idleWorld(
      losing(1, (message) => !isRequest(message) && message.kind === 'reply' && message.payload.clientToken === '2-2'),
    );
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('SUCCEEDED');
    expect(world.traces('finished')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(world.traces('pulled')).toEqual([]);
  });

  it('repeats with growing pauses under one token', () => {
    const world = idleWorld({ arrivalsOf: (message) => (isRequest(message) ? lost : undefined) });
    world.run(900_000);
    const asked = world.happenings.filter((event) => event.kind === 'sent');
    const gaps = asked.slice(1).map(({ at }, index) => at - asked[index]!.at);
    expect(new Set(asked.map((event) => event.kind === 'sent' && event.request.body.clientToken)).size).toBe(1);
    expect(gaps.length).toBeGreaterThan(4);
    expect(gaps.slice(0, 5).every((gap, index) => gap >= 30_000 + 1000 * 2 ** index)).toBe(true);
  });

  it('asks again after a while when a notification was missed', () => {
    const world = idleWorld(losing(2, (message) => !isRequest(message) && message.kind === 'notification'));
    world.createJob('job-1', { operation: 'reboot' });
    expect(finish(world)).toBe('SUCCEEDED');
  });

  it('finds at boot what was queued while it was away (R40)', () => {
    const world = new VirtualWorld();
    world.createJob('job-1', { operation: 'reboot' });
    world.powerOn();
    expect(finish(world)).toBe('SUCCEEDED');
  });

  it('comes back after ever longer pauses while the link is down', () => {
    const world = idleWorld();
    world.cutLink();
    world.run(600_000);
    world.restoreLink();
    expect(world.runUntil(() => world.board.view().connected, 310_000)).toBe(true);
  });
});

describe('what is said and how often', () => {
  it('progress is told at every half of an image, not with every segment after it', () => {
    const world = idleWorld();
    world.createJob('job-1', firmwareDocument('2.0.0', 262_144));
    expect(finish(world)).toBe('SUCCEEDED');
    const told = world.sent('UpdateJobExecution').filter(({ body }) => body.status === 'IN_PROGRESS');
    const inTheDownload = told.filter(({ body }) => Number(body.statusDetails?.['percent'] ?? 100) < 100);
    expect(inTheDownload.map(({ body }) => body.statusDetails?.['step'])).toEqual(['write']);
  });

  it('of a document that does not fit, it asks for this very execution with its document', () => {
    const { ram, ...rest } = hardware('esp32-s3');
    const world = idleWorld({ hardware: { ...rest, ram: { ...ram, mqttBufferBytes: 1024 } } });
    world.createJob('job-1', { ...handlers, comment: 'x'.repeat(3000) });
    world.run(60_000);
    const asked = world.sent('DescribeJobExecution').filter(({ jobId }) => jobId === 'job-1');
    expect(asked.map(({ body }) => [body.executionNumber, body.includeJobDocument])).toContainEqual([1, true]);
    expect(world.statusOf('job-1')).toBe('REJECTED');
  });

  it('waits for the link before the next segment, however long it takes', () => {
    const world = idleWorld();
    world.createJob('job-1', firmwareDocument('2.0.0', 262_144));
    world.runUntil(() => world.board.view().step === 'write');
    world.cutLink();
    world.run(4 * 3_600_000);
    expect(world.board.view().step).not.toBe('idle');
    world.restoreLink();
    expect(finish(world)).toBe('SUCCEEDED');
    expect(Object.values(world.board.view().sideEffects)).toEqual([1]);
  });
});

describe('refusals', () => {
  /** Answers the first so many requests that match with a code, instead of asking the service. */
  function refusing(count: number, code: string, status: string): WorldOptions & { answers: number } {
    const options = {
      answers: 0,
      arrivalsOf(message: DeviceRequest | DeviceMessage): Arrivals | undefined {
        if (!isRequest(message) || message.body.status !== status || options.answers === count) return undefined;
        options.answers += 1;
        const reply = {
          kind: 'reply',
          outcome: 'rejected',
          operation: message.operation,
          bytes: 100,
          payload: { code, message: 'no', timestamp: 1, clientToken: message.body.clientToken },
        } as DeviceMessage;
        world.later(10, () => world.deliver(reply));
        return lost;
      },
    };
    return options;
  }
  let world: VirtualWorld;

  it.each(['RequestThrottled', 'InternalError', 'SomethingNew'])('%s: tries again later', (code) => {
    world = idleWorld(refusing(3, code, 'SUCCEEDED'));
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('SUCCEEDED');
  });

  it('InvalidRequest to a report: once more without details (R29), then again and again until it is taken', () => {
    world = idleWorld(refusing(5, 'InvalidRequest', 'SUCCEEDED'));
    world.createJob('job-1', { operation: 'reboot' });
    expect(finish(world)).toBe('SUCCEEDED');
    const reports = world.sent('UpdateJobExecution').filter(({ body }) => body.status === 'SUCCEEDED');
    const [first, ...others] = reports.map(({ body }) => Object.keys(body.statusDetails ?? {}).length);
    expect({ first, others: new Set(others) }).toEqual({ first: 1, others: new Set([0]) });
    expect(Object.values(world.board.view().sideEffects)).toEqual([1]);
  });

  it('InvalidRequest to whatever else: goes on, and does the job once', () => {
    world = idleWorld(refusing(3, 'InvalidRequest', 'IN_PROGRESS'));
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('SUCCEEDED');
    expect(Object.values(world.board.view().sideEffects)).toEqual([1]);
  });

  it('never hammers a start that is refused for good', () => {
    world = idleWorld(refusing(1000, 'InvalidRequest', 'IN_PROGRESS'));
    world.createJob('job-1', { operation: 'reboot' });
    world.run(600_000);
    expect(world.sent('UpdateJobExecution').length).toBeLessThan(12);
  });

  it('a job that it could refuse at last leaves no pause for the next one', () => {
    world = idleWorld(refusing(2, 'InvalidRequest', 'REJECTED'));
    world.createJob('job-1', { operation: 'no such operation' });
    expect(finish(world)).toBe('REJECTED');
    world.run(60_000);
    const before = world.sent('DescribeJobExecution').length;
    world.createJob('job-2', handlers);
    world.runUntil(() => world.statusOf('job-2') === 'IN_PROGRESS', 60_000);
    expect(world.sent('DescribeJobExecution')).toHaveLength(before);
  });

  it('takes the version from a stale update and goes on', () => {
    world = idleWorld();
    world.createJob('job-1', firmwareDocument('2.0.0', 131_072));
    world.runUntil(() => world.board.view().step === 'write');
    world.operate('iotjobsdata:UpdateJobExecution', { thingName, jobId: 'job-1', status: 'IN_PROGRESS' });
    expect(finish(world)).toBe('SUCCEEDED');
  });
});

describe('notifications', () => {
  it('late and repeated ones start nothing and stop nothing (R35)', () => {
    const world = idleWorld();
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    const old = world.happenings.flatMap((event) =>
      event.kind === 'received' && event.message.kind === 'notification' ? [event.message] : [],
    );
    for (const message of old) world.deliver(message);
    expect(finish(world)).toBe('SUCCEEDED');
    for (const message of old) world.deliver(message);
    world.run(60_000);
    expect(world.sent('UpdateJobExecution').filter(({ body }) => body.includeJobDocument)).toHaveLength(1);
    expect(world.traces('pulled')).toEqual([]);
    expect(world.board.view()).toMatchObject({ step: 'idle', boots: 2 });
  });

  it('one that lists nothing is no reason to ask', () => {
    const world = idleWorld();
    const before = world.sent().length;
    const payload = { timestamp: Math.floor(world.now / 1000), jobs: {} };
    world.deliver({ kind: 'notification', name: 'JobExecutionsChanged', bytes: 40, payload });
    world.run(60_000);
    expect(world.sent()).toHaveLength(before);
  });

  it('one of a job that it has done starts nothing, also without a list beside it', () => {
    const world = idleWorld();
    world.createJob('job-1', handlers);
    expect(finish(world)).toBe('SUCCEEDED');
    world.run(10_000);
    const heads = world.happenings.flatMap((event) =>
      event.kind === 'received' && event.message.kind === 'notification' ? [event.message] : [],
    );
    for (const message of heads) if (message.name === 'NextJobExecutionChanged') world.deliver(message);
    world.run(10_000);
    expect(world.sent('UpdateJobExecution').filter(({ body }) => body.includeJobDocument)).toHaveLength(1);
  });

  it('those of another queue do not speak for a start that is under way', () => {
    const world = idleWorld({
      namespaces: ['press-line'],
      arrivalsOf: (message) =>
        !isRequest(message) && message.kind === 'reply' && message.operation === 'UpdateJobExecution'
          ? [{ lateMs: 5000 }]
          : undefined,
    });
    world.createJob('job-1', handlers);
    world.runUntil(() => world.sent('UpdateJobExecution').length > 0);
    world.createJob('job-2', { operation: 'reboot' }, 'press-line');
    expect(finish(world)).toBe('SUCCEEDED');
    expect(world.sent('DescribeJobExecution').filter(({ jobId }) => jobId === 'job-1')).toEqual([]);
  });

  it('a head that is told while an older question is open is asked for when that is answered', () => {
    const world = new VirtualWorld({
      arrivalsOf(message) {
        if (isRequest(message)) return undefined;
        if (message.kind === 'notification' && message.name === 'JobExecutionsChanged') return lost;
        return message.kind === 'reply' && message.operation === 'DescribeJobExecution'
          ? [{ lateMs: 5000 }]
          : undefined;
      },
    });
    world.powerOn();
    world.runUntil(() => world.sent('DescribeJobExecution').length > 0);
    world.run(1000);
    world.createJob('job-1', handlers);
    world.run(60_000);
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
  });

  it('those of another queue do not speak for the job at work', () => {
    const world = idleWorld({ namespaces: ['press-line'] });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    world.createJob('job-2', { operation: 'reboot' }, 'press-line');
    world.run(200);
    expect(world.sent('DescribeJobExecution').filter(({ jobId }) => jobId === 'job-1')).toEqual([]);
    expect(finish(world, 'job-2')).toBe('SUCCEEDED');
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
  });

  it('a list too long for the buffer still leads to work', () => {
    const { ram, ...rest } = hardware('esp32-s3');
    const world = idleWorld({ hardware: { ...rest, ram: { ...ram, mqttBufferBytes: 512 } } });
    for (let index = 0; index < 12; index += 1) world.createJob(`job-${index}`, { operation: 'reboot' });
    expect(finish(world, 'job-11')).toBe('SUCCEEDED');
    expect(world.traces('finished').every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  });

  it.each([
    ['notify', 'JobExecutionsChanged'],
    ['notify-next', 'NextJobExecutionChanged'],
  ] as const)('a pull told by %s alone is found', (by, name) => {
    const world = idleWorld({
      arrivalsOf: (message) =>
        !isRequest(message) &&
        message.kind === 'notification' &&
        message.name !== name &&
        world.traces('step').length > 0
          ? lost
          : undefined,
    });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    world.operate('iot:DeleteJob', { jobId: 'job-1', force: true });
    world.runUntil(() => world.traces('recovered').length > 0, 10_000);
    expect(world.traces('pulled')).toMatchObject([{ by, step: 'write' }]);
  });

  it('a pull that nothing told of is found by the next update', () => {
    const world = idleWorld({
      arrivalsOf: (message) =>
        !isRequest(message) && message.kind === 'notification' && world.traces('step').length > 0 ? lost : undefined,
    });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    world.operate('iot:DeleteJob', { jobId: 'job-1', force: true });
    world.runUntil(() => world.traces('recovered').length > 0, 10_000);
    expect(world.traces('pulled')).toMatchObject([{ by: 'rejected' }]);
    expect(world.board.view().boots).toBe(1);
  });

  it.each([
    ['empty-next', () => {}],
    ['other-next', (world: VirtualWorld) => world.createJob('job-2', { operation: 'reboot' })],
  ] as const)('a pull while it was offline is found on return: %s', (by, meanwhile) => {
    const world = idleWorld();
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    world.cutLink();
    world.operate('iot:DeleteJob', { jobId: 'job-1', force: true });
    meanwhile(world);
    world.restoreLink();
    world.runUntil(() => world.traces('recovered').length > 0, 60_000);
    expect(world.traces('pulled')).toMatchObject([{ by }]);
  });
});

describe('text', () => {
  it('status details are never empty, too long or with control characters', () => {
    expect(referenceAgent.detail('')).toBe('-');
    expect(referenceAgent.detail('a\u0000b\nc')).toBe('a b c');
    expect(referenceAgent.detail('x'.repeat(5000))).toHaveLength(1024);
    expect(referenceAgent.detail(`${'x'.repeat(1023)}😀`)).toMatch(/^x{1023} $/);
  });
});

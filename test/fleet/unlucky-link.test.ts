/** The unlucky link alone: a connection that only notes what reaches it, and a clock that is moved by hand. */
import { describe, expect, it } from 'vitest';
import { createUnluckyLink } from '../../agent/mqtt/unlucky-link.ts';
import type { ConnectionListener, DeviceConnection } from '../../agent/mqtt/device-connection.ts';
import type { MessageFault } from '../../faults/thing-faults.ts';
import { type Direction, type MessageEffect, messageEffects } from '../../faults/plan.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import { createManualClock } from '../support/manual-clock.ts';

const lateMs = 3000;

function request(jobId: string): DeviceRequest {
  return { operation: 'DescribeJobExecution', jobId, body: {} };
}

function notification(timestamp: number): DeviceMessage {
  return { kind: 'notification', name: 'JobExecutionsChanged', bytes: 30, payload: { timestamp, jobs: {} } };
}

function reply(timestamp: number): DeviceMessage {
  return {
    kind: 'reply',
    outcome: 'accepted',
    operation: 'DescribeJobExecution',
    jobId: '$next',
    bytes: 30,
    payload: { timestamp },
  };
}

/** A device's end of an unlucky link, and the network's. */
function rig() {
  const clock = createManualClock(0);
  /** The faults still to be given out, one a message, whatever its direction. */
  const faultsToCome: (MessageFault | undefined)[] = [];
  const asked: [Direction, string | undefined][] = [];
  const reached: string[] = [];
  const heard: string[] = [];
  const network: ConnectionListener[] = [];
  const listener: ConnectionListener = {
    connected: () => heard.push('connected'),
    subscribed: () => heard.push('subscribed'),
    message: ({ payload }) => heard.push(`message ${payload.timestamp}`),
    closed: (reason) => heard.push(`closed: ${reason?.message ?? ''}`),
  };
  const link = createUnluckyLink({
    clock,
    messageFault(direction, operation) {
      asked.push([direction, operation]);
      return faultsToCome.shift();
    },
    connect(options) {
      network.push(options.listener);
      return {
        subscribe: (filters) => reached.push(`subscribe ${filters.join()}`),
        publish: ({ jobId }) => reached.push(`publish ${jobId}`),
        disconnect: () => reached.push('disconnect'),
        drop: () => reached.push('drop'),
      };
    },
  });
  const open = (): DeviceConnection => link.open({ endpoint: 'mqtt://nowhere', thingName: 'thing-1', listener });
  const last = (): ConnectionListener => network.at(-1)!;
  return { clock, faultsToCome, asked, reached, heard, network, link, open, last };
}

/** Sends messages numbered from 1, the first with a fault, and tells what arrives when. */
function passage(direction: Direction, effect: MessageEffect): readonly (readonly [atMs: number, what: number])[] {
  const { clock, faultsToCome, reached, heard, open, last } = rig();
  faultsToCome.push({ effect, lateMs });
  const connection = open();
  const arrived: [number, number][] = [];
  const note = (): void => {
    for (const what of [...reached.splice(0), ...heard.splice(0)])
      arrived.push([clock.now(), Number(what.split(' ')[1])]);
  };
  for (const number of [1, 2]) {
    if (direction === 'request') connection.publish(request(`${number}`));
    else last().message(direction === 'reply' ? reply(number) : notification(number));
  }
  note();
  for (let passedMs = 0; passedMs < lateMs; passedMs += 500) {
    clock.advance(500);
    note();
  }
  return arrived;
}

const expected: Readonly<Record<MessageEffect, readonly (readonly [number, number])[]>> = {
  lost: [[0, 2]],
  duplicate: [
    [0, 1],
    [0, 2],
    [lateMs, 1],
  ],
  late: [
    [0, 2],
    [lateMs, 1],
  ],
};

describe('a message on an unlucky link', () => {
  const ways = (['request', 'reply', 'notification'] as const).flatMap((direction) =>
    messageEffects.map((effect) => [direction, effect] as const),
  );

  it.each(ways)('a %s that is %s', (direction, effect) => {
    expect(passage(direction, effect)).toEqual(expected[effect]);
  });

  it('without a fault arrives at once and in order', () => {
    const { open, last, reached, heard } = rig();
    const connection = open();
    last().connected(false);
    connection.subscribe(['a', 'b']);
    last().subscribed();
    for (const number of [1, 2, 3]) {
      connection.publish(request(`${number}`));
      last().message(notification(number));
    }
    expect(reached).toEqual(['subscribe a,b', 'publish 1', 'publish 2', 'publish 3']);
    expect(heard).toEqual(['connected', 'subscribed', 'message 1', 'message 2', 'message 3']);
  });

  it('draws one fault, for its direction and operation; what MQTT itself says draws none', () => {
    const { open, last, asked } = rig();
    const connection = open();
    last().connected(false);
    connection.subscribe(['a']);
    last().subscribed();
    connection.publish(request('1'));
    last().message(reply(1));
    last().message(notification(2));
    expect(asked).toEqual([
      ['request', 'DescribeJobExecution'],
      ['reply', 'DescribeJobExecution'],
      ['notification', undefined],
    ]);
  });
});

describe('the end of a connection', () => {
  it.each(['drop', 'disconnect', 'lose'] as const)('by %s takes with it what was under way, both ways', (how) => {
    const { open, last, reached, heard, faultsToCome, clock, link } = rig();
    const connection = open();
    faultsToCome.push({ effect: 'late', lateMs }, { effect: 'late', lateMs });
    connection.publish(request('late'));
    last().message(notification(1));
    if (how === 'lose') link.lose(10);
    else connection[how]();
    clock.advance(10 * lateMs);
    expect(reached).toEqual([how === 'lose' ? 'drop' : how]);
    expect(heard).toEqual(how === 'lose' ? ['closed: the link was lost'] : []);
  });

  it('by the other side takes with it what was under way, and is told', () => {
    const { open, last, reached, heard, faultsToCome, clock } = rig();
    const connection = open();
    faultsToCome.push({ effect: 'late', lateMs });
    connection.publish(request('late'));
    last().closed(new Error('gone'));
    clock.advance(10 * lateMs);
    expect({ reached, heard }).toEqual({ reached: [], heard: ['closed: gone'] });
  });

  it('leaves the next connection alone', () => {
    const { open, last, reached, faultsToCome, clock } = rig();
    const first = open();
    faultsToCome.push({ effect: 'late', lateMs }, { effect: 'late', lateMs });
    first.publish(request('first'));
    first.drop();
    const second = open();
    second.publish(request('second'));
    last().connected(false);
    clock.advance(lateMs);
    expect(reached).toEqual(['drop', 'publish second']);
  });
});

describe('a link that is lost', () => {
  it('refuses connections at once until it is back', () => {
    const { open, network, heard, clock, link } = rig();
    link.lose(5000);
    open();
    clock.advance(100);
    expect({ heard, attempts: network.length }).toEqual({ heard: ['closed: the network is gone'], attempts: 0 });
    clock.advance(4900);
    open();
    expect(network).toHaveLength(1);
  });

  it('says nothing to a device that no longer waits for its attempt', () => {
    const { open, heard, clock, link } = rig();
    link.lose(5000);
    const gone: string[] = [];
    open().drop();
    open().disconnect(() => gone.push('gone'));
    clock.advance(60_000);
    expect({ heard, gone }).toEqual({ heard: [], gone: ['gone'] });
  });
});

describe('a partition', () => {
  it('holds back both ways what is sent, in order, and lets an attempt wait in vain', () => {
    const { open, last, reached, heard, clock, link, network } = rig();
    const connection = open();
    link.block(20_000);
    connection.publish(request('1'));
    connection.publish(request('2'));
    last().message(reply(1));
    clock.advance(19_999);
    expect({ reached, heard }).toEqual({ reached: [], heard: [] });
    clock.advance(1);
    expect({ reached, heard }).toEqual({ reached: ['publish 1', 'publish 2'], heard: ['message 1'] });
    link.block(20_000);
    open();
    expect(network).toHaveLength(1);
    clock.advance(9_999);
    expect(heard).toHaveLength(1);
    clock.advance(1);
    expect(heard.at(-1)).toBe('closed: the network is gone');
  });

  it('longer than the silence that MQTT bears ends the connection', () => {
    const { open, reached, heard, clock, link } = rig();
    const connection = open();
    link.block(60_000);
    connection.publish(request('1'));
    clock.advance(44_999);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect({ reached, heard }).toEqual({ reached: ['drop'], heard: ['closed: the link was lost'] });
    clock.advance(60_000);
    expect(reached).toEqual(['drop']);
  });
});

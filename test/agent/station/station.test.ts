/** The station alone: a board that only notes what reaches it, and time that is a number. */
import { describe, expect, it } from 'vitest';
import type { Board, BoardEffect, BoardInput } from '../../../agent/board/contract.ts';
import type { StationEffect, StationInput } from '../../../agent/station/contract.ts';
import { createStation, type StationOptions } from '../../../agent/station/station.ts';
import { seededChance } from '../../../faults/chance.ts';
import { type Direction, type MessageEffect, messageEffects } from '../../../faults/plan.ts';
import type { InstantFault, ThingFaults } from '../../../faults/thing-faults.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import { observeEvery } from '../../../observation/observers.ts';
import type { Observation } from '../../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';

const lateMs = 3000;
const keepAliveMs = 40_000;
const silenceMs = 60_000;

function request(jobId: string): DeviceRequest {
  return { operation: 'DescribeJobExecution', jobId, body: {} };
}

function notification(timestamp: number): DeviceMessage {
  return { kind: 'notification', name: 'JobExecutionsChanged', bytes: 30, payload: { timestamp, jobs: {} } };
}

function reply(timestamp: number): DeviceMessage {
  const head = { kind: 'reply', outcome: 'accepted', operation: 'DescribeJobExecution', jobId: '$next' } as const;
  return { ...head, bytes: 30, payload: { timestamp } };
}

/** Words for what a board is told. */
function words(input: BoardInput): string {
  switch (input.kind) {
    case 'message':
      return `message ${input.message.payload.timestamp}`;
    case 'connected':
      return `connected${input.sessionPresent ? ' again' : ''}`;
    case 'subscribed':
      return `subscribed ${input.filters.map(({ qos }) => qos ?? 'refused').join()}`;
    case 'supply-drop':
      return `supply-drop ${input.byMv}`;
    default:
      return input.kind;
  }
}

function texts(list: readonly (readonly [number, string])[]): string[] {
  return list.map(([, what]) => what);
}

function rig(options: Partial<StationOptions> & { readonly look?: (seen: Observation) => void } = {}) {
  let now = 0;
  const heard: [atMs: number, what: string][] = [];
  const done: [atMs: number, what: string][] = [];
  const seen: Observation[] = [];
  /** By the board's clock. */
  const asked: { readonly at: number; readonly effects: readonly BoardEffect[] }[] = [];
  let connection = 0;
  const board: Board = {
    thingName: 'thing-1',
    keepAliveMs,
    apply(input, at) {
      if (input.kind !== 'wake') heard.push([now, words(input)]);
      const due = asked.filter((wish) => wish.at <= at);
      for (const wish of due) asked.splice(asked.indexOf(wish), 1);
      return due.flatMap(({ effects }) => effects);
    },
    nextDeadline: () => asked.reduce<number | undefined>((least, { at }) => Math.min(least ?? at, at), undefined),
    nextSign: () => undefined,
    view: () => ({}) as DeviceView,
  };
  const station = createStation({
    board,
    chance: seededChance(1),
    observer: observeEvery((one) => {
      seen.push(one);
      options.look?.(one);
    }),
    ...options,
  });
  const perform = (effects: readonly StationEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'open') connection = effect.connection;
      const what =
        effect.kind === 'publish' ? ` ${effect.request.jobId}` : effect.kind === 'close' ? ` ${effect.how}` : '';
      done.push([now, `${effect.kind}${what}`]);
    }
  };
  const put = (input: StationInput): void => perform(station.apply(input, now));
  const advance = (byMs: number): void => {
    const until = now + byMs;
    for (let at = station.nextDeadline(); at !== undefined && at <= until; at = station.nextDeadline()) {
      now = Math.max(now, at);
      put({ kind: 'wake' });
    }
    now = until;
  };
  /** The board wants something, now: a station looks anew for what is due after a hold. */
  const wish = (effects: readonly BoardEffect[]): void => {
    asked.push({ at: now, effects });
    put({ kind: 'hold' });
    put({ kind: 'release' });
  };
  const publish = (...jobIds: string[]): void => {
    wish(jobIds.map((jobId) => ({ kind: 'request', request: request(jobId) })));
  };
  const inject = (fault: InstantFault): void => put({ kind: 'fault', fault });
  const connect = (sessionPresent = false): void => {
    wish([{ kind: 'connect' }]);
    advance(0);
    put({ kind: 'connack', connection, sessionPresent });
  };
  const say = (message: DeviceMessage): void => put({ kind: 'message', connection, message });
  const forget = (): void => void [heard, done, seen].forEach((list) => list.splice(0));
  const id = (): number => connection;
  put({ kind: 'power-on' });
  return { station, put, advance, wish, publish, inject, connect, say, heard, done, seen, forget, id, asked };
}

function oneFault(direction: Direction, effect: MessageEffect): ThingFaults {
  let isSpent = false;
  return {
    timed: [],
    ofAnswer: () => undefined,
    ofMessage(its) {
      if (isSpent || its !== direction) return undefined;
      isSpent = true;
      return { effect, lateMs };
    },
  };
}

const expected: Readonly<Record<MessageEffect, readonly (readonly [atMs: number, what: number])[]>> = {
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

describe('a message', () => {
  const ways = (['request', 'reply', 'notification'] as const).flatMap((direction) =>
    messageEffects.map((effect) => [direction, effect] as const),
  );

  it.each(ways)('a %s that is %s', (direction, effect) => {
    const { put, connect, publish, say, advance, heard, done, forget, seen } = rig();
    connect();
    forget();
    put({ kind: 'faults', faults: oneFault(direction, effect) });
    if (direction === 'request') publish('1', '2');
    else for (const number of [1, 2]) say(direction === 'reply' ? reply(number) : notification(number));
    advance(2 * lateMs);
    const arrived = (direction === 'request' ? done : heard).map(([at, what]) => [at, Number(what.split(' ')[1])]);
    expect(arrived).toEqual(expected[effect]);
    expect(seen.filter(({ kind }) => kind === 'fault')).toMatchObject([
      { name: `${direction} ${effect}`, ...(direction !== 'notification' && { operation: 'DescribeJobExecution' }) },
    ]);
  });

  it('without a fault arrives at once and in order, and is seen before the board hears of it', () => {
    const { connect, publish, say, heard, done, seen } = rig();
    connect();
    publish('1', '2', '3');
    for (const number of [1, 2]) say(notification(number));
    expect(texts(done)).toEqual(['open', 'publish 1', 'publish 2', 'publish 3']);
    expect(texts(heard).slice(-2)).toEqual(['message 1', 'message 2']);
    expect(seen.map(({ kind }) => kind).slice(-4)).toEqual(['received', 'delivered', 'received', 'delivered']);
  });

  it('takes the latency of the link, each way', () => {
    const { put, id, connect, publish, say, advance, heard, done, forget } = rig({
      link: { latencyMs: 30, jitterMs: 0 },
    });
    connect();
    advance(120);
    expect(done).toEqual([[120, 'open']]);
    put({ kind: 'connack', connection: id(), sessionPresent: false });
    advance(30);
    forget();
    publish('1');
    say(reply(1));
    advance(30);
    expect({ done, heard }).toEqual({ done: [[180, 'publish 1']], heard: [[180, 'message 1']] });
  });

  it('of an older connection is nothing to the device', () => {
    const { put, connect, say, heard, id, forget } = rig();
    connect();
    const old = id();
    connect();
    forget();
    put({ kind: 'message', connection: old, message: reply(1) });
    put({ kind: 'closed', connection: old, end: 'lost' });
    say(reply(2));
    expect(heard.map(([, what]) => what)).toEqual(['message 2']);
  });
});

/** Connected, with a request and a notification under way. */
function ended() {
  const one = rig();
  one.connect();
  one.put({ kind: 'fault', fault: { kind: 'message', direction: 'request', effect: 'late', lateMs } });
  one.put({ kind: 'fault', fault: { kind: 'message', direction: 'notification', effect: 'late', lateMs } });
  one.publish('late');
  one.say(notification(1));
  one.forget();
  return one;
}

describe('the end of a connection', () => {
  const ends = {
    'by the board': ({ wish }) => wish([{ kind: 'disconnect' }]),
    'by a crash': ({ wish }) => wish([{ kind: 'disconnect', abruptly: true }]),
    'by a lost link': ({ inject }) => inject({ kind: 'link-lost', forMs: 10 }),
    'by a power cut': ({ inject }) => inject({ kind: 'power-cut', forMs: 60_000 }),
    'by the service': ({ put, id }) => put({ kind: 'closed', connection: id(), end: 'by-service' }),
  } as const satisfies Record<string, (one: ReturnType<typeof ended>) => void>;
  const told: Readonly<Record<keyof typeof ends, readonly string[]>> = {
    'by the board': ['close goodbye'],
    'by a crash': ['close without-a-word'],
    'by a lost link': ['close without-a-word'],
    'by a power cut': ['close without-a-word'],
    'by the service': ['close without-a-word'],
  };

  it.each(Object.keys(ends) as (keyof typeof ends)[])('%s takes with it what was under way, both ways', (how) => {
    const one = ended();
    ends[how](one);
    one.advance(10 * lateMs);
    expect(texts(one.done)).toEqual(told[how]);
    expect(texts(one.heard).filter((what) => what.startsWith('message'))).toEqual([]);
    expect(one.seen.filter(({ kind }) => kind === 'disconnected')).toHaveLength(1);
  });
});

describe('a kept session', () => {
  it('brings again what the board has not heard, and only if it is still there', () => {
    for (const sessionPresent of [true, false]) {
      const { put, connect, say, inject, advance, heard, forget } = rig({ keepsSession: true });
      connect();
      put({ kind: 'fault', fault: { kind: 'message', direction: 'notification', effect: 'lost', lateMs: 0 } });
      say(notification(1));
      say(notification(2));
      inject({ kind: 'link-lost', forMs: 10 });
      advance(10);
      forget();
      connect(sessionPresent);
      expect(texts(heard)).toEqual(sessionPresent ? ['connected again', 'message 1'] : ['connected']);
    }
  });

  it('does not bring replies again', () => {
    const { put, connect, say, heard, forget } = rig({ keepsSession: true });
    connect();
    put({ kind: 'fault', fault: { kind: 'message', direction: 'reply', effect: 'lost', lateMs: 0 } });
    say(reply(1));
    forget();
    connect(true);
    expect(texts(heard)).toEqual(['connected again']);
  });
});

describe('a network that is away', () => {
  it('fails attempts to connect at once, until it is back', () => {
    const { inject, connect, advance, heard, done, forget } = rig();
    inject({ kind: 'link-lost', forMs: 5000 });
    connect();
    advance(100);
    expect({ done, heard: texts(heard) }).toEqual({ done: [], heard: ['power-on', 'network', 'disconnected'] });
    advance(4900);
    forget();
    connect();
    expect(texts(done)).toEqual(['open']);
  });

  it('lets an attempt in a partition wait in vain', () => {
    const { inject, connect, advance, heard, done } = rig();
    inject({ kind: 'partition', forMs: 20_000 });
    connect();
    advance(9999);
    expect(texts(heard)).toEqual(['power-on', 'network']);
    advance(1);
    expect({ heard: texts(heard), done }).toEqual({ heard: ['power-on', 'network', 'disconnected'], done: [] });
  });

  it('holds back both ways what is sent in a partition, in order', () => {
    const { connect, inject, publish, say, advance, heard, done, forget } = rig();
    connect();
    inject({ kind: 'partition', forMs: 20_000 });
    forget();
    publish('1', '2');
    say(reply(1));
    advance(19_999);
    expect({ done, heard }).toEqual({ done: [], heard: [] });
    advance(1);
    expect(done.map(([, what]) => what)).toEqual(['publish 1', 'publish 2']);
    expect(heard).toEqual([
      [20_000, 'network'],
      [20_000, 'message 1'],
    ]);
  });

  it('ends a connection after one and a half keep-alive periods of silence', () => {
    const { connect, inject, advance, heard, done, forget, seen } = rig();
    connect();
    inject({ kind: 'partition', forMs: 10 * silenceMs });
    forget();
    advance(silenceMs - 1);
    expect(heard).toEqual([]);
    advance(1);
    expect({ heard: texts(heard), done: texts(done) }).toEqual({
      heard: ['disconnected'],
      done: ['close without-a-word'],
    });
    expect(seen.at(-1)).toMatchObject({ kind: 'disconnected', end: 'keep-alive' });
  });
});

describe('a handshake', () => {
  it('is refused or not answered so many times, and the service hears nothing of it', () => {
    for (const answer of ['refused', 'not-at-all'] as const) {
      const { put, connect, advance, heard, done, seen } = rig();
      put({ kind: 'fault', fault: { kind: 'connect', answer, times: 1 } });
      connect();
      advance(10_000);
      expect({ heard: texts(heard), done }).toEqual({ heard: ['power-on', 'disconnected'], done: [] });
      expect(seen.map(({ kind }) => kind)).toContain('connect-failed');
      connect();
      expect(texts(done)).toEqual(['open']);
    }
  });

  it('of subscriptions is refused or not answered, too', () => {
    for (const answer of ['refused', 'not-at-all'] as const) {
      const { put, connect, wish, heard, done, forget } = rig();
      connect();
      forget();
      put({ kind: 'fault', fault: { kind: 'subscribe', answer } });
      wish([{ kind: 'subscribe', filters: ['a', 'b'] }]);
      expect({ heard: texts(heard), done }).toEqual({
        heard: answer === 'refused' ? ['subscribed refused,refused'] : [],
        done: [],
      });
    }
  });

  it('tells the board which filters the service granted', () => {
    const { put, id, connect, heard } = rig();
    connect();
    put({ kind: 'suback', connection: id(), filters: [{ filter: 'a', qos: 1 }, { filter: 'b' }] });
    expect(texts(heard).at(-1)).toBe('subscribed 1,refused');
  });
});

describe('power', () => {
  it('comes back when a cut is over, and a cut is nothing to a device without power', () => {
    const { inject, put, advance, seen, heard } = rig();
    inject({ kind: 'power-cut', forMs: 3000 });
    advance(3000);
    expect(texts(heard)).toEqual(['power-on', 'power-cut', 'power-on']);
    put({ kind: 'power-off' });
    const told = seen.length;
    inject({ kind: 'power-cut', forMs: 3000 });
    advance(10_000);
    expect(seen).toHaveLength(told);
  });

  it('is weak until the last of several faults has ended', () => {
    const { inject, advance, heard } = rig();
    inject({ kind: 'weak-battery', forMs: 1000, byMv: 200 });
    advance(500);
    inject({ kind: 'weak-battery', forMs: 1000, byMv: 300 });
    advance(999);
    expect(texts(heard)).toEqual(['power-on', 'supply-drop 200', 'supply-drop 300']);
    advance(1);
    expect(texts(heard).at(-1)).toBe('supply-drop 0');
  });
});

describe('the clock', () => {
  it('that jumps makes the deadlines of the device come at once', () => {
    const { asked, put, inject, advance, done, connect } = rig();
    connect();
    asked.push({ at: 3_600_000, effects: [{ kind: 'request', request: request('1') }] });
    put({ kind: 'suback', connection: 1, filters: [] });
    advance(1000);
    expect(texts(done)).toEqual(['open']);
    inject({ kind: 'clock-jump', byMs: 3_600_000 });
    expect(texts(done)).toEqual(['open', 'publish 1']);
  });
});

describe('a hold', () => {
  it('stops the device and its clock; what arrives and what is injected waits for the release', () => {
    const { put, connect, say, inject, advance, asked, heard, done, forget, station } = rig();
    connect();
    asked.push({ at: 5000, effects: [{ kind: 'request', request: request('1') }] });
    put({ kind: 'suback', connection: 1, filters: [] });
    forget();
    put({ kind: 'hold' });
    say(reply(1));
    inject({ kind: 'weak-battery', forMs: 1000, byMv: 100 });
    advance(60_000);
    expect({ heard, done, deadline: station.nextDeadline() }).toEqual({ heard: [], done: [], deadline: undefined });
    put({ kind: 'release' });
    expect(heard.map(([, what]) => what).sort()).toEqual(['message 1', 'supply-drop 100']);
    advance(4999);
    expect(done).toEqual([]);
    advance(1);
    expect(done).toEqual([[65_000, 'publish 1']]);
  });

  it('by an observer takes hold before what was seen takes effect', () => {
    const one = rig({ look: ({ kind }) => kind === 'received' && one.put({ kind: 'hold' }) });
    one.connect();
    one.forget();
    one.say(reply(1));
    expect({ heard: one.heard, seen: one.seen.map(({ kind }) => kind) }).toEqual({ heard: [], seen: ['received'] });
    one.put({ kind: 'release' });
    expect(one.heard).toEqual([[0, 'message 1']]);
  });

  it('and a power cut by an observer comes before what was seen takes effect, too', () => {
    const one = rig({ look: ({ kind }) => kind === 'received' && one.put({ kind: 'power-off' }) });
    one.connect();
    one.forget();
    one.say(reply(1));
    expect(one.heard).toEqual([[0, 'power-cut']]);
  });
});

describe('the end of faults', () => {
  it('mends what went wrong; what is armed or late is gone, and more may be injected', () => {
    const { put, connect, inject, say, heard, advance, done, forget } = rig();
    put({ kind: 'fault', fault: { kind: 'message', direction: 'notification', effect: 'lost', lateMs: 0, times: 9 } });
    inject({ kind: 'weak-battery', forMs: 60_000, byMv: 100 });
    inject({ kind: 'link-lost', forMs: 60_000 });
    inject({ kind: 'power-cut', forMs: 60_000 });
    forget();
    put({ kind: 'end-faults' });
    expect(texts(heard)).toEqual(['supply-drop 0', 'network', 'power-on']);
    connect();
    say(notification(1));
    advance(120_000);
    expect(texts(done)).toEqual(['open']);
    expect(texts(heard).slice(3)).toEqual(['connected', 'message 1']);
    forget();
    inject({ kind: 'power-cut', forMs: 1000 });
    expect(texts(heard)).toContain('power-cut');
  });
});

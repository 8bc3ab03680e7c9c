/** What a door elsewhere tells the live page: counts while somebody looks, messages of those that are looked at, nothing else. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WireShare, type WireTold } from '../../broker/live/wire-share.ts';
import { Watchers } from '../../observation/watchers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function opened(keeps: boolean) {
  const told: WireTold[] = [];
  const watchers = new Watchers();
  const share = new WireShare({ keeps, tell: (one) => told.push(one) });
  share.watch(watchers);
  const write = (thingName: string, to: 'service' | 'device', text = '{}', end = ''): void =>
    watchers.observer.written?.({
      kind: 'written',
      source: 'wire',
      at: 0,
      thingName,
      to,
      topic: `$aws/things/${thingName}/jobs/J/update${end}`,
      text,
    });
  /** What was told since the last call, after a second. */
  const heard = (): readonly WireTold[] => {
    vi.advanceTimersByTime(1000);
    return told.splice(0);
  };
  return { share, watchers, write, heard };
}

const looksAt = (...looked: string[]) => ({ looked, pulled: [] });

describe('a door that keeps nothing', () => {
  it('watches nothing until somebody looks, and nothing after', () => {
    const { share, watchers, write, heard } = opened(false);
    expect(watchers.observer.written).toBeUndefined();
    share.wants(looksAt());
    write('A', 'service');
    expect(heard()).toEqual([{ kind: 'wire-counts', exchanges: 1, answersMs: [] }]);
    share.wants(null);
    expect(watchers.observer.written).toBeUndefined();
    expect(heard()).toEqual([]);
  });

  it('tells the messages of those that are looked at and of those that were pulled, of others their number alone', () => {
    const { share, write, heard } = opened(false);
    share.wants({ looked: ['A'], pulled: ['B'] });
    for (const name of ['A', 'B', 'C']) write(name, 'service', `{"of":"${name}"}`);
    const [messages, counts] = heard();
    expect(messages).toMatchObject({ kind: 'wire', seen: [{ text: '{"of":"A"}' }, { text: '{"of":"B"}' }] });
    expect(counts).toMatchObject({ exchanges: 3 });
    share.wants(looksAt('C'));
    for (const name of ['A', 'B', 'C']) write(name, 'service');
    expect(heard()[0]).toMatchObject({ seen: [{ thingName: 'C' }] });
  });

  it('times updates until they are answered', () => {
    const { share, write, heard } = opened(false);
    share.wants(looksAt());
    write('A', 'service');
    vi.advanceTimersByTime(40);
    write('A', 'device', '{}', '/accepted');
    write('A', 'device', '{}', '/accepted');
    expect(heard()).toEqual([{ kind: 'wire-counts', exchanges: 1, answersMs: [40] }]);
  });

  it('tells no more at once than can be read, however much is said', () => {
    const { share, write, heard } = opened(false);
    share.wants(looksAt('A'));
    for (let message = 0; message < 10_000; message += 1) write('A', 'service');
    const told = heard();
    expect(told.filter(({ kind }) => kind === 'wire')).toHaveLength(1);
    expect(told[0]).toMatchObject({ seen: { length: 500 } });
  });
});

describe('a door that keeps', () => {
  it('hands over what it has of a device when somebody looks, once, and then goes on', () => {
    const { share, write, heard } = opened(true);
    write('A', 'service', '{"before":1}');
    write('B', 'service');
    expect(heard()).toEqual([]);
    share.wants(looksAt('A'));
    expect(heard()).toEqual([
      { kind: 'wire-kept', thingName: 'A', seen: [expect.objectContaining({ text: '{"before":1}' })] },
    ]);
    write('A', 'service', '{"after":1}');
    share.wants({ looked: ['A'], pulled: ['B'] });
    expect(heard()).toMatchObject([{ kind: 'wire', seen: [{ text: '{"after":1}' }] }, { kind: 'wire-counts' }]);
    share.wants(null);
    write('A', 'service', '{"meanwhile":1}');
    share.wants(looksAt('A'));
    expect(heard()).toMatchObject([{ kind: 'wire-kept', seen: { length: 3 } }]);
  });

  it('keeps the last messages of each, and in all no more than it may: who was silent longest is forgotten', () => {
    const { share, write, heard } = opened(true);
    for (let device = 0; device < 300; device += 1) {
      for (let message = 0; message < 400; message += 1) write(`D${device}`, 'service', `{"n":${message}}`);
    }
    share.wants(looksAt('D0', 'D299'));
    const kept = heard().filter(({ kind }) => kind === 'wire-kept');
    expect(kept).toMatchObject([{ thingName: 'D299', seen: { length: 300 } }]);
    expect(kept[0]).toMatchObject({ seen: { 299: { text: '{"n":399}' } } });
  });
});

/** A message for very many is handed over in turns, whole and in order, and who asks meanwhile is answered. */
import { afterEach, expect, it, vi } from 'vitest';
import { FanOut } from '../../broker/mqtt/fan-out.ts';
import type { Dropped } from '../../broker/mqtt/door-events.ts';
import { SubscriptionIndex } from '../../broker/mqtt/subscription-index.ts';
import { FewAtOnce, Turns } from '../../broker/net/turns.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(async () => {
  vi.useRealTimers();
  await closeDoors();
});

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function many(count: number, filter = 'crowd/#') {
  const index = new SubscriptionIndex<number>();
  for (let receiver = 0; receiver < count; receiver += 1) index.add(receiver, filter, { qos: 1 });
  const dropped: Dropped[] = [];
  return { fanOut: new FanOut(index, (one) => dropped.push(one)), index, dropped };
}

it('hands a message for few over at once', () => {
  const { fanOut } = many(256);
  const got: number[] = [];
  const handed = fanOut.hand('crowd/a', () => ({
    topic: 'crowd/a',
    bytes: 1,
    give: ({ subscriber }) => got.push(subscriber),
  }));
  expect([handed, got.length]).toEqual([256, 256]);
});

it('hands a long message over later when it is much for all of them together, and what follows it behind it', async () => {
  const { fanOut } = many(9);
  const got: string[] = [];
  const hand = (text: string, bytes: number) =>
    fanOut.hand('crowd/a', () => ({ topic: 'crowd/a', bytes, give: ({ subscriber }) => got.push(text + subscriber) }));
  expect([hand('a', 100_000), hand('b', 128 * 1024), hand('c', 1)]).toEqual([9, 'later', 'later']);
  expect(got.length).toBe(9);
  while (got.length < 27) await nextTurn();
  expect(got.map(([text]) => text).join('')).toBe('a'.repeat(9) + 'b'.repeat(9) + 'c'.repeat(9));
  await nextTurn();
  expect(hand('d', 1)).toBe(9);
});

it('hands messages for many over later, to each in the order in which they came, and says when it is done', async () => {
  const { fanOut } = many(5000);
  const got = new Map<number, string[]>();
  let done = 0;
  const hand = (topic: string, text: string) =>
    fanOut.hand(topic, () => ({
      topic,
      bytes: text.length,
      give: ({ subscriber }) => void got.set(subscriber, [...(got.get(subscriber) ?? []), text]),
      done: () => (done += 1),
    }));
  const texts = Array.from({ length: 20 }, (_, index) => String(index));
  expect(new Set(texts.map((text) => hand(`crowd/${text}`, text)))).toEqual(new Set(['later']));
  expect(got.size).toBe(0);
  let turns = 0;
  for (; done < texts.length; turns += 1) await nextTurn();
  expect(turns).toBeGreaterThan(1);
  for (let receiver = 0; receiver < 5000; receiver += 1) expect(got.get(receiver)).toEqual(texts);
});

it('finishes at once when nobody is to be waited for', () => {
  const { fanOut } = many(1000);
  let count = 0;
  fanOut.hand('crowd/a', () => ({ topic: 'crowd/a', bytes: 1, give: () => (count += 1) }));
  fanOut.finish();
  expect(count).toBe(1000);
});

it('drops events of connections, and nothing else, when very many messages wait', () => {
  const { fanOut, dropped } = many(300, '$aws/events/#');
  const topic = '$aws/events/presence/connected/a';
  for (let index = 0; index < 1001; index += 1) fanOut.hand(topic, () => ({ topic, bytes: 1, give: () => {} }));
  expect(fanOut.isFull).toBe(true);
  expect(dropped).toEqual([{ what: 'announcement', topic }]);
});

it('forgets that a topic was for many when it no longer is', async () => {
  const { fanOut, index } = many(300);
  const hand = () => fanOut.hand('crowd/a', () => ({ topic: 'crowd/a', bytes: 1, give: () => {} }));
  expect(hand()).toBe('later');
  for (let receiver = 1; receiver < 300; receiver += 1) index.remove(receiver, 'crowd/#');
  await nextTurn();
  expect(hand()).toBe('later');
  await nextTurn();
  expect(hand()).toBe(1);
});

it('does long work a little in each turn, in order', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const turns = new Turns();
  const done: string[] = [];
  function* work(name: string) {
    for (let step = 0; step < 1000; step += 1) {
      vi.advanceTimersByTime(0.05);
      yield;
    }
    done.push(name);
  }
  turns.add(work('a'));
  turns.add(work('b'));
  let passed = 0;
  for (; done.length < 2; passed += 1) await nextTurn();
  expect(done).toEqual(['a', 'b']);
  expect(passed).toBeGreaterThan(20);
  expect(passed).toBeLessThan(60);
});

it('lets few acts of a turn happen at once, and the others later and in order', async () => {
  const endings = new FewAtOnce(2);
  const acts: number[] = [];
  for (let index = 0; index < 5; index += 1) endings.do(() => acts.push(index));
  expect(acts).toEqual([0, 1]);
  while (acts.length < 5) await nextTurn();
  expect(acts).toEqual([0, 1, 2, 3, 4]);
});

it('a publisher is told when all of very many have its message, and a neighbour is answered meanwhile', async () => {
  const { port } = await openDoor();
  const listeners = await Promise.all(
    Array.from({ length: 260 }, async (_, index) => {
      const client = await WireClient.connect(port, { clientId: `listener-${index}` });
      await client.subscribe(['crowd/#'], 0);
      return client;
    }),
  );
  const speaker = await WireClient.connect(port, { clientId: 'speaker' });
  for (let index = 0; index < 5; index += 1) speaker.publish('crowd/a', String(index), { messageId: 100 + index });
  await speaker.until(() => speaker.packets.filter(({ cmd }) => cmd === 'puback').length === 5);
  for (const client of listeners) {
    await client.until(() => client.messages.length === 5);
    expect(client.messages.map(({ payload }) => payload)).toEqual(['0', '1', '2', '3', '4']);
  }
});

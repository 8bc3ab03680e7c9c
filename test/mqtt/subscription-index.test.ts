/** The subscription index finds what trying every filter would find. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Qos } from '../../broker/mqtt/message.ts';
import { SubscriptionIndex, filterMatches } from '../../broker/mqtt/subscription-index.ts';

const level = fc.constantFrom('lamp', 'fan', 'jobs', 'notify', '');
const topics = fc
  .tuple(fc.constantFrom('$aws/things/', '$aws/events/'), fc.array(level, { minLength: 1, maxLength: 4 }))
  .map(([prefix, levels]) => prefix + levels.join('/'));
const filterLevels = fc
  .array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 4 })
  .chain((levels) => fc.constantFrom(levels, [...levels, '#']));
const filters = fc
  .tuple(fc.constantFrom('$aws/things', '$aws', '$aws/+'), filterLevels)
  .map(([prefix, levels]) => [prefix, ...levels].join('/'));
const subscriptions = fc.array(
  fc.record({ who: fc.constantFrom('a', 'b', 'c'), filter: filters, qos: fc.constantFrom<Qos>(0, 1) }),
  { maxLength: 12 },
);

describe('match', () => {
  it('gives every subscriber with a matching filter once, with its best QoS', () => {
    fc.assert(
      fc.property(subscriptions, subscriptions, topics, (added, removed, topic) => {
        const index = new SubscriptionIndex<string>();
        const truth = new Map<string, Qos>();
        for (const { who, filter, qos } of added) {
          index.add(who, filter, { qos });
          truth.set(`${who} ${filter}`, qos);
        }
        for (const { who, filter } of removed) {
          index.remove(who, filter);
          truth.delete(`${who} ${filter}`);
        }
        const expected = new Map<string, Qos>();
        for (const [key, qos] of truth) {
          const [who, filter] = key.split(' ') as [string, string];
          if (!filterMatches(filter, topic)) continue;
          expected.set(who, Math.max(qos, expected.get(who) ?? 0) as Qos);
        }
        const found = index.match(topic).map(({ subscriber, qos }) => [subscriber, qos]);
        expect(found.sort()).toEqual([...expected].sort());
      }),
      { numRuns: 2000 },
    );
  });
});

/** The definition, level by level. */
function matchesByLevels(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [depth, sign] of filter.entries()) {
    if (sign === '#') return topic.length > depth;
    if (sign !== '+' && sign !== topic[depth]) return false;
  }
  return filter.length === topic.length;
}

describe('a filter', () => {
  it('matches what it matches level by level', () => {
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        expect(filterMatches(filter, topic)).toBe(matchesByLevels(filter.split('/'), topic.split('/')));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+/c', 'a/b/c', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a/', true],
    // MQTT says otherwise; AWS documents this exception.
    ['a/#', 'a', false],
    ['#', 'a', true],
  ])('%s and the topic %s: %s', (filter, topic, matches) => {
    expect(filterMatches(filter, topic)).toBe(matches);
  });
});

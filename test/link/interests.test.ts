/** What a door says that it wants to be told covers what its clients have subscribed to, and no thing that they have not. */
import { array, assert, boolean, constantFrom, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Interests } from '../../broker/link/interests.ts';
import { SubscriptionIndex } from '../../broker/mqtt/subscription-index.ts';

const topics = [
  '$aws/things/a/jobs/notify',
  '$aws/things/b/jobs/notify-next',
  '$aws/things/b/shadow/update/delta',
  '$aws/things/b',
  '$aws/events/job/1/completed',
  '$aws/certificates/create/json/accepted',
];
const filters = [
  ...topics,
  'room/1',
  '#',
  '+/things/a/jobs/notify',
  '$aws/#',
  '$aws/+/a/jobs/notify',
  '$aws/things/#',
  '$aws/things/+/jobs/notify',
  '$aws/things/a/#',
  '$aws/things/b/jobs/+',
  '$aws/events/#',
  '$aws/events/job/+/completed',
];

const step = record({
  adds: boolean(),
  who: constantFrom('one', 'two'),
  filter: constantFrom(...filters),
});

describe('the interests of a door', () => {
  it('cover every topic that one of its filters matches, whatever came and went, and end with the last filter', () => {
    assert(
      property(array(step, { maxLength: 30 }), (steps) => {
        const interests = new Interests();
        const index = new SubscriptionIndex<string>((interest, has) => interests.set(interest, has));
        for (const { adds, who, filter } of steps) {
          if (adds) index.add(who, filter, { qos: 1 });
          else index.remove(who, filter);
          for (const topic of topics) {
            if (index.match(topic).length > 0) expect(interests.wantsTopic(topic), topic).toBe(true);
          }
        }
        for (const who of ['one', 'two']) for (const filter of filters) index.remove(who, filter);
        expect([...interests.all()]).toEqual([]);
      }),
    );
  });

  it.each([
    ['$aws/things/a/jobs/notify', ['$aws/things/a/jobs/notify']],
    ['$aws/events/#', ['$aws/events/job/1/completed', '$aws/certificates/create/json/accepted']],
    ['$aws/things/+/jobs/notify', topics],
    ['room/1', []],
    ['#', []],
  ])('of %s are %j', (filter, wanted) => {
    const interests = new Interests();
    const index = new SubscriptionIndex<string>((interest, has) => interests.set(interest, has));
    index.add('one', filter, { qos: 1 });
    expect(topics.filter((topic) => interests.wantsTopic(topic))).toEqual(wanted);
    // As the other end of the link hears of them.
    const there = new Interests();
    for (const interest of interests.all()) there.set(interest, true);
    expect(topics.filter((topic) => there.wantsTopic(topic))).toEqual(wanted);
  });
});

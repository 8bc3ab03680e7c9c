/** What a door says that it wants to be told covers what its clients have subscribed to, and no thing that they have not. */
import { array, assert, boolean, constantFrom, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Interests } from '../../broker/link/interests.ts';
import { SubscriptionIndex } from '../../broker/mqtt/subscription-index.ts';

const topics = [
  '$aws/things/a/jobs/notify',
  '$aws/things/a/jobs/J/notify-namespace-NS/',
  '$aws/things/b/jobs/notify-next',
  '$aws/things/b/jobs/notify-next-namespace-NS',
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
  '$aws/things/b/jobs/+/+/+',
  '$aws/things/a/jobs/+/notify-namespace-NS/',
  '$aws/things/b/jobs/start-next/accepted',
  '$aws/events/#',
  '$aws/events/job/+/completed',
];

/** Whether a door is told of what becomes a message on this topic. */
function wanted(interests: Interests, topic: string): boolean {
  const [, thingName, name] = /^\$aws\/things\/([^/]+)\/jobs\/(?:.*\/)?(notify-next|notify)/.exec(topic) ?? [];
  if (thingName === undefined) return interests.wantsTopic(topic);
  const effect = { thingName, at: 0 };
  return name === 'notify-next'
    ? interests.wants({ ...effect, kind: 'notify-next' })
    : interests.wants({ ...effect, kind: 'notify', inProgress: [], queued: [], changedJobIds: [] });
}

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
            if (index.match(topic).length > 0) expect(wanted(interests, topic), topic).toBe(true);
          }
        }
        for (const who of ['one', 'two']) for (const filter of filters) index.remove(who, filter);
        expect([...interests.all()]).toEqual([]);
      }),
    );
  });

  it.each([
    ['$aws/things/a/jobs/notify', ['$aws/things/a/jobs/notify', '$aws/things/a/jobs/J/notify-namespace-NS/']],
    ['$aws/things/b/jobs/start-next/+', []],
    ['$aws/things/b/jobs/+/update/+', []],
    ['$aws/things/b/jobs/notify-next', topics.filter((topic) => topic.includes('notify-next'))],
    ['$aws/things/b/shadow/#', topics.filter((topic) => topic.startsWith('$aws/things/b') && !topic.includes('jobs'))],
    ['$aws/events/#', ['$aws/events/job/1/completed', '$aws/certificates/create/json/accepted']],
    ['$aws/things/+/jobs/notify', topics],
    ['room/1', []],
    ['#', []],
  ])('of %s are %j', (filter, told) => {
    const interests = new Interests();
    const index = new SubscriptionIndex<string>((interest, has) => interests.set(interest, has));
    index.add('one', filter, { qos: 1 });
    expect(topics.filter((topic) => wanted(interests, topic))).toEqual(told);
    // As the other end of the link hears of them.
    const there = new Interests();
    for (const interest of interests.all()) there.add(interest);
    expect(topics.filter((topic) => wanted(there, topic))).toEqual(told);
  });
});

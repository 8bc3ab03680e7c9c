/** What a door says that its clients were told last is what they were told last, whichever way it heard of that. */
import { array, assert, boolean, constantFrom, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Told } from '../../broker/link/told.ts';
import { formatJobsTopic } from '../../protocol/topics.ts';

const told = record({
  thingName: constantFrom('a', 'b', 'notify'),
  name: constantFrom('JobExecutionsChanged', 'NextJobExecutionChanged'),
  namespaceId: constantFrom(undefined, undefined, 'ns'),
  isShort: boolean(),
  pending: constantFrom(0, 1, 0xffff_ffff),
});

describe('what was told last', () => {
  it('is all on which something is pending, and nothing of a thing that nobody hears of any more', () => {
    assert(
      property(array(told), constantFrom('a', 'b'), (all, forgotten) => {
        const ours = new Told();
        const expected = new Map<string, number>();
        for (const { thingName, name, namespaceId, isShort, pending } of all) {
          const topic = formatJobsTopic({
            kind: 'notification',
            thingName,
            name,
            ...(namespaceId !== undefined && { namespaceId }),
          });
          if (isShort && namespaceId === undefined) expect(ours.notification(thingName, name, pending)).toBe(topic);
          else ours.set(topic, pending);
          expected.delete(topic);
          if (pending !== 0) expected.set(topic, pending);
        }
        expect(new Map(ours.all())).toEqual(expected);
        ours.forget(forgotten);
        const isLeft = (topic: string): boolean => !topic.startsWith(`$aws/things/${forgotten}/`);
        expect(new Map(ours.all())).toEqual(new Map([...expected].filter(([topic]) => isLeft(topic))));
      }),
    );
  });
});

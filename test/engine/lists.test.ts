import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda } from '../../broker/engine/agenda.ts';
import { pageOf } from '../../broker/engine/page.ts';
import { profiles } from '../../broker/engine/profile.ts';
import { SequenceList } from '../../broker/engine/sequence-list.ts';
import { groupArn, thingArn, World } from './world.ts';

const things = Array.from({ length: 7 }, (_, index) => `t${index}`);

function listWorld(): World {
  const world = new World();
  world.things(...things);
  world.group('g', ...things);
  // Who joined first is not in the oldest group.
  world.group('tree');
  world.ok('iot:CreateThingGroup', { thingGroupName: 'branch', parentGroupName: 'tree' });
  for (const [index, name] of ['branch', 'tree', 'branch', 'tree'].entries()) world.join(`t${index + 1}`, name);
  for (const jobId of ['a', 'b', 'c']) world.job(jobId, things.map(thingArn));
  world.job('n', [thingArn('t0')], { namespaceId: 'ns' });
  world.job('k', [groupArn('g')], { targetSelection: 'CONTINUOUS' });
  world.update('t0', 'a', 'SUCCEEDED');
  return world;
}

interface Listed {
  readonly entries: readonly unknown[] | undefined;
  readonly nextToken?: string;
}

type Lister = (world: World, page: { readonly maxResults?: number; readonly nextToken?: string }) => Listed;

const listers: readonly [name: string, total: number, list: Lister][] = [
  ['ListThings', 7, (w, page) => asListed(w.ok('iot:ListThings', page), 'things')],
  ['ListThingGroups', 3, (w, page) => asListed(w.ok('iot:ListThingGroups', page), 'thingGroups')],
  [
    'ListThingsInThingGroup',
    7,
    (w, page) =>
      asListed(w.ok('iot:ListThingsInThingGroup', { thingGroupName: 'g', recursive: true, ...page }), 'things'),
  ],
  [
    'ListThingsInThingGroup, of a tree',
    4,
    (w, page) =>
      asListed(w.ok('iot:ListThingsInThingGroup', { thingGroupName: 'tree', recursive: true, ...page }), 'things'),
  ],
  [
    'ListThingGroupsForThing',
    1,
    (w, page) => asListed(w.ok('iot:ListThingGroupsForThing', { thingName: 't0', ...page }), 'thingGroups'),
  ],
  ['ListJobs', 4, (w, page) => asListed(w.ok('iot:ListJobs', page), 'jobs')],
  [
    'ListJobExecutionsForJob',
    7,
    (w, page) => asListed(w.ok('iot:ListJobExecutionsForJob', { jobId: 'a', ...page }), 'executionSummaries'),
  ],
  [
    'ListJobExecutionsForThing',
    4,
    (w, page) => asListed(w.ok('iot:ListJobExecutionsForThing', { thingName: 't0', ...page }), 'executionSummaries'),
  ],
];

function asListed<Member extends string>(
  response: { readonly nextToken?: string } & { readonly [Name in Member]?: readonly unknown[] },
  member: Member,
): Listed {
  return { entries: response[member], nextToken: response.nextToken };
}

describe.each(listers)('%s', (_name, total, list) => {
  it('gives the same entries on pages of every size', () => {
    const world = listWorld();
    const all = list(world, {});
    expect(all.entries).toHaveLength(total);
    expect(all.nextToken).toBeUndefined();
    for (let maxResults = 1; maxResults <= total + 1; maxResults += 1) {
      const collected: unknown[] = [];
      let pages = 0;
      let nextToken: string | undefined;
      do {
        const page = list(world, { maxResults, nextToken });
        expect(page.entries!.length).toBeLessThanOrEqual(maxResults);
        collected.push(...page.entries!);
        ({ nextToken } = page);
        pages += 1;
      } while (nextToken !== undefined);
      expect(collected).toEqual(all.entries);
      expect(pages).toBe(Math.ceil(total / maxResults));
    }
  });

  it('refuses tokens that it did not give', () => {
    const world = listWorld();
    for (const nextToken of ['', 'x', 'jobs', 'jobs.!', 'other.1', '1', 'jobs.1.2.3']) {
      expect(() => list(world, { nextToken })).toThrow('InvalidRequest: Next token is invalid.');
    }
  });
});

interface JobFilters {
  readonly status?: 'IN_PROGRESS' | 'CANCELED';
  readonly targetSelection?: 'SNAPSHOT';
  readonly namespaceId?: string;
  readonly thingGroupName?: string;
  readonly thingGroupId?: string;
}

function jobIds(world: World, filters: JobFilters): (string | undefined)[] | undefined {
  return world.ok('iot:ListJobs', filters).jobs?.map(({ jobId }) => jobId);
}

describe('ListJobs', () => {
  it('is newest first and combines its filters', () => {
    const world = listWorld();
    expect(jobIds(world, {})).toEqual(['k', 'c', 'b', 'a']);
    world.ok('iot:CancelJob', { jobId: 'b' });
    expect(jobIds(world, { status: 'IN_PROGRESS', targetSelection: 'SNAPSHOT' })).toEqual(['c', 'a']);
    expect(jobIds(world, { status: 'CANCELED' })).toEqual(['b']);
    expect(jobIds(world, { namespaceId: 'ns' })).toEqual(['n']);
    expect(jobIds(world, { thingGroupName: 'g' })).toEqual(['k']);
    world.group('other');
    world.job('o', [groupArn('other')], { targetSelection: 'CONTINUOUS' });
    const { thingGroupId } = world.ok('iot:DescribeThingGroup', { thingGroupName: 'g' });
    expect(jobIds(world, { thingGroupId })).toEqual(['k']);
  });
});

describe('lists of executions', () => {
  it('are newest first and filter by status, job and namespace', () => {
    const world = listWorld();
    const forThing = (filters: { status?: 'SUCCEEDED'; jobId?: string; namespaceId?: string }) =>
      world
        .ok('iot:ListJobExecutionsForThing', { thingName: 't0', ...filters })
        .executionSummaries?.map(({ jobId }) => jobId);
    expect(forThing({})).toEqual(['k', 'c', 'b', 'a']);
    expect(forThing({ status: 'SUCCEEDED' })).toEqual(['a']);
    expect(forThing({ jobId: 'b' })).toEqual(['b']);
    expect(forThing({ namespaceId: 'ns' })).toEqual(['n']);
    const { executionSummaries } = world.ok('iot:ListJobExecutionsForJob', { jobId: 'a', status: 'QUEUED' });
    expect(executionSummaries?.map(({ thingArn: arn }) => arn)).toEqual(things.slice(1).reverse().map(thingArn));
  });
});

describe('a page', () => {
  it('looks at a bounded number of entries, and can then be short of its successor', () => {
    let seen = 0;
    function* from(cursor: readonly [number, number?] = [0]): Generator<number> {
      for (let entry = cursor[0] + 1; entry <= 9_000; entry += 1) {
        seen += 1;
        yield entry;
      }
    }
    const source = {
      list: 'x',
      from,
      cursorOf: (entry: number) => [entry] as const,
      matches: (n: number) => n > 8_998,
    };
    const settings = { profile: profiles.observed };
    const first = pageOf(settings, {}, source)!;
    expect(first.entries).toEqual([]);
    expect(seen).toBeLessThan(5_100);
    expect(pageOf(settings, { nextToken: first.nextToken }, source)).toEqual({ entries: [8_999, 9_000] });
  });
});

/** Long enough for several chunks; now and then whole stretches go. */
const keepsAndPlace = fc.tuple(
  fc
    .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 400 })), { maxLength: 20, size: 'max' })
    .map((stretches) =>
      stretches.flatMap(([keep, length]) => Array.from({ length }, (_, index) => keep || index % 7 === 0)),
    ),
  fc.nat(10_000),
);

describe('a sequence list', () => {
  it('holds what was appended and is not gone, in order, from any place', () => {
    fc.assert(
      fc.property(keepsAndPlace, ([keeps, place]) => {
        const list = new SequenceList<{ sequence: number }>();
        const items = keeps.map((_, index) => ({ sequence: 2 * index + 2 }));
        for (const item of items) list.append(item);
        for (const [index, item] of items.entries()) {
          if (keeps[index]) continue;
          list.remove(item);
        }
        const kept = items.filter((_, index) => keeps[index]);
        expect([...list]).toEqual(kept);
        expect(list.size).toBe(kept.length);
        expect([...list.after(place)]).toEqual(kept.filter(({ sequence }) => sequence > place));
        expect([...list.before(place)]).toEqual(kept.filter(({ sequence }) => sequence < place).reverse());
      }),
    );
  });

  it('can lose items while it is walked', () => {
    const list = new SequenceList<{ sequence: number }>();
    for (let sequence = 1; sequence <= 2000; sequence += 1) list.append({ sequence });
    const walked: number[] = [];
    for (const item of list) {
      walked.push(item.sequence);
      list.remove(item);
    }
    expect(walked).toHaveLength(2000);
    expect(list.size).toBe(0);
  });
});

describe('the agenda', () => {
  it('gives out what is due in order of instant and age, whatever was rescheduled', () => {
    const plan = fc.array(fc.tuple(fc.nat(30), fc.option(fc.nat(20), { nil: undefined })), {
      maxLength: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(plan, (changes) => {
        const agenda = new Agenda<{ sequence: number; due: { at: number } | undefined }>();
        const subjects = Array.from({ length: 31 }, (_, sequence) => ({ sequence, due: undefined }));
        const wanted = new Map<number, number>();
        for (const [sequence, at] of changes) {
          agenda.schedule(subjects[sequence]!, at);
          if (at === undefined) wanted.delete(sequence);
          else wanted.set(sequence, at);
          expect(agenda.next).toBe(wanted.size === 0 ? undefined : Math.min(...wanted.values()));
        }
        const expected = [...wanted].sort(([a, atA], [b, atB]) => atA - atB || a - b).map(([sequence]) => sequence);
        const taken: number[] = [];
        for (let due = agenda.takeDue(20); due !== undefined; due = agenda.takeDue(20)) taken.push(due.sequence);
        expect(taken).toEqual(expected);
        expect(agenda.next).toBeUndefined();
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { document, groupArn, rowsOf, thingArn, World } from './world.ts';

const manyAttributes = (count: number) => ({
  attributes: Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'v'])),
});

describe('CreateThing', () => {
  it('is idempotent for identical content and refused for other content', () => {
    const world = new World();
    const request = { thingName: 't', attributePayload: { attributes: { a: '1' } } };
    const first = world.ok('iot:CreateThing', request);
    expect(first).toMatchObject({ thingName: 't', thingArn: thingArn('t') });
    expect(world.apply('iot:CreateThing', request)).toMatchObject({ reply: { response: first }, changes: [] });
    expect(world.refused('iot:CreateThing', { thingName: 't' })).toMatchObject({
      code: 'ResourceAlreadyExists',
      members: { resourceId: first.thingId, resourceArn: thingArn('t') },
    });
  });

  it('gives a thing another id when it is made anew', () => {
    const world = new World();
    const { thingId } = world.ok('iot:CreateThing', { thingName: 't' });
    world.ok('iot:DeleteThing', { thingName: 't' });
    expect(world.ok('iot:CreateThing', { thingName: 't' }).thingId).not.toBe(thingId);
  });

  it('takes three attributes without a thing type and fifty with one', () => {
    const world = new World();
    const code = (thingName: string, count: number, thingTypeName?: string): string =>
      world.refused('iot:CreateThing', { thingName, thingTypeName, attributePayload: manyAttributes(count) }).code;
    expect(code('t', 4)).toBe('InvalidRequest');
    expect(code('t', 51, 'type')).toBe('InvalidRequest');
    world.ok('iot:CreateThing', { thingName: 't', attributePayload: manyAttributes(3) });
    world.ok('iot:CreateThing', { thingName: 'u', thingTypeName: 'type', attributePayload: manyAttributes(50) });
  });
});

describe('UpdateThing', () => {
  it('replaces or merges attributes, drops empty ones and counts versions', () => {
    const world = new World();
    world.ok('iot:CreateThing', { thingName: 't', attributePayload: { attributes: { a: '1', b: '2' } } });
    const attributes = (merge: boolean, given: Record<string, string>) => {
      world.ok('iot:UpdateThing', { thingName: 't', attributePayload: { attributes: given, merge } });
      return world.ok('iot:DescribeThing', { thingName: 't' }).attributes;
    };
    expect(attributes(true, { b: '', c: '3' })).toEqual({ a: '1', c: '3' });
    expect(attributes(false, { d: '4' })).toEqual({ d: '4' });
    expect(world.ok('iot:DescribeThing', { thingName: 't' })).toMatchObject({ version: 3, defaultClientId: 't' });
  });

  it('refuses a stale version', () => {
    const world = new World();
    world.things('t');
    world.ok('iot:UpdateThing', { thingName: 't', thingTypeName: 'type', expectedVersion: 1 });
    expect(world.refused('iot:UpdateThing', { thingName: 't', expectedVersion: 1 }).code).toBe('VersionMismatch');
    expect(world.refused('iot:DeleteThing', { thingName: 't', expectedVersion: 1 }).code).toBe('VersionMismatch');
    world.ok('iot:UpdateThing', { thingName: 't', removeThingType: true });
    expect(world.ok('iot:DescribeThing', { thingName: 't' }).thingTypeName).toBeUndefined();
  });
});

describe('DeleteThing', () => {
  it('takes the thing out of its groups and out of the lists', () => {
    const world = new World();
    world.things('t', 'u');
    world.group('g', 't', 'u');
    world.ok('iot:DeleteThing', { thingName: 't' });
    expect(world.ok('iot:ListThings', {}).things?.map(({ thingName }) => thingName)).toEqual(['u']);
    expect(world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'g' }).things).toEqual(['u']);
    expect(world.refused('iot:DescribeThing', { thingName: 't' }).code).toBe('ResourceNotFound');
    expect(world.refused('iot:ListJobExecutionsForThing', { thingName: 't' }).code).toBe('ResourceNotFound');
  });

  it('succeeds for a thing that is not there', () => {
    expect(new World().apply('iot:DeleteThing', { thingName: 't' })).toMatchObject({
      reply: { accepted: true },
      changes: [],
    });
  });
});

interface Filters {
  readonly attributeName?: string;
  readonly attributeValue?: string;
  readonly usePrefixAttributeValue?: boolean;
  readonly thingTypeName?: string;
}

function thingNames(world: World, filters: Filters): (string | undefined)[] | undefined {
  return world.ok('iot:ListThings', filters).things?.map(({ thingName }) => thingName);
}

describe('ListThings', () => {
  it('filters by attribute and thing type', () => {
    const world = new World();
    world.ok('iot:CreateThing', { thingName: 'a', attributePayload: { attributes: { model: 'X1' } } });
    world.ok('iot:CreateThing', { thingName: 'b', thingTypeName: 'type' });
    const names = (filters: Filters) => thingNames(world, filters);
    expect(names({ attributeName: 'model' })).toEqual(['a']);
    expect(names({ attributeName: 'model', attributeValue: 'X' })).toEqual([]);
    expect(names({ attributeName: 'model', attributeValue: 'X', usePrefixAttributeValue: true })).toEqual(['a']);
    expect(names({ thingTypeName: 'type' })).toEqual(['b']);
  });
});

function groupTree(): World {
  const world = new World();
  world.things('t', 'u');
  world.group('root', 't');
  world.ok('iot:CreateThingGroup', { thingGroupName: 'child', parentGroupName: 'root' });
  world.ok('iot:CreateThingGroup', { thingGroupName: 'grandchild', parentGroupName: 'child' });
  world.join('u', 'grandchild');
  world.group('other');
  return world;
}

const groupNames = (world: World, request: { parentGroup?: string; recursive?: boolean; namePrefixFilter?: string }) =>
  world.ok('iot:ListThingGroups', request).thingGroups?.map(({ groupName }) => groupName);

describe('thing groups', () => {
  it('are described with the way from their root', () => {
    const world = groupTree();
    expect(world.ok('iot:DescribeThingGroup', { thingGroupName: 'grandchild' })).toMatchObject({
      thingGroupArn: groupArn('grandchild'),
      version: 1,
      thingGroupMetadata: {
        parentGroupName: 'child',
        rootToParentThingGroups: [
          { groupName: 'root', groupArn: groupArn('root') },
          { groupName: 'child', groupArn: groupArn('child') },
        ],
        creationDate: world.now,
      },
    });
  });

  it('are listed all, by prefix, below a parent, or as its direct children', () => {
    const world = groupTree();
    expect(groupNames(world, {})).toEqual(['root', 'child', 'grandchild', 'other']);
    expect(groupNames(world, { namePrefixFilter: 'o' })).toEqual(['other']);
    expect(groupNames(world, { parentGroup: 'root' })).toEqual(['child', 'grandchild']);
    expect(groupNames(world, { parentGroup: 'root', recursive: false })).toEqual(['child']);
    expect(groupNames(world, { recursive: false })).toEqual(['root', 'other']);
  });

  it('list their members, and with recursive those of their child groups', () => {
    const world = groupTree();
    const members = (recursive: boolean) =>
      world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'root', recursive }).things;
    expect(members(false)).toEqual(['t']);
    expect(members(true)).toEqual(['t', 'u']);
  });

  it('are idempotent for identical content only', () => {
    const world = groupTree();
    const request = { thingGroupName: 'child', parentGroupName: 'root' };
    expect(world.apply('iot:CreateThingGroup', request)).toMatchObject({ reply: { accepted: true }, changes: [] });
    expect(world.refused('iot:CreateThingGroup', { thingGroupName: 'child' }).code).toBe('ResourceAlreadyExists');
    const orphan = { thingGroupName: 'orphan', parentGroupName: 'nowhere' };
    expect(world.refused('iot:CreateThingGroup', orphan).code).toBe('InvalidRequest');
  });

  it('have fifty attributes at most', () => {
    const world = new World();
    const fifty = { thingGroupName: 'g', thingGroupProperties: { attributePayload: manyAttributes(50) } };
    world.ok('iot:CreateThingGroup', fifty);
    const more = { thingGroupName: 'h', thingGroupProperties: { attributePayload: manyAttributes(51) } };
    expect(world.refused('iot:CreateThingGroup', more).code).toBe('InvalidRequest');
  });

  it('nest seven deep', () => {
    const world = new World();
    world.group('d1');
    for (let depth = 2; depth <= 7; depth += 1) {
      world.ok('iot:CreateThingGroup', { thingGroupName: `d${depth}`, parentGroupName: `d${depth - 1}` });
    }
    const eighth = { thingGroupName: 'd8', parentGroupName: 'd7' };
    expect(world.refused('iot:CreateThingGroup', eighth).code).toBe('InvalidRequest');
  });

  it('are updated by version', () => {
    const world = groupTree();
    const request = { thingGroupName: 'root', thingGroupProperties: { thingGroupDescription: 'new' } };
    expect(world.ok('iot:UpdateThingGroup', { ...request, expectedVersion: 1 })).toEqual({ version: 2 });
    expect(world.refused('iot:UpdateThingGroup', { ...request, expectedVersion: 1 }).code).toBe('VersionMismatch');
    expect(world.ok('iot:DescribeThingGroup', { thingGroupName: 'root' }).thingGroupProperties).toMatchObject({
      thingGroupDescription: 'new',
    });
  });

  it('are deleted from the leaves up', () => {
    const world = groupTree();
    expect(world.refused('iot:DeleteThingGroup', { thingGroupName: 'child' }).code).toBe('InvalidRequest');
    world.ok('iot:DeleteThingGroup', { thingGroupName: 'grandchild' });
    world.ok('iot:DeleteThingGroup', { thingGroupName: 'child' });
    expect(groupNames(world, {})).toEqual(['root', 'other']);
    expect(world.ok('iot:ListThingGroupsForThing', { thingName: 'u' }).thingGroups).toEqual([]);
  });
});

describe('membership', () => {
  it('takes names or ARNs on both sides, and refuses what is missing, foreign or contradictory', () => {
    const world = new World();
    world.things('t');
    world.group('g');
    const add = 'iot:AddThingToThingGroup' as const;
    world.ok(add, { thingArn: thingArn('t'), thingGroupArn: groupArn('g') });
    expect(world.ok('iot:ListThingGroupsForThing', { thingName: 't' }).thingGroups).toEqual([
      { groupName: 'g', groupArn: groupArn('g') },
    ]);
    expect(world.refused(add, { thingName: 't' }).code).toBe('InvalidRequest');
    expect(world.refused(add, { thingGroupName: 'g' }).code).toBe('InvalidRequest');
    expect(world.refused(add, { thingName: 't', thingArn: thingArn('u'), thingGroupName: 'g' }).code).toBe(
      'InvalidRequest',
    );
    expect(world.refused(add, { thingName: 't', thingGroupArn: 'arn:aws:iot:x:1:thinggroup/g' }).code).toBe(
      'ResourceNotFound',
    );
    expect(world.refused(add, { thingName: 'nobody', thingGroupName: 'g' }).code).toBe('ResourceNotFound');
    expect(world.refused(add, { thingName: 't', thingGroupName: 'nowhere' }).code).toBe('ResourceNotFound');
  });

  it('is of ten groups at most, and of one in each hierarchy', () => {
    const world = new World();
    world.things('t', 'u');
    for (let index = 0; index < 11; index += 1) world.group(`g${index}`);
    for (let index = 0; index < 10; index += 1) world.join('t', `g${index}`);
    const add = 'iot:AddThingToThingGroup' as const;
    expect(world.refused(add, { thingName: 't', thingGroupName: 'g10' }).code).toBe('InvalidRequest');
    world.ok('iot:CreateThingGroup', { thingGroupName: 'below', parentGroupName: 'g0' });
    world.join('u', 'g0');
    expect(world.refused(add, { thingName: 'u', thingGroupName: 'below' }).code).toBe('InvalidRequest');
    world.ok('iot:UpdateThingGroupsForThing', {
      thingName: 'u',
      thingGroupsToAdd: ['below'],
      thingGroupsToRemove: ['g0'],
    });
    expect(world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'below' }).things).toEqual(['u']);
  });
});

function membersOf(world: World): readonly string[] | undefined {
  return world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'g' }).things;
}

describe('members', () => {
  it('are listed in the order in which they joined, also by a rebuilt engine', () => {
    const world = new World();
    world.things('t', 'u', 'v');
    world.group('g', 'v', 't', 'u');
    expect(membersOf(world)).toEqual(['v', 't', 'u']);
    expect(membersOf(new World(rowsOf(world.engine)))).toEqual(['v', 't', 'u']);
  });
});

describe('tags', () => {
  it('are kept with jobs, templates and groups, and go with them', () => {
    const world = new World();
    world.things('t');
    const tags = [{ Key: 'k', Value: 'v' }];
    world.ok('iot:CreateThingGroup', { thingGroupName: 'g', tags });
    world.job('a', [thingArn('t')], { tags });
    const { jobTemplateArn = '' } = world.ok('iot:CreateJobTemplate', {
      jobTemplateId: 'x',
      description: 'd',
      document,
      tags,
    });
    for (const resourceArn of [groupArn('g'), world.jobOf('a')!.jobArn!, jobTemplateArn]) {
      world.ok('iot:TagResource', { resourceArn, tags: [{ Key: 'k', Value: 'w' }, { Key: 'l' }] });
      expect(world.ok('iot:ListTagsForResource', { resourceArn })).toEqual({
        tags: [
          { Key: 'k', Value: 'w' },
          { Key: 'l', Value: '' },
        ],
      });
      world.ok('iot:UntagResource', { resourceArn, tagKeys: ['k', 'none'] });
      expect(world.ok('iot:ListTagsForResource', { resourceArn }).tags).toEqual([{ Key: 'l', Value: '' }]);
    }
    world.ok('iot:DeleteThingGroup', { thingGroupName: 'g' });
    world.ok('iot:DeleteJobTemplate', { jobTemplateId: 'x' });
    world.ok('iot:DeleteJob', { jobId: 'a', force: true });
    world.settle();
    expect([...world.engine.rows()].filter(({ table }) => table === 'tag')).toEqual([]);
  });

  it('are refused for what is not there and beyond fifty', () => {
    const world = new World();
    world.group('g');
    const tags = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: 'v' }));
    expect(world.refused('iot:TagResource', { resourceArn: groupArn('g'), tags }).code).toBe('LimitExceeded');
    expect(world.refused('iot:TagResource', { resourceArn: groupArn('none'), tags }).code).toBe('ResourceNotFound');
    expect(world.refused('iot:ListTagsForResource', { resourceArn: thingArn('t') }).code).toBe('ResourceNotFound');
  });
});

const templateArn = (id: string) => `arn:aws:iot:eu-west-1:123456789012:jobtemplate/${id}`;

describe('job templates', () => {
  const timeoutConfig = { inProgressTimeoutInMinutes: 5 };

  function templateWorld(): World {
    const world = new World();
    world.things('t');
    world.ok('iot:CreateJobTemplate', { jobTemplateId: 'x', description: 'tpl', document, timeoutConfig });
    return world;
  }
  it('are described, listed newest first and deleted', () => {
    const world = templateWorld();
    expect(world.ok('iot:DescribeJobTemplate', { jobTemplateId: 'x' })).toMatchObject({
      jobTemplateArn: templateArn('x'),
      description: 'tpl',
      document,
      timeoutConfig,
      createdAt: world.now,
    });
    world.ok('iot:CreateJobTemplate', { jobTemplateId: 'y', description: 'd', document });
    const ids = () => world.ok('iot:ListJobTemplates', {}).jobTemplates?.map(({ jobTemplateId }) => jobTemplateId);
    expect(ids()).toEqual(['y', 'x']);
    world.ok('iot:DeleteJobTemplate', { jobTemplateId: 'y' });
    expect(ids()).toEqual(['x']);
  });

  it('give a job what it does not say itself, but not their description', () => {
    const world = templateWorld();
    const jobTemplateArn = templateArn('x');
    world.job('a', [thingArn('t')], { document: undefined, jobTemplateArn });
    expect(world.jobOf('a')).toMatchObject({ timeoutConfig, jobTemplateArn });
    expect(world.jobOf('a')?.description).toBeUndefined();
    world.ok('iot:DeleteJobTemplate', { jobTemplateId: 'x' });
    expect(world.ok('iot:GetJobDocument', { jobId: 'a' }).document).toBe(document);
  });

  it('give each configuration that a job does not say itself, whole', () => {
    const configurations = {
      presignedUrlConfig: { roleArn: 'arn:aws:iam::123456789012:role/jobs', expiresInSec: 60 },
      jobExecutionsRolloutConfig: { maximumPerMinute: 7 },
      abortConfig: {
        criteriaList: [
          { failureType: 'FAILED', action: 'CANCEL', thresholdPercentage: 50, minNumberOfExecutedThings: 3 },
        ],
      },
      timeoutConfig,
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 2 }] },
    } as const;
    const world = templateWorld();
    const jobTemplateArn = templateArn('full');
    world.ok('iot:CreateJobTemplate', { jobTemplateId: 'full', description: 'd', document, ...configurations });
    world.job('all', [thingArn('t')], { document: undefined, jobTemplateArn });
    expect(world.jobOf('all')).toMatchObject(configurations);
    const own = { timeoutConfig: { inProgressTimeoutInMinutes: 9 }, presignedUrlConfig: {} };
    world.job('own', [thingArn('t')], { document: undefined, jobTemplateArn, ...own });
    expect(world.jobOf('own')).toMatchObject({ ...configurations, ...own });
  });

  it('copy a job', () => {
    const world = templateWorld();
    world.job('a', [thingArn('t')], { document: '{"from":"job"}', timeoutConfig });
    const jobArn = world.jobOf('a')!.jobArn!;
    world.ok('iot:CreateJobTemplate', {
      jobTemplateId: 'copy',
      description: 'd',
      jobArn,
      timeoutConfig: { inProgressTimeoutInMinutes: 9 },
    });
    expect(world.ok('iot:DescribeJobTemplate', { jobTemplateId: 'copy' })).toMatchObject({
      document: '{"from":"job"}',
      timeoutConfig: { inProgressTimeoutInMinutes: 9 },
    });
  });

  it('are refused in AWS’s words', () => {
    const world = templateWorld();
    const create = (more: object) =>
      world.refused('iot:CreateJobTemplate', { jobTemplateId: 'new', description: 'd', ...more }).message;
    expect(create({ jobTemplateId: 'x', document })).toBe('Job Template x already exists.');
    expect(create({})).toBe('Neither job document nor job document source is specified.');
    expect(create({ jobArn: 'arn:aws:iot:eu-west-1:123456789012:job/none' })).toBe('Job none cannot be found.');
    expect(world.refused('iot:DescribeJobTemplate', { jobTemplateId: 'none' }).message).toBe(
      'Job Template none cannot be found.',
    );
    const job = { jobId: 'a', targets: [thingArn('t')] };
    expect(world.refused('iot:CreateJob', { ...job, jobTemplateArn: templateArn('none') }).message).toBe(
      'Job Template none cannot be found.',
    );
    const wrongKind = 'arn:aws:iot:eu-west-1:123456789012:job/x';
    expect(world.refused('iot:CreateJob', { ...job, jobTemplateArn: wrongKind }).message).toBe(
      'Resource type should be jobtemplate but found invalid resource type job',
    );
  });
});

/** RegisterThing in the engine: what it names, what it makes of what is there already, and what its overrides forbid. */
import { beforeEach, describe, expect, it } from 'vitest';
import { World } from './world.ts';

const scope = 'arn:aws:iot:eu-west-1:123456789012';
const certificateId = 'c'.repeat(64);
const policyDocument = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}';
const facts = { certificateId, certificatePem: 'PEM', notBefore: 1, notAfter: 2 };

type Overrides = Readonly<Record<string, string>>;

interface Wanted {
  readonly status?: string;
  readonly certificate?: Overrides;
  readonly thing?: Overrides;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly groups?: readonly string[];
}

function bodyOf({ status = 'ACTIVE', certificate, thing, attributes = {}, groups = [] }: Wanted): string {
  return JSON.stringify({
    Resources: {
      thing: {
        Type: 'AWS::IoT::Thing',
        Properties: { ThingName: 'lamp', AttributePayload: attributes, ThingGroups: groups },
        ...(thing && { OverrideSettings: thing }),
      },
      cert: {
        Type: 'AWS::IoT::Certificate',
        Properties: { CertificateId: certificateId, Status: status },
        ...(certificate && { OverrideSettings: certificate }),
      },
      named: { Type: 'AWS::IoT::Policy', Properties: { PolicyName: 'P' } },
    },
  });
}

let world: World;

beforeEach(() => {
  world = new World();
  world.group('g');
  world.group('h');
  world.ok('iot:CreatePolicy', { policyName: 'P', policyDocument });
});

function register(wanted: Wanted = {}, isNew = false) {
  return world.apply('iot:RegisterThing', { templateBody: bodyOf(wanted), ...(isNew && { certificate: facts }) });
}

function refusal(wanted: Wanted): string {
  const { reply } = register(wanted);
  if (reply.accepted) throw new Error('it is accepted');
  return reply.message;
}

const statusOf = () => world.ok('iot:DescribeCertificate', { certificateId }).certificateDescription?.status;
const lamp = () => world.ok('iot:DescribeThing', { thingName: 'lamp' });
const groupsOf = () =>
  world.ok('iot:ListThingGroupsForThing', { thingName: 'lamp' }).thingGroups?.map(({ groupName }) => groupName);

describe('RegisterThing', () => {
  it('names everything by the names of the template', () => {
    expect(register({}, true).reply).toMatchObject({
      response: {
        certificatePem: 'PEM',
        resourceArns: {
          thing: `${scope}:thing/lamp`,
          cert: `${scope}:cert/${certificateId}`,
          named: `${scope}:policy/P`,
        },
      },
    });
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'lamp' }).principals).toEqual([
      `${scope}:cert/${certificateId}`,
    ]);
  });

  it('again leaves certificate and attachments as they are', () => {
    register({}, true);
    const { changes, effects } = register();
    expect(changes.map(({ table }) => table)).toEqual(['thing']);
    expect(effects).toEqual([]);
  });

  it('sets another status of a certificate that is there, unless its overrides say no', () => {
    register({}, true);
    expect(refusal({ status: 'INACTIVE', certificate: { Status: 'FAIL' } })).toContain('already exists');
    register({ status: 'INACTIVE', certificate: { Status: 'DO_NOTHING' } });
    expect(statusOf()).toBe('ACTIVE');
    register({ status: 'INACTIVE' });
    expect(statusOf()).toBe('INACTIVE');
  });

  it('makes a certificate that is new, whatever its overrides forbid for one that is there', () => {
    expect(register({ certificate: { Status: 'FAIL' } }, true).reply.accepted).toBe(true);
  });

  it('merges attributes, counts those of before, and replaces or leaves them where it is told to', () => {
    register({ attributes: { a: '1', b: '2' } }, true);
    register({ attributes: { b: '3' } });
    expect(lamp()).toMatchObject({ attributes: { a: '1', b: '3' }, version: 2 });
    expect(refusal({ attributes: { c: '4', d: '5' } })).toContain('at most 3 attributes');
    register({ attributes: { c: '4' }, thing: { AttributePayload: 'REPLACE' } });
    expect(lamp().attributes).toEqual({ c: '4' });
    register({ attributes: { e: '6' }, thing: { AttributePayload: 'DO_NOTHING' } });
    expect(lamp().attributes).toEqual({ c: '4' });
  });

  it('joins groups, at first in any case and later unless it is told not to', () => {
    const thing = { ThingGroups: 'DO_NOTHING' };
    register({ groups: ['g'], thing }, true);
    expect(groupsOf()).toEqual(['g']);
    register({ groups: ['h'], thing });
    expect(groupsOf()).toEqual(['g']);
    register({ groups: ['h'] });
    expect(groupsOf()).toContain('h');
  });
});

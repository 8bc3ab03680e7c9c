/** The registry of certificates, policies, thing types and templates: what leads to what, and that rows are all there is. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { OperationName, RequestOf } from '../../broker/engine/contract.ts';
import { groupArn, Rows, rowsOf, World } from './world.ts';

const scope = 'arn:aws:iot:eu-west-1:123456789012';
const policyDocument = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}';
const otherDocument = policyDocument.replace('Allow', 'Deny');
const hour = 3_600_000;

const idOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0');
const arnOf = (name: string): string => `${scope}:cert/${idOf(name)}`;
const certificate = (name: string) => ({
  certificateId: idOf(name),
  certificatePem: `-----${name}-----`,
  notBefore: 1,
  notAfter: 2,
});

let world: World;
let kept: Rows;

beforeEach(() => {
  world = new World();
  kept = new Rows();
});

/** Runs a command that has to be accepted, as a durable service would. */
function run<Name extends OperationName>(name: Name, request: RequestOf<Name>) {
  const { reply, changes, effects } = world.apply(name, request);
  if (!reply.accepted) throw new Error(`${name} is refused: ${reply.code}: ${reply.message}`);
  kept.keep(changes);
  return {
    response: reply.response,
    told: effects.flatMap((one) => (one.kind === 'principal' ? [one.certificateId] : [])),
  };
}

function create(name: string, setAsActive = true): void {
  run('iot:CreateKeysAndCertificate', { setAsActive, certificate: certificate(name) });
}

function principalOf(name: string, clientId: string) {
  return world.ok('jobrig:DescribePrincipal', { certificateId: idOf(name), clientId });
}

describe('a certificate', () => {
  it('is made INACTIVE unless asked otherwise, and can be described and listed', () => {
    create('a', false);
    create('b');
    expect(world.ok('iot:DescribeCertificate', { certificateId: idOf('a') }).certificateDescription).toMatchObject({
      certificateArn: arnOf('a'),
      certificateId: idOf('a'),
      status: 'INACTIVE',
      ownedBy: '123456789012',
      certificatePem: '-----a-----',
      customerVersion: 1,
      certificateMode: 'DEFAULT',
      validity: { notBefore: 1, notAfter: 2 },
    });
    const ids = (request: RequestOf<'iot:ListCertificates'>): unknown =>
      world
        .ok('iot:ListCertificates', request)
        .certificates?.map(({ certificateId, status }) => [certificateId, status]);
    expect(ids({})).toEqual([
      [idOf('b'), 'ACTIVE'],
      [idOf('a'), 'INACTIVE'],
    ]);
    const { nextMarker: marker } = world.ok('iot:ListCertificates', { ascendingOrder: true, pageSize: 1 });
    expect(ids({ ascendingOrder: true, marker })).toEqual([[idOf('b'), 'ACTIVE']]);
    expect(world.refused('iot:ListCertificates', { marker })).toMatchObject({ code: 'InvalidRequest' });
  });

  it('without an authority is for clients that name the host, and listed as such', () => {
    create('a');
    run('iot:RegisterCertificateWithoutCA', { certificatePem: 'PEM', certificate: certificate('s') });
    const { certificates } = world.ok('iot:ListCertificates', {});
    expect(certificates?.map(({ certificateMode }) => certificateMode)).toEqual(['SNI_ONLY', 'DEFAULT']);
  });

  it('is registered once', () => {
    const request = { certificatePem: 'PEM', certificate: certificate('a') };
    run('iot:RegisterCertificateWithoutCA', { ...request, status: 'ACTIVE' });
    expect(world.ok('iot:DescribeCertificate', { certificateId: idOf('a') }).certificateDescription).toMatchObject({
      status: 'ACTIVE',
      certificateMode: 'SNI_ONLY',
    });
    for (const again of ['iot:RegisterCertificate', 'iot:RegisterCertificateWithoutCA'] as const) {
      expect(world.refused(again, request)).toMatchObject({
        code: 'ResourceAlreadyExists',
        members: { resourceId: idOf('a'), resourceArn: arnOf('a') },
      });
    }
  });

  it.each(['PENDING_TRANSFER', 'REGISTER_INACTIVE', 'PENDING_ACTIVATION'] as const)('cannot be set to %s', (status) => {
    create('a');
    const { certificateId } = certificate('a');
    expect(world.refused('iot:UpdateCertificate', { certificateId, newStatus: status }).code).toBe('InvalidRequest');
    const request = { certificatePem: 'PEM', certificate: certificate('b'), status };
    expect(world.refused('iot:RegisterCertificate', request).code).toBe('InvalidRequest');
  });

  it('goes when it is neither active nor attached, or only to policies and by force', () => {
    create('a');
    world.things('lamp');
    run('iot:CreatePolicy', { policyName: 'P', policyDocument });
    run('iot:AttachPolicy', { policyName: 'P', target: arnOf('a') });
    run('iot:AttachThingPrincipal', { thingName: 'lamp', principal: arnOf('a') });
    const request = { certificateId: idOf('a'), forceDelete: true };
    expect(world.refused('iot:DeleteCertificate', request)).toMatchObject({
      code: 'CertificateState',
      message: `Certificate must be deactivated (not ACTIVE) before deletion. Id: ${idOf('a')}`,
    });
    run('iot:UpdateCertificate', { certificateId: idOf('a'), newStatus: 'INACTIVE' });
    expect(world.refused('iot:DeleteCertificate', request)).toMatchObject({
      code: 'DeleteConflict',
      message: `Things must be detached before deletion (arn: ${arnOf('a')})`,
    });
    expect(world.refused('iot:DeleteThing', { thingName: 'lamp' })).toMatchObject({
      code: 'InvalidRequest',
      message: 'Cannot delete. Thing lamp is still attached to one or more principals',
    });
    run('iot:DetachThingPrincipal', { thingName: 'lamp', principal: arnOf('a') });
    expect(world.refused('iot:DeleteCertificate', { certificateId: idOf('a') })).toMatchObject({
      code: 'DeleteConflict',
      message: `Certificate policies must be detached before deletion (arn: ${arnOf('a')})`,
    });
    expect(world.refused('iot:DeletePolicy', { policyName: 'P' }).code).toBe('DeleteConflict');
    run('iot:DeleteCertificate', request);
    run('iot:DeletePolicy', { policyName: 'P' });
    run('iot:DeleteThing', { thingName: 'lamp' });
    expect(world.refused('iot:DescribeCertificate', { certificateId: idOf('a') }).code).toBe('ResourceNotFound');
    expect(kept.all().filter(({ table }) => table !== 'setting')).toEqual([]);
  });
});

describe('things and principals', () => {
  beforeEach(() => {
    world.things('lamp', 'door');
    for (const name of ['a', 'b']) create(name);
  });

  it('find each other, in the order of attachment, page by page', () => {
    run('iot:AttachThingPrincipal', { thingName: 'lamp', principal: arnOf('b') });
    run('iot:AttachThingPrincipal', { thingName: 'lamp', principal: arnOf('a') });
    run('iot:AttachThingPrincipal', { thingName: 'door', principal: arnOf('a') });
    run('iot:AttachThingPrincipal', { thingName: 'lamp', principal: arnOf('b') });
    const principals = [arnOf('b'), arnOf('a')];
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'lamp' }).principals).toEqual(principals);
    expect(world.ok('iot:ListPrincipalThings', { principal: arnOf('a') }).things).toEqual(['lamp', 'door']);
    const { nextToken } = world.ok('iot:ListThingPrincipals', { thingName: 'lamp', maxResults: 1 });
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'lamp', nextToken }).principals).toEqual([arnOf('a')]);
    run('iot:DetachThingPrincipal', { thingName: 'lamp', principal: arnOf('b') });
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'lamp' }).principals).toEqual([arnOf('a')]);
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'door' }).principals).toEqual([arnOf('a')]);
  });

  it('are found and lost once', () => {
    const both = { thingName: 'lamp', principal: arnOf('a') };
    run('iot:AttachThingPrincipal', both);
    expect(world.apply('iot:AttachThingPrincipal', both)).toMatchObject({ changes: [], effects: [] });
    run('iot:DetachThingPrincipal', both);
    expect(world.apply('iot:DetachThingPrincipal', both).changes).toEqual([]);
  });

  it.each([
    [{ thingName: 'gate', principal: arnOf('a') }, 'ResourceNotFound'],
    [{ thingName: 'lamp', principal: arnOf('none') }, 'ResourceNotFound'],
    [{ thingName: 'lamp', principal: 'eu-west-1:an-identity' }, 'ResourceNotFound'],
    [{ thingName: 'lamp', principal: `${scope}:thing/door` }, 'InvalidRequest'],
    [{ thingName: 'lamp', principal: arnOf('a').replace('eu-west-1', 'us-east-1') }, 'ResourceNotFound'],
  ])('%j: %s', (request, code) => {
    expect(world.refused('iot:AttachThingPrincipal', request).code).toBe(code);
    expect(world.refused('iot:DetachThingPrincipal', request).code).toBe(code);
  });

  it('a certificate that belongs to one thing exclusively belongs to no other', () => {
    const exclusive = { principal: arnOf('a'), thingPrincipalType: 'EXCLUSIVE_THING' } as const;
    run('iot:AttachThingPrincipal', { ...exclusive, thingName: 'lamp' });
    expect(world.refused('iot:AttachThingPrincipal', { thingName: 'door', principal: arnOf('a') }).code).toBe(
      'InvalidRequest',
    );
    run('iot:AttachThingPrincipal', { thingName: 'door', principal: arnOf('b') });
    expect(
      world.refused('iot:AttachThingPrincipal', { ...exclusive, principal: arnOf('b'), thingName: 'lamp' }).code,
    ).toBe('InvalidRequest');
    expect(principalOf('a', 'any').thing).toMatchObject({ thingName: 'lamp', isAttached: true, isExclusive: true });
  });
});

describe('what is made is kept, and what is deleted is gone and may be made again', () => {
  const body = '{"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}}';
  const provisioningRoleArn = 'arn:aws:iam::123456789012:role/provisioning';

  it.each<readonly [() => unknown, () => unknown, () => { readonly code: string }]>([
    [
      () => run('iot:CreatePolicy', { policyName: 'Q', policyDocument }),
      () => run('iot:DeletePolicy', { policyName: 'Q' }),
      () => world.refused('iot:GetPolicy', { policyName: 'Q' }),
    ],
    [
      () =>
        run('iot:CreateProvisioningTemplate', {
          templateName: 'made',
          templateBody: body,
          enabled: true,
          provisioningRoleArn,
        }),
      () => run('iot:DeleteProvisioningTemplate', { templateName: 'made' }),
      () => world.refused('iot:DescribeProvisioningTemplate', { templateName: 'made' }),
    ],
    [
      () => run('iot:CreateThingType', { thingTypeName: 'kind' }),
      () => {
        run('iot:DeprecateThingType', { thingTypeName: 'kind' });
        world.pass(hour);
        run('iot:DeleteThingType', { thingTypeName: 'kind' });
      },
      () => world.refused('iot:DescribeThingType', { thingTypeName: 'kind' }),
    ],
    [
      () => create('z', false),
      () => run('iot:DeleteCertificate', { certificateId: idOf('z') }),
      () => world.refused('iot:DescribeCertificate', { certificateId: idOf('z') }),
    ],
  ])('kind %#', (make, remove, look) => {
    make();
    expect(kept.all()).toEqual(rowsOf(world.engine));
    remove();
    expect(kept.all()).toEqual(rowsOf(world.engine));
    expect(look().code).toBe('ResourceNotFound');
    make();
    expect(kept.all()).toEqual(rowsOf(world.engine));
  });
});

describe('a policy', () => {
  beforeEach(() => {
    run('iot:CreatePolicy', { policyName: 'P', policyDocument });
    create('a');
  });

  it('has versions, one of which is in force', () => {
    run('iot:AttachPolicy', { policyName: 'P', target: arnOf('a') });
    expect(principalOf('a', 'lamp').policies).toEqual([policyDocument]);
    const { told: quiet } = run('iot:CreatePolicyVersion', { policyName: 'P', policyDocument: otherDocument });
    expect(quiet).toEqual([]);
    expect(principalOf('a', 'lamp').policies).toEqual([policyDocument]);
    const { told } = run('iot:SetDefaultPolicyVersion', { policyName: 'P', policyVersionId: '2' });
    expect(told).toEqual([idOf('a')]);
    expect(principalOf('a', 'lamp').policies).toEqual([otherDocument]);
    expect(world.ok('iot:GetPolicy', { policyName: 'P' })).toMatchObject({
      policyDocument: otherDocument,
      defaultVersionId: '2',
    });
    expect(world.ok('iot:GetPolicyVersion', { policyName: 'P', policyVersionId: '1' })).toMatchObject({
      policyDocument,
      isDefaultVersion: false,
    });
    expect(world.refused('iot:DeletePolicyVersion', { policyName: 'P', policyVersionId: '2' }).code).toBe(
      'DeleteConflict',
    );
    expect(world.refused('iot:DeletePolicyVersion', { policyName: 'P', policyVersionId: '3' }).code).toBe(
      'ResourceNotFound',
    );
    run('iot:DeletePolicyVersion', { policyName: 'P', policyVersionId: '1' });
    const { response } = run('iot:CreatePolicyVersion', { policyName: 'P', policyDocument, setAsDefault: true });
    expect(response).toMatchObject({ policyVersionId: '3', isDefaultVersion: true });
    expect(
      world.ok('iot:ListPolicyVersions', { policyName: 'P' }).policyVersions?.map(({ versionId }) => versionId),
    ).toEqual(['2', '3']);
  });

  it('has no more than five versions, and goes with one only', () => {
    for (let count = 1; count < 5; count += 1) run('iot:CreatePolicyVersion', { policyName: 'P', policyDocument });
    expect(world.refused('iot:CreatePolicyVersion', { policyName: 'P', policyDocument }).code).toBe(
      'VersionsLimitExceeded',
    );
    expect(world.refused('iot:DeletePolicy', { policyName: 'P' }).code).toBe('DeleteConflict');
  });

  it('is refused when it is malformed, unknown or there already', () => {
    const malformed = { policyName: 'Q', policyDocument: '{}' };
    expect(world.refused('iot:CreatePolicy', malformed).code).toBe('MalformedPolicy');
    expect(world.refused('iot:CreatePolicyVersion', { ...malformed, policyName: 'P' }).code).toBe('MalformedPolicy');
    expect(world.refused('iot:CreatePolicy', { policyName: 'P', policyDocument }).code).toBe('ResourceAlreadyExists');
    expect(world.refused('iot:AttachPolicy', { policyName: 'Q', target: arnOf('a') }).code).toBe('ResourceNotFound');
    expect(world.refused('iot:AttachPolicy', { policyName: 'P', target: arnOf('b') }).code).toBe('ResourceNotFound');
    expect(world.refused('iot:AttachPolicy', { policyName: 'P', target: `${scope}:thing/lamp` }).code).toBe(
      'InvalidRequest',
    );
  });

  it('is attached to at most ten of each target, once', () => {
    for (let count = 1; count <= 10; count += 1) {
      run('iot:CreatePolicy', { policyName: `P${count}`, policyDocument });
      run('iot:AttachPolicy', { policyName: `P${count}`, target: arnOf('a') });
      run('iot:AttachPolicy', { policyName: `P${count}`, target: arnOf('a') });
    }
    expect(world.refused('iot:AttachPolicy', { policyName: 'P', target: arnOf('a') }).code).toBe('LimitExceeded');
    expect(world.ok('iot:ListAttachedPolicies', { target: arnOf('a') }).policies).toHaveLength(10);
  });

  it('reaches a thing by its groups and the groups in which these lie', () => {
    world.things('lamp');
    world.group('parent');
    run('iot:CreateThingGroup', { thingGroupName: 'child', parentGroupName: 'parent' });
    run('iot:AttachThingPrincipal', { thingName: 'lamp', principal: arnOf('a') });
    expect(run('iot:AttachPolicy', { policyName: 'P', target: groupArn('parent') }).told).toEqual([]);
    expect(run('iot:AddThingToThingGroup', { thingName: 'lamp', thingGroupName: 'child' }).told).toEqual([idOf('a')]);
    expect(principalOf('a', 'lamp').policies).toEqual([policyDocument]);
    expect(principalOf('a', 'door').policies).toEqual([]);
    const inherited = { target: groupArn('child'), recursive: true };
    expect(world.ok('iot:ListAttachedPolicies', inherited).policies?.map(({ policyName }) => policyName)).toEqual([
      'P',
    ]);
    expect(world.ok('iot:ListAttachedPolicies', { target: groupArn('child') }).policies).toEqual([]);
    expect(world.ok('iot:ListTargetsForPolicy', { policyName: 'P' }).targets).toEqual([groupArn('parent')]);
    const { told } = run('iot:DetachPolicy', { policyName: 'P', target: groupArn('parent') });
    expect(told).toEqual([idOf('a')]);
    expect(principalOf('a', 'lamp').policies).toEqual([]);
  });
});

it('things are events when that is switched on', () => {
  world.things('silent');
  run('iot:UpdateEventConfigurations', { eventConfigurations: { THING: { Enabled: true } } });
  world.heard = [];
  const attributePayload = { attributes: { site: 'north' } };
  run('iot:CreateThing', { thingName: 'lamp', thingTypeName: 'lamps' });
  run('iot:CreateThing', { thingName: 'lamp', thingTypeName: 'lamps' });
  run('iot:UpdateThing', { thingName: 'lamp', attributePayload, removeThingType: true });
  run('iot:DeleteThing', { thingName: 'lamp' });
  const told = world.heard.flatMap((effect) => (effect.kind === 'event' ? [[effect.topic, effect.payload]] : []));
  const about = {
    eventType: 'THING_EVENT',
    eventId: expect.any(String) as string,
    timestamp: world.now,
    accountId: '123456789012',
    thingId: expect.any(String) as string,
    thingName: 'lamp',
  };
  const after = { versionNumber: 2, thingTypeName: null, attributes: { site: 'north' } };
  expect(told).toEqual([
    [
      '$aws/events/thing/lamp/created',
      { ...about, operation: 'CREATED', versionNumber: 1, thingTypeName: 'lamps', attributes: {} },
    ],
    ['$aws/events/thing/lamp/updated', { ...about, operation: 'UPDATED', ...after }],
    ['$aws/events/thing/lamp/deleted', { ...about, operation: 'DELETED', ...after }],
  ]);
});

describe('a thing type', () => {
  it('is there once, and takes things until it is deprecated', () => {
    const thingTypeProperties = { thingTypeDescription: 'lamps' };
    run('iot:CreateThingType', { thingTypeName: 'lamp', thingTypeProperties });
    run('iot:CreateThingType', { thingTypeName: 'lamp', thingTypeProperties });
    expect(world.refused('iot:CreateThingType', { thingTypeName: 'lamp' }).code).toBe('ResourceAlreadyExists');
    run('iot:CreateThing', { thingName: 'lamp-1', thingTypeName: 'lamp' });
    run('iot:DeprecateThingType', { thingTypeName: 'lamp' });
    expect(world.refused('iot:CreateThing', { thingName: 'lamp-2', thingTypeName: 'lamp' }).code).toBe(
      'InvalidRequest',
    );
    expect(world.refused('iot:DeleteThingType', { thingTypeName: 'lamp' }).code).toBe('InvalidRequest');
    run('iot:DeprecateThingType', { thingTypeName: 'lamp', undoDeprecate: true });
    run('iot:CreateThing', { thingName: 'lamp-2', thingTypeName: 'lamp' });
    for (const thingName of ['lamp-1', 'lamp-2']) run('iot:UpdateThing', { thingName, removeThingType: true });
    expect(world.refused('iot:DeleteThingType', { thingTypeName: 'lamp' }).code).toBe('InvalidRequest');
    run('iot:DeprecateThingType', { thingTypeName: 'lamp' });
    run('iot:DeleteThingType', { thingTypeName: 'lamp' });
    expect(world.refused('iot:DescribeThingType', { thingTypeName: 'lamp' }).code).toBe('ResourceNotFound');
  });

  it('that is in no registry is a label, which only a strict service refuses', () => {
    run('iot:CreateThing', { thingName: 'lamp', thingTypeName: 'unknown' });
    const strict = new World([], undefined, { strict: true });
    expect(strict.refused('iot:CreateThing', { thingName: 'lamp', thingTypeName: 'unknown' }).code).toBe(
      'ResourceNotFound',
    );
  });
});

const claim = (name: string): void => {
  run('jobrig:CreateClaimedCertificate', { certificate: certificate(name), ownershipToken: `token ${name}` });
};
const provision = (name: string, parameters: Readonly<Record<string, string>> = { Serial: name }) => ({
  templateName: 'fleet',
  ownershipToken: `token ${name}`,
  parameters,
});

describe('provisioning by claim', () => {
  const body = {
    Parameters: { Serial: { Type: 'String' }, Site: { Type: 'String', Default: 'north' } },
    Mappings: { Sites: { north: { group: 'cold' }, south: { group: 'warm' } } },
    Resources: {
      thing: {
        Type: 'AWS::IoT::Thing',
        Properties: {
          ThingName: { 'Fn::Join': ['-', ['lamp', { Ref: 'Serial' }]] },
          ThingTypeName: { 'Fn::Select': [0, { 'Fn::Split': ['/', 'lamp/door'] }] },
          ThingGroups: [{ 'Fn::FindInMap': ['Sites', { Ref: 'Site' }, 'group'] }],
          AttributePayload: {
            serial: { Ref: 'Serial' },
            site: { 'Fn::Sub': ['at-${Where}', { Where: { Ref: 'Site' } }] },
          },
        },
      },
      certificate: {
        Type: 'AWS::IoT::Certificate',
        Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, Status: 'Active' },
      },
      named: { Type: 'AWS::IoT::Policy', Properties: { PolicyName: 'P' } },
      written: { Type: 'AWS::IoT::Policy', Properties: { PolicyDocument: JSON.parse(otherDocument) as unknown } },
    },
    DeviceConfiguration: { name: { Ref: 'Serial' }, url: 'https://example.com' },
  };
  const template = {
    templateName: 'fleet',
    templateBody: JSON.stringify(body),
    enabled: true,
    provisioningRoleArn: 'arn:aws:iam::123456789012:role/provisioning',
  };
  beforeEach(() => {
    world.group('cold');
    world.group('warm');
    run('iot:CreatePolicy', { policyName: 'P', policyDocument });
    run('iot:CreateProvisioningTemplate', template);
  });

  it('makes a thing with type, groups, attributes, policies and an active certificate', () => {
    claim('a');
    expect(principalOf('a', 'lamp-a').certificate?.status).toBe('PENDING_ACTIVATION');
    const { response } = run('jobrig:ProvisionThing', provision('a', { Serial: 'a', Site: 'south' }));
    expect(response).toEqual({ thingName: 'lamp-a', deviceConfiguration: { name: 'a', url: 'https://example.com' } });
    expect(world.ok('iot:DescribeThing', { thingName: 'lamp-a' })).toMatchObject({
      thingTypeName: 'lamp',
      attributes: { serial: 'a', site: 'at-south' },
    });
    expect(world.ok('iot:ListThingsInThingGroup', { thingGroupName: 'warm' }).things).toEqual(['lamp-a']);
    expect(principalOf('a', 'lamp-a')).toMatchObject({
      certificate: { status: 'ACTIVE', thingNames: ['lamp-a'] },
      thing: { thingName: 'lamp-a', isAttached: true },
      policies: [policyDocument, otherDocument],
    });
  });

  it('again for the same thing adds the new certificate, and merges attributes', () => {
    for (const name of ['a', 'b']) {
      claim(name);
      run('jobrig:ProvisionThing', provision(name, { Serial: 'x' }));
    }
    expect(world.ok('iot:ListThingPrincipals', { thingName: 'lamp-x' }).principals).toEqual([arnOf('a'), arnOf('b')]);
    expect(world.ok('iot:DescribeThing', { thingName: 'lamp-x' })).toMatchObject({ version: 2 });
    expect(world.ok('iot:ListPolicies', {}).policies).toHaveLength(2);
  });

  it.each<readonly [string, () => RequestOf<'jobrig:ProvisionThing'>, string, string]>([
    [
      'an empty token',
      () => ({ ...provision('a'), ownershipToken: '' }),
      'InvalidCertificateOwnershipToken',
      'cannot be empty',
    ],
    [
      'an unknown token',
      () => ({ ...provision('a'), ownershipToken: 'x' }),
      'InvalidCertificateOwnershipToken',
      'invalid',
    ],
    ['a parameter without a value', () => provision('a', {}), 'InvalidParameters', 'Serial'],
    ['a name that no thing can have', () => provision('a', { Serial: '#' }), 'InvalidParameters', 'lamp-#'],
    ['a site that is in no mapping', () => provision('a', { Serial: 'a', Site: 'west' }), 'InvalidParameters', 'west'],
  ])('is refused for %s, and can be asked again', (_what, request, errorCode, message) => {
    claim('a');
    const refusal = world.refused('jobrig:ProvisionThing', request());
    expect(refusal).toMatchObject({ code: 'InvalidRequest', members: { errorCode } });
    expect(refusal.message).toContain(message);
    run('jobrig:ProvisionThing', provision('a'));
    expect(world.refused('jobrig:ProvisionThing', provision('a')).members).toEqual({
      errorCode: 'InvalidCertificateOwnershipToken',
    });
  });

  it('is refused by a template that is unknown, switched off, or names what is not there', () => {
    claim('a');
    expect(world.refused('jobrig:ProvisionThing', { ...provision('a'), templateName: 'x' }).code).toBe(
      'ResourceNotFound',
    );
    run('iot:UpdateProvisioningTemplate', { templateName: 'fleet', enabled: false });
    expect(world.refused('jobrig:ProvisionThing', provision('a')).members).toEqual({ errorCode: 'InvalidParameters' });
    run('iot:UpdateProvisioningTemplate', { templateName: 'fleet', enabled: true });
    run('iot:DeletePolicy', { policyName: 'P' });
    expect(world.refused('jobrig:ProvisionThing', provision('a')).code).toBe('ResourceNotFound');
    run('iot:CreatePolicy', { policyName: 'P', policyDocument });
    run('iot:DeleteThingGroup', { thingGroupName: 'cold' });
    expect(world.refused('jobrig:ProvisionThing', provision('a')).code).toBe('ResourceNotFound');
  });

  it('has an hour; a certificate that nobody has provisioned goes then', () => {
    claim('a');
    world.pass(hour / 2);
    claim('b');
    world.pass(hour / 2);
    expect(world.refused('jobrig:ProvisionThing', provision('a')).members).toEqual({
      errorCode: 'InvalidCertificateOwnershipToken',
    });
    run('jobrig:ProvisionThing', provision('b'));
    expect(world.refused('iot:DescribeCertificate', { certificateId: idOf('a') }).code).toBe('ResourceNotFound');
  });

  it('with a claim that is good for five minutes', () => {
    const { response } = run('iot:CreateProvisioningClaim', {
      templateName: 'fleet',
      certificate: certificate('claim'),
    });
    expect(response).toMatchObject({ expiration: world.now + 300_000 });
    expect(principalOf('claim', 'any').certificate?.status).toBe('ACTIVE');
    world.pass(300_000);
    expect(principalOf('claim', 'any').certificate?.status).toBe('INACTIVE');
    expect(
      world.refused('iot:CreateProvisioningClaim', { templateName: 'x', certificate: certificate('y') }).code,
    ).toBe('ResourceNotFound');
  });

  it.each([
    ['{', 'it is not a JSON object'],
    ['{}', 'it has no Resources'],
    ['{"Resources":{"x":{"Type":"AWS::S3::Bucket"}}}', 'resource x has no known Type'],
    ['{"Resources":{"x":{"Type":"AWS::IoT::Thing","Properties":[]}}}', 'resource x has no Properties'],
    ['{"Parameters":[],"Resources":{}}', 'Parameters, Mappings and DeviceConfiguration must be objects'],
  ])('by no template like %s: %s', (templateBody, problem) => {
    const refusal = world.refused('iot:CreateProvisioningTemplate', {
      ...template,
      templateName: 'other',
      templateBody,
    });
    expect(refusal).toMatchObject({ code: 'InvalidRequest', message: `Template body is invalid: ${problem}` });
  });

  it('by the version of the template that is in force; one kept before there were versions is version 1', () => {
    claim('a');
    claim('b');
    const otherBody = JSON.stringify({ ...body, DeviceConfiguration: { version: '2' } });
    run('iot:CreateProvisioningTemplateVersion', { templateName: 'fleet', templateBody: otherBody });
    expect(run('jobrig:ProvisionThing', provision('a')).response.deviceConfiguration).toMatchObject({ name: 'a' });
    run('iot:UpdateProvisioningTemplate', { templateName: 'fleet', defaultVersionId: 2 });
    expect(run('jobrig:ProvisionThing', provision('b')).response.deviceConfiguration).toEqual({ version: '2' });

    const rows = rowsOf(world.engine).map((change) => {
      if (change.table !== 'provisioningTemplate') return change;
      const { versions: _v, versionCount: _c, defaultVersionId: _d, ...row } = change.row as Record<string, unknown>;
      return { ...change, row: { ...row, templateBody: template.templateBody } };
    });
    const again = new World(rows, world.now);
    expect(again.ok('iot:DescribeProvisioningTemplate', { templateName: 'fleet' })).toMatchObject({
      defaultVersionId: 1,
      templateBody: template.templateBody,
    });
    again.ok('iot:CreateProvisioningTemplateVersion', { templateName: 'fleet', templateBody: otherBody });
  });

  it('and everything else come back from rows', () => {
    claim('a');
    claim('b');
    run('jobrig:ProvisionThing', provision('a'));
    run('iot:CreateThingType', { thingTypeName: 'lamp', thingTypeProperties: {} });
    run('iot:AttachPolicy', { policyName: 'P', target: groupArn('cold') });
    // The groups of this test were made outside of what is kept.
    const rows = rowsOf(world.engine);
    const again = new World(rows, world.now);
    expect(rowsOf(again.engine)).toEqual(rows);
    expect(again.ok('jobrig:DescribePrincipal', { certificateId: idOf('a'), clientId: 'lamp-a' })).toEqual(
      principalOf('a', 'lamp-a'),
    );
    expect(again.ok('iot:ListThingPrincipals', { thingName: 'lamp-a' }).principals).toEqual([arnOf('a')]);
    expect(again.ok('iot:ListTargetsForPolicy', { policyName: 'P' })).toEqual(
      world.ok('iot:ListTargetsForPolicy', { policyName: 'P' }),
    );
    expect(again.refused('iot:DeletePolicy', { policyName: 'P' }).code).toBe('DeleteConflict');
    again.ok('jobrig:ProvisionThing', provision('b'));
  });
});

/** RegisterThing and the versions of provisioning templates through the AWS SDK, with real keys and certificates. */
import { X509Certificate } from 'node:crypto';
import type { IoT } from '@aws-sdk/client-iot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../broker/service-events.ts';
import { startService, type Service } from '../../broker/start-service.ts';
import { lineOfEvent } from '../../cli/log-lines.ts';
import { foreignCertificate, signingRequest } from '../support/foreign-certificates.ts';
import { operatorOf } from '../support/operator.ts';

const arn = 'arn:aws:iot:us-east-1:000000000000';
let service: Service;
let client: IoT;
const events: ServiceEvent[] = [];

beforeAll(async () => {
  service = await startService({ mqttPort: 'off', mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  service.onEvent((event) => void events.push(event));
  client = operatorOf(service);
  const policyDocument =
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}}';
  await client.createPolicy({ policyName: 'P', policyDocument });
});

afterAll(async () => {
  client.destroy();
  await service.close();
});

type Resources = Readonly<Record<string, object>>;

const thing = {
  Type: 'AWS::IoT::Thing',
  Properties: { ThingName: { Ref: 'ThingName' }, AttributePayload: { site: { Ref: 'Site' } } },
};
const policy = { Type: 'AWS::IoT::Policy', Properties: { PolicyName: 'P' } };
const certificateBy = (properties: object, overrides?: object) => ({
  Type: 'AWS::IoT::Certificate',
  Properties: properties,
  ...(overrides && { OverrideSettings: overrides }),
});

function register(resources: Resources, parameters: Readonly<Record<string, string>>) {
  const strings = Object.keys(parameters).map((name) => [name, { Type: 'String' }]);
  const body = {
    Parameters: { ...Object.fromEntries(strings), Site: { Type: 'String', Default: 'north' } },
    Resources: resources,
  };
  return client.registerThing({ templateBody: JSON.stringify(body), parameters });
}

async function idsOf(thingName: string): Promise<readonly string[]> {
  return (await client.listThingPrincipals({ thingName })).principals ?? [];
}

describe('RegisterThing', () => {
  it('makes thing, certificate and policy of a signing request, and names each as the template does', async () => {
    const csr = await signingRequest('P-256');
    const certificate = certificateBy({ CertificateSigningRequest: { Ref: 'CSR' }, Status: 'INACTIVE' });
    const written = {
      Type: 'AWS::IoT::Policy',
      Properties: {
        PolicyDocument: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}}',
      },
    };
    const resources = { thing, certificate, 'my policy': policy, written };
    const made = await register(resources, { ThingName: 'by-csr', CSR: csr.pem });
    const pem = new X509Certificate(made.certificatePem ?? '');
    expect(pem.publicKey.export({ type: 'spki', format: 'pem' })).toBe(csr.publicKey);
    const id = pem.fingerprint256.replaceAll(':', '').toLowerCase();
    expect(made.resourceArns).toEqual({
      thing: `${arn}:thing/by-csr`,
      certificate: `${arn}:cert/${id}`,
      'my policy': `${arn}:policy/P`,
      written: expect.stringMatching(/:policy\/template-/) as string,
    });
    expect(await idsOf('by-csr')).toEqual([`${arn}:cert/${id}`]);
    const attached = await client.listAttachedPolicies({ target: `${arn}:cert/${id}` });
    expect(attached.policies).toHaveLength(2);
    const described = await client.describeThing({ thingName: 'by-csr' });
    expect(described.attributes).toEqual({ site: 'north' });
    const { certificateDescription } = await client.describeCertificate({ certificateId: id });
    expect(certificateDescription?.status).toBe('INACTIVE');
  });

  it('takes a certificate of another authority with that authority’s, and one that is registered by its id', async () => {
    const foreign = await foreignCertificate('device');
    const given = { CertificatePem: { Ref: 'Pem' }, CACertificatePem: { Ref: 'Ca' } };
    const parameters = { Pem: foreign.certificate, Ca: foreign.ca };
    const made = await register({ thing, cert: certificateBy(given) }, { ThingName: 'by-pem', ...parameters });
    expect(new X509Certificate(made.certificatePem ?? '').subject).toBe('CN=device');
    const certificateArn = made.resourceArns?.['cert'] ?? '';
    const again = await register({ thing, cert: certificateBy(given) }, { ThingName: 'second', ...parameters });
    expect(again.resourceArns?.['cert']).toBe(certificateArn);
    const byId = certificateBy({ CertificateId: { Ref: 'Id' }, Status: 'Inactive' }, { Status: 'DO_NOTHING' });
    const certificateId = certificateArn.split('/')[1] ?? '';
    await register({ thing, cert: byId }, { ThingName: 'third', Id: certificateId });
    for (const thingName of ['by-pem', 'second', 'third']) expect(await idsOf(thingName)).toEqual([certificateArn]);
    const { certificateDescription } = await client.describeCertificate({ certificateId });
    expect(certificateDescription?.status).toBe('ACTIVE');
  });

  it('adds to a thing that is there what the template says, as OverrideSettings want it', async () => {
    const { certificateArn: principal } = await client.createKeysAndCertificate({ setAsActive: true });
    const attributePayload = { attributes: { owner: 'ada', site: 'south' } };
    await client.createThing({ thingName: 'there', attributePayload });
    await client.attachThingPrincipal({ thingName: 'there', principal });
    const attributes = async () => (await client.describeThing({ thingName: 'there' })).attributes;
    await register(
      { thing: { ...thing, OverrideSettings: { AttributePayload: 'DO_NOTHING' } } },
      { ThingName: 'there' },
    );
    expect(await attributes()).toEqual(attributePayload.attributes);
    const made = await register({ thing }, { ThingName: 'there', Site: 'west' });
    expect(made).toMatchObject({ resourceArns: { thing: `${arn}:thing/there` } });
    expect(made.certificatePem).toBeUndefined();
    expect(await attributes()).toEqual({ owner: 'ada', site: 'west' });
    await register({ thing: { ...thing, OverrideSettings: { AttributePayload: 'REPLACE' } } }, { ThingName: 'there' });
    expect(await attributes()).toEqual({ site: 'north' });
    expect(await idsOf('there')).toEqual([principal]);
  });

  const csr = { CertificateSigningRequest: { Ref: 'CSR' } };
  it.each<readonly [string, Resources | string, Readonly<Record<string, string>>, string, string]>([
    ['no JSON', '{', {}, 'InvalidRequestException', 'Template body is invalid'],
    ['no resources', '{}', {}, 'InvalidRequestException', 'Template body is invalid'],
    ['a parameter without a value', { thing }, {}, 'InvalidRequestException', 'ThingName'],
    ['a name that no thing can have', { thing }, { ThingName: '#' }, 'ResourceRegistrationFailureException', '#'],
    [
      'a broken signing request',
      { thing, cert: certificateBy(csr) },
      { ThingName: 'none', CSR: 'x' },
      'ResourceRegistrationFailureException',
      'PKCS #10',
    ],
    [
      'a certificate of an authority that is not there',
      { thing, cert: certificateBy({ CertificatePem: 'foreign' }) },
      { ThingName: 'none' },
      'ResourceRegistrationFailureException',
      'X.509',
    ],
    [
      'an unknown certificate',
      { thing, cert: certificateBy({ CertificateId: 'ab'.repeat(32) }) },
      { ThingName: 'none' },
      'ResourceRegistrationFailureException',
      'cannot be found',
    ],
    [
      'a certificate from nowhere',
      { thing, cert: certificateBy({}) },
      { ThingName: 'none' },
      'ResourceRegistrationFailureException',
      'CertificateSigningRequest',
    ],
    [
      'a status that cannot be set',
      { thing, cert: certificateBy({ ...csr, Status: 'REVOKED' }) },
      { ThingName: 'none' },
      'ResourceRegistrationFailureException',
      'REVOKED',
    ],
    [
      'an unknown policy',
      { thing, policy: { ...policy, Properties: { PolicyName: 'none' } } },
      { ThingName: 'none' },
      'ResourceRegistrationFailureException',
      'Policy none',
    ],
    [
      'an unknown group',
      { thing: { ...thing, Properties: { ThingName: 'none', ThingGroups: ['none'] } } },
      {},
      'ResourceRegistrationFailureException',
      'Thing Group none',
    ],
    [
      'a thing that is not to be there',
      { thing: { ...thing, OverrideSettings: { AttributePayload: 'FAIL' } } },
      { ThingName: 'by-csr' },
      'ResourceRegistrationFailureException',
      'already exists',
    ],
  ])('refuses %s, and makes nothing', async (_what, template, parameters, name, message) => {
    const certificates = async () => (await client.listCertificates({})).certificates?.length;
    const before = await certificates();
    const pem = (await signingRequest('P-256')).pem;
    const asked =
      typeof template === 'string'
        ? client.registerThing({ templateBody: template })
        : register(template, JSON.stringify(template).includes('CSR') ? { CSR: pem, ...parameters } : parameters);
    await expect(asked).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 400 },
      message: expect.stringContaining(message) as string,
    });
    expect(await certificates()).toBe(before);
    const { things } = await client.listThings({});
    expect(things?.some(({ thingName }) => thingName === 'none')).toBe(false);
  });
});

const bodyFor = (thingName: string): string =>
  JSON.stringify({ Resources: { thing: { Type: 'AWS::IoT::Thing', Properties: { ThingName: thingName } } } });

describe('a provisioning template', () => {
  const template = { templateName: 'fleet', provisioningRoleArn: 'arn:aws:iam::000000000000:role/r', enabled: true };
  const about = { templateName: 'fleet' };

  it('has versions, of which one is in force and at most five are there', async () => {
    await client.createProvisioningTemplate({ ...template, templateBody: bodyFor('v1') });
    const add = (thingName: string, setAsDefault?: boolean) =>
      client.createProvisioningTemplateVersion({ ...about, templateBody: bodyFor(thingName), setAsDefault });
    const inForce = async () => {
      const { defaultVersionId, templateBody } = await client.describeProvisioningTemplate(about);
      return [defaultVersionId, templateBody];
    };
    expect(await add('v2')).toMatchObject({
      templateArn: `${arn}:provisioningtemplate/fleet`,
      templateName: 'fleet',
      versionId: 2,
      isDefaultVersion: false,
    });
    expect(await inForce()).toEqual([1, bodyFor('v1')]);
    expect(await add('v3', true)).toMatchObject({ versionId: 3, isDefaultVersion: true });
    expect(await inForce()).toEqual([3, bodyFor('v3')]);
    await client.updateProvisioningTemplate({ ...about, defaultVersionId: 2 });
    expect(await inForce()).toEqual([2, bodyFor('v2')]);
    await expect(client.updateProvisioningTemplate({ ...about, defaultVersionId: 9 })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(await add('v4')).toMatchObject({ versionId: 4 });
    await expect(client.createProvisioningTemplateVersion({ ...about, templateBody: '{' })).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await add('v5');
    await expect(add('v6')).rejects.toMatchObject({ name: 'VersionsLimitExceededException' });

    const remove = (versionId: number) => client.deleteProvisioningTemplateVersion({ ...about, versionId });
    await expect(remove(2)).rejects.toMatchObject({ name: 'DeleteConflictException' });
    await remove(5);
    await expect(remove(5)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await add('v6')).toMatchObject({ versionId: 6 });
    const pages: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.listProvisioningTemplateVersions({
        ...about,
        maxResults: 2,
        ...(nextToken && { nextToken }),
      });
      pages.push(page.versions?.map(({ versionId, isDefaultVersion }) => [versionId, isDefaultVersion]));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(pages).toEqual([
      [
        [1, false],
        [2, true],
      ],
      [
        [3, false],
        [4, false],
      ],
      [[6, false]],
    ]);
    const third = () => client.describeProvisioningTemplateVersion({ ...about, versionId: 3 });
    expect(await third()).toMatchObject({
      versionId: 3,
      templateBody: bodyFor('v3'),
      isDefaultVersion: false,
      creationDate: expect.any(Date) as Date,
    });
    await client.deleteProvisioningTemplate(about);
    await expect(third()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('keeps and shows a hook that it does not run, and the log says so when it is made', async () => {
    const preProvisioningHook = { targetArn: 'arn:aws:lambda:us-east-1:000000000000:function:hook' };
    await client.createProvisioningTemplate({ ...template, templateBody: bodyFor('x'), preProvisioningHook });
    const described = await client.describeProvisioningTemplate(about);
    expect(described.preProvisioningHook).toEqual(preProvisioningHook);
    const told = events.flatMap((event) => {
      const { level, text } = lineOfEvent(event) ?? { level: 'debug', text: '' };
      return level === 'warn' && text.includes('hook') ? [text] : [];
    });
    expect(told).toEqual([expect.stringMatching(/^Operator: CreateProvisioningTemplate: .*not run.*no AWS Lambda/)]);
  });
});

/** Certificates, policies and their attachments through the AWS SDK, with real keys. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { IoT } from '@aws-sdk/client-iot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type Service } from '../../broker/start-service.ts';
import { foreignCertificate, signingRequest } from '../support/foreign-certificates.ts';
import { operatorOf } from '../support/operator.ts';

let service: Service;
let client: IoT;

beforeAll(async () => {
  service = await startService({ mqttPort: 'off', mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  client = operatorOf(service);
});

afterAll(async () => {
  client.destroy();
  await service.close();
});

describe('a certificate', () => {
  it('comes with keys that fit it, signed by the authority of this rig, known by the hash of its DER', async () => {
    const made = await client.createKeysAndCertificate({ setAsActive: true });
    const certificate = new X509Certificate(made.certificatePem ?? '');
    expect(certificate.checkPrivateKey(createPrivateKey(made.keyPair?.PrivateKey ?? ''))).toBe(true);
    expect(made.keyPair?.PrivateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect(made.keyPair?.PublicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(certificate.verify(new X509Certificate(service.ca).publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=AWS IoT Certificate');
    expect(made.certificateId).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(made.certificateArn).toBe(`arn:aws:iot:us-east-1:000000000000:cert/${made.certificateId}`);
    const { certificateDescription } = await client.describeCertificate({ certificateId: made.certificateId });
    expect(certificateDescription).toMatchObject({
      status: 'ACTIVE',
      certificatePem: made.certificatePem,
      validity: { notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo) },
    });
    const { certificateId } = made;
    await client.updateCertificate({ certificateId, newStatus: 'INACTIVE' });
    await client.deleteCertificate({ certificateId, forceDelete: true });
    await expect(client.describeCertificate({ certificateId })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it.each(['P-256', 'P-384', 'P-521', 'RSA-2048'] as const)(
    'is made for a key of %s that somebody else has',
    async (kind) => {
      const { pem, publicKey } = await signingRequest(kind);
      const request = { certificateSigningRequest: pem };
      const [one, other] = [
        await client.createCertificateFromCsr(request),
        await client.createCertificateFromCsr(request),
      ];
      expect(new X509Certificate(one.certificatePem ?? '').publicKey.export({ type: 'spki', format: 'pem' })).toBe(
        publicKey,
      );
      expect(other.certificateId).not.toBe(one.certificateId);
    },
  );

  it.each(['RSA-1024', 'tampered', 'no request'] as const)('is not made for a request of %s', async (kind) => {
    const certificateSigningRequest = kind === 'no request' ? 'PEM' : (await signingRequest(kind)).pem;
    await expect(client.createCertificateFromCsr({ certificateSigningRequest })).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  it('of another authority is registered with that authority’s, or without any', async () => {
    const { certificate, ca } = await foreignCertificate();
    const register = (request: { caCertificatePem?: string; certificatePem?: string }) =>
      client.registerCertificate({ certificatePem: certificate, status: 'ACTIVE', ...request });
    await expect(register({})).rejects.toMatchObject({ name: 'CertificateValidationException' });
    await expect(register({ caCertificatePem: certificate })).rejects.toMatchObject({
      name: 'CertificateValidationException',
    });
    await expect(register({ certificatePem: 'PEM' })).rejects.toMatchObject({ name: 'CertificateValidationException' });
    const { certificateId } = await register({ caCertificatePem: ca });
    const described = await client.describeCertificate({ certificateId });
    expect(described.certificateDescription).toMatchObject({
      status: 'ACTIVE',
      caCertificateId: new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase(),
    });
    await expect(client.registerCertificateWithoutCA({ certificatePem: certificate })).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
    const { certificate: alone } = await foreignCertificate();
    const { certificateId: id } = await client.registerCertificateWithoutCA({ certificatePem: alone });
    expect(id).toBe(new X509Certificate(alone).fingerprint256.replaceAll(':', '').toLowerCase());
  });
});

it('a thing is provisioned as the guides do it: type, thing, certificate, policy, attachments', async () => {
  await client.createThingType({ thingTypeName: 'lamp' });
  expect(await client.describeThingType({ thingTypeName: 'lamp' })).toMatchObject({
    thingTypeMetadata: { deprecated: false, creationDate: expect.any(Date) as Date },
  });
  await client.createThing({ thingName: 'lamp-1', thingTypeName: 'lamp' });
  const { certificateArn = '' } = await client.createKeysAndCertificate({ setAsActive: true });
  const policyDocument = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}';
  for (const policyName of ['one', 'two']) await client.createPolicy({ policyName, policyDocument });
  await client.attachPolicy({ policyName: 'one', target: certificateArn });
  await client.attachPrincipalPolicy({ policyName: 'two', principal: certificateArn });
  await client.attachThingPrincipal({ thingName: 'lamp-1', principal: certificateArn });
  const { principals } = await client.listThingPrincipals({ thingName: 'lamp-1' });
  expect(principals).toEqual([certificateArn]);
  const { things } = await client.listPrincipalThings({ principal: certificateArn });
  expect(things).toEqual(['lamp-1']);
  const { policies } = await client.listAttachedPolicies({ target: certificateArn });
  expect(policies?.map(({ policyName }) => policyName)).toEqual(['one', 'two']);
  await expect(client.createPolicy({ policyName: 'bad', policyDocument: '{}' })).rejects.toMatchObject({
    name: 'MalformedPolicyException',
  });
});

it('a claim comes with keys and an end', async () => {
  const templateBody = '{"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}}';
  const provisioningRoleArn = 'arn:aws:iam::000000000000:role/provisioning';
  await client.createProvisioningTemplate({ templateName: 'T', templateBody, provisioningRoleArn });
  const claim = await client.createProvisioningClaim({ templateName: 'T' });
  const certificate = new X509Certificate(claim.certificatePem ?? '');
  expect(certificate.checkPrivateKey(createPrivateKey(claim.keyPair?.PrivateKey ?? ''))).toBe(true);
  expect(claim.expiration).toBeInstanceOf(Date);
});

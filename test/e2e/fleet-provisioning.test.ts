/** Fleet provisioning by claim, as a device does it: certificate, thing, and then a connection with both. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { IoT } from '@aws-sdk/client-iot';
import { decode, encode } from 'cborg';
import { type MqttClient, connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type Service } from '../../broker/start-service.ts';
import { signingRequest } from '../support/foreign-certificates.ts';
import { operatorOf } from '../support/operator.ts';

let service: Service;
let operator: IoT;

beforeAll(async () => {
  service = await startService({ mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' });
  operator = operatorOf(service);
  const templateBody = {
    Parameters: { SerialNumber: { Type: 'String' } },
    Resources: {
      thing: {
        Type: 'AWS::IoT::Thing',
        Properties: { ThingName: { 'Fn::Join': ['', ['lamp-', { Ref: 'SerialNumber' }]] } },
      },
      certificate: {
        Type: 'AWS::IoT::Certificate',
        Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' } },
      },
    },
    DeviceConfiguration: { fleet: 'lamps' },
  };
  await operator.createProvisioningTemplate({
    templateName: 'fleet',
    templateBody: JSON.stringify(templateBody),
    provisioningRoleArn: 'arn:aws:iam::000000000000:role/provisioning',
    enabled: true,
  });
});

afterAll(async () => {
  operator.destroy();
  await service.close();
});

type Members = Readonly<Record<string, unknown>>;

const formats = {
  json: {
    write: (value: object) => Buffer.from(JSON.stringify(value)),
    read: (bytes: Buffer) => JSON.parse(bytes.toString()) as Members,
  },
  cbor: { write: (value: object) => Buffer.from(encode(value)), read: (bytes: Buffer) => decode(bytes) as Members },
} as const;

describe.each(['json', 'cbor'] as const)('in %s', (name) => {
  const { write, read } = formats[name];

  async function asDevice<Result>(
    work: (ask: (topic: string, request?: object) => Promise<Members>, client: MqttClient) => Promise<Result>,
  ): Promise<Result> {
    const client = await connectAsync(service.mqttUrl ?? '', { clientId: `claim ${name}`, reconnectPeriod: 0 });
    const waiting = new Map<string, (members: Members) => void>();
    client.on('message', (topic, payload) => waiting.get(topic.replace(/\/(accepted|rejected)$/, ''))?.(read(payload)));
    try {
      return await work(async (topic, request) => {
        const answer = new Promise<Members>((resolve) => waiting.set(topic, resolve));
        await client.publishAsync(topic, request === undefined ? '' : write(request), { qos: 1 });
        return await answer;
      }, client);
    } finally {
      await client.endAsync();
    }
  }

  it.each(['create', 'create-from-csr'])(
    'a device without subscriptions gets a certificate (%s) and a thing',
    async (way) => {
      const csr = await signingRequest('P-256');
      const serial = `${name}-${way}`;
      const made = await asDevice(async (ask) => {
        const request = way === 'create' ? undefined : { certificateSigningRequest: csr.pem };
        const claimed = await ask(`$aws/certificates/${way}/${name}`, request);
        const parameters = { SerialNumber: serial };
        const { certificateOwnershipToken } = claimed;
        const provisioned = await ask(`$aws/provisioning-templates/fleet/provision/${name}`, {
          certificateOwnershipToken,
          parameters,
        });
        expect(provisioned).toEqual({ deviceConfiguration: { fleet: 'lamps' }, thingName: `lamp-${serial}` });
        return claimed;
      });
      const certificate = new X509Certificate(made['certificatePem'] as string);
      expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(made['certificateId']);
      expect('privateKey' in made).toBe(way === 'create');
      if (way === 'create')
        expect(certificate.checkPrivateKey(createPrivateKey(made['privateKey'] as string))).toBe(true);
      else expect(certificate.publicKey.export({ type: 'spki', format: 'pem' })).toBe(csr.publicKey);
      const { principals } = await operator.listThingPrincipals({ thingName: `lamp-${serial}` });
      expect(principals).toEqual([`arn:aws:iot:us-east-1:000000000000:cert/${String(made['certificateId'])}`]);
    },
  );

  it.each<readonly [string, string, object, number, string]>([
    ['an empty token', 'provisioning-templates/fleet/provision', {}, 400, 'InvalidCertificateOwnershipToken'],
    [
      'an unknown token',
      'provisioning-templates/fleet/provision',
      { certificateOwnershipToken: 'x' },
      400,
      'InvalidCertificateOwnershipToken',
    ],
    [
      'an unknown template',
      'provisioning-templates/none/provision',
      { certificateOwnershipToken: 'x' },
      404,
      'ResourceNotFound',
    ],
    [
      'parameters that are no texts',
      'provisioning-templates/fleet/provision',
      { certificateOwnershipToken: 'x', parameters: { a: 1 } },
      400,
      'InvalidParameters',
    ],
    ['no signing request', 'certificates/create-from-csr', {}, 400, 'InvalidParameters'],
    [
      'a broken signing request',
      'certificates/create-from-csr',
      { certificateSigningRequest: 'x' },
      400,
      'InvalidCertificateSigningRequest',
    ],
    ['a payload that is no object', 'certificates/create', [], 400, 'InvalidPayload'],
  ])('%s is refused', async (_what, topic, request, statusCode, errorCode) => {
    const refusal = await asDevice((ask) => ask(`$aws/${topic}/${name}`, request));
    expect(refusal).toEqual({ statusCode, errorCode, errorMessage: expect.any(String) as string });
  });

  it('nobody else hears an answer, whatever he has subscribed to', async () => {
    const spy = await connectAsync(service.mqttUrl ?? '', { clientId: 'spy', reconnectPeriod: 0 });
    const heard: string[] = [];
    spy.on('message', (topic) => heard.push(topic));
    await spy.subscribeAsync(['$aws/certificates/#', '$aws/provisioning-templates/#'], { qos: 1 });
    await asDevice(async (ask, client) => {
      await client.subscribeAsync(`$aws/certificates/create/${name}/accepted`, { qos: 1 });
      await ask(`$aws/certificates/create/${name}`);
    });
    await spy.publishAsync('done', '', { qos: 1 });
    await spy.endAsync();
    expect(heard).toEqual([]);
  });
});

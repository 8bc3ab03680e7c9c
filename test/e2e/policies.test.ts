/** What policies say of certificates of the registry is enforced at every door where the service asks for signatures. */
import { request as httpsRequest } from 'node:https';

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Device, type Rig, login, makeDevice, secret, start, stop } from '../support/registered-device.ts';
import type { WireOptions } from '../support/wire-client.ts';

const scope = 'arn:aws:iot:us-east-1:000000000000';

let rig: Rig;
let device: Device;
let policies = 0;
beforeAll(async () => {
  rig = await start({ accessKeys: { [secret.accessKeyId]: secret.secretAccessKey } });
  const attributePayload = { attributes: { site: 'north' } };
  for (const thingName of ['lamp', 'door']) {
    await rig.operator.createThing({ thingName, attributePayload });
  }
});
afterAll(() => stop(rig));
beforeEach(async () => {
  device = await makeDevice(rig);
});

type Statement = readonly [effect: 'Allow' | 'Deny', action: string, resource: string];

const documentOf = (statements: readonly Statement[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(([Effect, Action, resource]) => ({
      Effect,
      Action,
      Resource: resource === '*' ? '*' : `${scope}:${resource}`,
    })),
  });

async function allow(...statements: readonly Statement[]): Promise<string> {
  const policyName = `policy-${(policies += 1)}`;
  await rig.operator.createPolicy({ policyName, policyDocument: documentOf(statements) });
  await rig.operator.attachPolicy({ policyName, target: device.arn });
  return policyName;
}

const connectAs = (options: Partial<WireOptions> = {}) => login(rig, device, { clientId: 'lamp', ...options });

it('a certificate without policies does not connect, whatever it is attached to', async () => {
  await rig.operator.attachThingPrincipal({ thingName: 'lamp', principal: device.arn });
  expect((await connectAs())[1]).toBe(5);
  expect((await connectAs({ protocolVersion: 5 }))[1]).toBe(0x87);
});

it('iot:Connect is for the client ids that it names', async () => {
  await allow(['Allow', 'iot:Connect', 'client/lamp']);
  expect((await connectAs())[1]).toBe(0);
  expect((await connectAs({ clientId: 'door' }))[1]).toBe(5);
});

it('a last will on a topic that no policy allows is not let in, and connect_failed is told', async () => {
  await allow(
    ['Allow', 'iot:Connect', 'client/*'],
    ['Allow', 'iot:Publish', 'topic/rooms/*'],
    ['Allow', 'iot:Publish', 'topic/$aws/things/lamp/*'],
    ['Allow', 'iot:RetainPublish', 'topic/rooms/kept'],
    ['Allow', 'iot:Subscribe', '*'],
    ['Allow', 'iot:Receive', '*'],
  );
  const [watch] = await connectAs({ clientId: 'watch' });
  await watch.subscribe(['$aws/events/presence/connect_failed/lamp']);
  const payload = Buffer.from('bye');
  for (const [topic, retain, isAllowed] of [
    ['rooms/1', false, true],
    ['rooms/kept', true, true],
    ['rooms/1', true, false],
    ['other', false, false],
    ['$aws/things/lamp/jobs/get', false, true],
    ['$aws/things/door/jobs/get', false, false],
  ] as const) {
    for (const [protocolVersion, refusal] of [
      [4, 5],
      [5, 0x87],
    ] as const) {
      const [client, code] = await connectAs({ protocolVersion, will: { topic, payload, qos: 1, retain } });
      expect([topic, retain, code]).toEqual([topic, retain, isAllowed ? 0 : refusal]);
      if (isAllowed) client.send({ cmd: 'disconnect' });
      await client.closed;
    }
  }
  await watch.until(() => watch.messages.length === 6);
  expect(JSON.parse(watch.messages[0]?.payload ?? '')).toMatchObject({
    connectFailureReason: 'AUTHORIZATION_FAILED',
  });
});

it('iot:Publish is for the topics that it names; another one closes the connection without PUBACK', async () => {
  await allow(
    ['Allow', 'iot:Connect', 'client/*'],
    ['Allow', 'iot:Publish', 'topic/rooms/*'],
    ['Deny', 'iot:Publish', 'topic/rooms/secret'],
  );
  for (const topic of ['rooms/secret', 'other', '$aws/things/lamp/jobs/get', '$aws/rules/x']) {
    const [client] = await connectAs();
    client.publish('rooms/1', 'on');
    expect(await client.received('puback')).toBeDefined();
    client.publish(topic, '{}');
    await client.closed;
    expect(
      client.packets.filter(({ cmd }) => cmd === 'puback'),
      topic,
    ).toHaveLength(1);
  }
  const [client] = await connectAs({ protocolVersion: 5 });
  client.publish('other', '{}');
  await client.closed;
  expect(client.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
});

it('RETAIN needs iot:RetainPublish, too', async () => {
  await allow(
    ['Allow', 'iot:Connect', '*'],
    ['Allow', 'iot:Publish', '*'],
    ['Allow', 'iot:RetainPublish', 'topic/kept'],
  );
  const [client] = await connectAs();
  client.publish('kept', 'on', { retain: true });
  expect(await client.received('puback')).toBeDefined();
  client.publish('rooms/1', 'on', { retain: true });
  await client.closed;
});

it('iot:Subscribe is for the filters that it names, wildcards as they are', async () => {
  await allow(
    ['Allow', 'iot:Connect', '*'],
    ['Allow', 'iot:Subscribe', 'topicfilter/rooms/+/light'],
    ['Allow', 'iot:Subscribe', 'topicfilter/$aws/things/door/*'],
  );
  const filters = [
    'rooms/+/light',
    'rooms/1/light',
    '#',
    '$aws/things/door/jobs/#',
    '$aws/things/lamp/jobs/notify',
    '$share/g/rooms/+/light',
    '$share/g/rooms/#',
  ];
  const granted = await (await connectAs({ protocolVersion: 5 }))[0].subscribe(filters);
  expect(granted).toEqual([1, 0x87, 0x87, 1, 0x87, 1, 0x87]);
  // MQTT 3.1.1 is not told, but closed.
  for (const filter of ['rooms/1/light', '#']) {
    expect(await (await connectAs())[0].subscribe([filter])).toBeUndefined();
  }
});

it.each([
  ['a clean session', true],
  ['a persistent session', false],
])(
  'iot:Receive is asked at each delivery: what it does not name is dropped, and the connection stays (%s)',
  async (_what, clean) => {
    await allow(
      ['Allow', 'iot:Connect', '*'],
      ['Allow', 'iot:Subscribe', '*'],
      ['Allow', 'iot:Publish', '*'],
      ['Allow', 'iot:Receive', 'topic/rooms/*'],
      ['Allow', 'iot:Receive', 'topic/$aws/things/lamp/shadow/get/*'],
    );
    const [client] = await connectAs({ clean });
    await client.subscribe(['#', '$aws/things/#']);
    client.publish('secret', 'no');
    client.publish('$aws/things/lamp/shadow/update', '{"state":{"reported":{"a":1}}}');
    client.publish('$aws/things/lamp/shadow/get', '');
    // A reply is for who asked, whatever it may receive.
    client.publish('$aws/things/lamp/jobs/get', '{}');
    client.publish('rooms/1', 'yes');
    await client.until(() => client.messages.length === 3);
    await client.settled();
    expect(new Set(client.topics())).toEqual(
      new Set(['$aws/things/lamp/shadow/get/accepted', '$aws/things/lamp/jobs/get/accepted', 'rooms/1']),
    );
  },
);

it('variables stand for the client and for the thing that its certificate is attached to', async () => {
  await allow(
    ['Allow', 'iot:Connect', 'client/${iot:Connection.Thing.ThingName}'],
    ['Allow', 'iot:Publish', 'topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/get'],
    [
      'Allow',
      'iot:Publish',
      'topic/${iot:Connection.Thing.Attributes[site]}/${iot:ClientId}/${iot:Certificate.Subject.CommonName}',
    ],
  );
  expect((await connectAs())[1]).toBe(5);
  await rig.operator.attachThingPrincipal({ thingName: 'lamp', principal: device.arn });
  const [client, code] = await connectAs();
  expect(code).toBe(0);
  client.publish('$aws/things/lamp/shadow/get', '');
  client.publish('north/lamp/AWS IoT Certificate', '');
  await client.until(() => client.packets.filter(({ cmd }) => cmd === 'puback').length === 2);
  client.publish('$aws/things/door/shadow/get', '');
  await client.closed;
});

it('a change is in force at once, for those who are connected, too', async () => {
  const policyName = await allow(['Allow', 'iot:Connect', '*'], ['Allow', 'iot:Subscribe', 'topicfilter/one']);
  const [client] = await connectAs({ protocolVersion: 5 });
  expect(await client.subscribe(['one', 'two'])).toEqual([1, 0x87]);
  const policyDocument = documentOf([
    ['Allow', 'iot:Connect', '*'],
    ['Allow', 'iot:Subscribe', 'topicfilter/two'],
  ]);
  await rig.operator.createPolicyVersion({ policyName, policyDocument, setAsDefault: true });
  await rig.operator.deletePolicyVersion({ policyName, policyVersionId: '1' });
  expect(await client.subscribe(['one', 'two'])).toEqual([0x87, 1]);
  await rig.operator.detachPolicy({ policyName, target: device.arn });
  expect(await client.subscribe(['two'])).toEqual([0x87]);
  expect((await connectAs())[1]).toBe(5);
});

it('a provisioning claim allows to provision by its template, and nothing else', async () => {
  const templateBody = '{"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"claimed"}}}}';
  const provisioningRoleArn = 'arn:aws:iam::000000000000:role/provisioning';
  const template = { templateName: 'fleet', templateBody, provisioningRoleArn, enabled: true };
  await rig.operator.createProvisioningTemplate(template);
  const claim = await rig.operator.createProvisioningClaim({ templateName: 'fleet' });
  const credentials = { cert: claim.certificatePem ?? '', key: claim.keyPair?.PrivateKey ?? '' };
  const [client, code] = await login(rig, credentials, { clientId: 'anybody' });
  expect(code).toBe(0);
  const { body: made } = await client.request('$aws/certificates/create/json');
  const { certificateOwnershipToken } = made as unknown as { readonly certificateOwnershipToken: string };
  const provisioned = await client.request('$aws/provisioning-templates/fleet/provision/json', {
    certificateOwnershipToken,
  });
  expect(provisioned.body).toMatchObject({ thingName: 'claimed' });
  client.publish('$aws/provisioning-templates/other/provision/json', {});
  await client.closed;
});

it('what nobody may do, no policy allows', async () => {
  await allow(['Allow', '*', '*']);
  for (const topic of [
    '$aws/things/lamp/jobs/notify',
    '$aws/things/lamp/shadow/update/accepted',
    '$SYS/x',
    '$aws/events/x',
  ]) {
    const [client] = await connectAs();
    client.publish(topic, '{}');
    await client.closed;
  }
  const [client] = await connectAs({ protocolVersion: 5 });
  expect(await client.subscribe(['$SYS/#', '$share/g/$SYS/#', '$aws/things/+/jobs/#'])).toEqual([0x87, 0x87, 1]);
});

it('over HTTPS, the data planes are open as far as its policies go', async () => {
  const ask = (method: string, path: string, body = ''): Promise<number> => {
    const { port } = new URL(rig.service.httpsUrl ?? '');
    const { ca } = rig.service;
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      ca,
      cert: device.cert,
      key: device.key,
      servername: 'localhost',
      agent: false,
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject).end(body);
    });
  };
  expect(await ask('GET', '/things/lamp/shadow')).toBe(403);
  await allow(
    ['Allow', 'iot:GetThingShadow', 'thing/lamp'],
    ['Allow', 'iot:UpdateThingShadow', 'thing/lamp/config'],
    ['Allow', 'iotjobsdata:*', 'thing/lamp'],
  );
  expect(await ask('GET', '/things/lamp/shadow?name=none')).toBe(404);
  expect(await ask('GET', '/things/door/shadow')).toBe(403);
  expect(await ask('POST', '/things/lamp/shadow?name=config', '{"state":{}}')).toBe(200);
  expect(await ask('POST', '/things/lamp/shadow', '{"state":{}}')).toBe(403);
  expect(await ask('GET', '/things/lamp/jobs')).toBe(200);
  expect(await ask('GET', '/things/door/jobs')).toBe(403);
  expect(await ask('GET', '/things/lamp')).toBe(403);
  await rig.operator.updateCertificate({ certificateId: device.id, newStatus: 'REVOKED' });
  expect(await ask('GET', '/things/lamp/jobs')).toBe(403);
});

/** Certificates of the registry where nobody is asked for signatures: good at once, and no longer than they are active. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { foreignCertificate } from '../support/foreign-certificates.ts';
import {
  type Rig,
  login,
  makeDevice,
  makeDeviceWithKeys,
  secureConnect,
  start,
  stop,
} from '../support/registered-device.ts';
import { WireClient } from '../support/wire-client.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await start({});
  for (const thingName of ['lamp', 'door']) await rig.operator.createThing({ thingName });
});
afterAll(() => stop(rig));

it.each([
  ['of a request', makeDevice],
  ['with its keys', makeDeviceWithKeys],
])('a certificate is good as soon as it is made %s, for the thing of the client id', async (_, make) => {
  const [client, code] = await login(rig, await make(rig), { clientId: 'lamp', protocolVersion: 5 });
  expect(code).toBe(0);
  expect(await client.subscribe(['$aws/things/lamp/jobs/#', '$aws/things/door/jobs/#'])).toEqual([1, 0x87]);
});

it('attached to a thing, it is good for that thing, whatever the client id', async () => {
  const device = await makeDevice(rig);
  await rig.operator.attachThingPrincipal({ thingName: 'door', principal: device.arn });
  const [client] = await login(rig, device, { clientId: 'a client', protocolVersion: 5 });
  expect(await client.subscribe(['$aws/things/lamp/jobs/#', '$aws/things/door/jobs/#'])).toEqual([0x87, 1]);
});

it('attached to several, it is good for the one of the client id', async () => {
  const device = await makeDevice(rig);
  for (const thingName of ['lamp', 'door']) {
    await rig.operator.attachThingPrincipal({ thingName, principal: device.arn });
  }
  const [client] = await login(rig, device, { clientId: 'door', protocolVersion: 5 });
  expect(await client.subscribe(['$aws/things/lamp/jobs/#', '$aws/things/door/jobs/#'])).toEqual([0x87, 1]);
});

it.each([4, 5] as const)(
  'switched off, it cuts its holder off and lets nobody in (MQTT level %d)',
  async (protocolVersion) => {
    const device = await makeDevice(rig);
    const [client] = await login(rig, device, { clientId: 'lamp', protocolVersion });
    await rig.operator.updateCertificate({ certificateId: device.id, newStatus: 'INACTIVE' });
    await client.closed;
    if (protocolVersion === 5) expect(client.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
    expect((await login(rig, device, { clientId: 'lamp', protocolVersion }))[1]).toBe(protocolVersion === 5 ? 0x87 : 5);
    await rig.operator.updateCertificate({ certificateId: device.id, newStatus: 'ACTIVE' });
    expect((await login(rig, device, { clientId: 'lamp', protocolVersion }))[1]).toBe(0);
  },
);

it.each(['mqttsUrl', 'wssUrl'] as const)('of another authority, it is good once it is registered (%s)', async (url) => {
  const { certificate: cert, key } = await foreignCertificate('lamp');
  const attempt = async (): Promise<number | undefined> => {
    const socket = await secureConnect(rig.service[url]?.replace('/mqtt', ''), rig.service.ca, { cert, key });
    return await new WireClient(socket).login({ clientId: 'lamp' });
  };
  expect(await attempt()).not.toBe(0);
  const request = { certificatePem: cert, status: 'ACTIVE' } as const;
  await rig.operator.registerCertificateWithoutCA(request);
  expect(await attempt()).toBe(0);
});

it('no policy is needed', async () => {
  const device = await makeDevice(rig);
  const policyDocument = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';
  await rig.operator.createPolicy({ policyName: 'deny', policyDocument });
  await rig.operator.attachPolicy({ policyName: 'deny', target: device.arn });
  expect((await login(rig, device, { clientId: 'lamp' }))[1]).toBe(0);
});

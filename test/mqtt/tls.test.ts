/** MQTT over TLS: a device is who its certificate says, and the certificate has to come from the rig's own CA. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import type { MqttDoorOptions } from '../../broker/mqtt/mqtt-door.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';
import { testCertificates } from '../support/test-certificates.ts';

const { authority, certificates, lamp, secureConnect } = await testCertificates();
afterEach(closeDoors);

async function openTlsDoor(options: Partial<Omit<MqttDoorOptions, 'port'>> = {}) {
  const opened = await openDoor({ listeners: { tls: 0 }, certificates, ...options });
  return { ...opened, tlsPort: opened.door.ports.tls! };
}

const own = '$aws/things/lamp/jobs/notify';
const foreign = '$aws/things/fan/jobs/notify';

it('a thing certificate lets a device act for that thing, whatever its client id', async () => {
  const { tlsPort } = await openTlsDoor();
  const client = await connectAsync(`mqtts://127.0.0.1:${tlsPort}`, { clientId: 'fan', ca: authority.ca, ...lamp });
  const replied = new Promise<string>((resolve) => {
    client.once('message', resolve);
  });
  await client.subscribeAsync(own, { qos: 1 });
  await client.publishAsync('$aws/things/lamp/jobs/get', '{}', { qos: 1 });
  expect(await replied).toBe('$aws/things/lamp/jobs/get/accepted');
  await expect(client.subscribeAsync(foreign)).rejects.toThrow();
  await client.endAsync();
});

it('a bench certificate lets a client act for every thing', async () => {
  const { tlsPort } = await openTlsDoor();
  const client = new WireClient(await secureConnect(tlsPort, await authority.issueThingCertificate('*')));
  await client.login({ clientId: 'bench' });
  expect(await client.subscribe([own, foreign, '$aws/things/+/jobs/#'])).toEqual([1, 1, 1]);
});

describe('the handshake fails', () => {
  it.each([
    ['without a certificate', async () => ({})],
    ['with one of another CA', async () => (await openCertificateAuthority('memory')).issueThingCertificate('lamp')],
  ])('%s, and the service goes on', async (_what, credentials) => {
    const { tlsPort, happened } = await openTlsDoor();
    const socket = connect({ port: tlsPort, host: '127.0.0.1', ca: authority.ca, ...(await credentials()) });
    socket.on('error', () => {}); // an alert, or just the end
    await new Promise((resolve) => {
      socket.resume().once('close', resolve);
    });
    expect((await happened('refused')).message).toMatch(/certificate/i);
    const client = new WireClient(await secureConnect(tlsPort, lamp));
    expect(await client.login({ clientId: 'lamp' })).toBe(0);
  });

  it('for a device that trusts another CA', async () => {
    const { tlsPort } = await openTlsDoor();
    const { ca } = await openCertificateAuthority('memory');
    const socket = connect({ port: tlsPort, host: '127.0.0.1', ...lamp, ca });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/CERT|UNABLE_TO_VERIFY|SELF_SIGNED/);
  });
});

it('a handshake that never ends does not keep the door from closing', async () => {
  const { tlsPort, door } = await openTlsDoor();
  const silent = connectTcp({ port: tlsPort, host: '127.0.0.1' });
  await once(silent, 'connect');
  const client = new WireClient(await secureConnect(tlsPort, lamp));
  await client.login({ clientId: 'lamp' }); // so the silent one has been accepted, too
  await door.close();
});

it.each([[['x-amzn-mqtt-ca']], [['mqtt', 'x-amzn-mqtt-ca']], [undefined]])('ALPN %j is accepted', async (offered) => {
  const { tlsPort } = await openTlsDoor();
  const options = offered === undefined ? {} : { ALPNProtocols: offered };
  const socket = await secureConnect(tlsPort, { ...lamp, ...options });
  expect(socket.alpnProtocol).toBe(offered === undefined ? false : 'x-amzn-mqtt-ca');
  expect(await new WireClient(socket).login({ clientId: 'lamp' })).toBe(0);
});

it('with another identity asked for, no certificate is needed on TLS', async () => {
  const { tlsPort } = await openTlsDoor({ identity: 'client-id' });
  const client = new WireClient(await secureConnect(tlsPort, {}));
  await client.login({ clientId: 'lamp' });
  expect(await client.subscribe([own])).toEqual([1]);
  expect(await client.subscribe([foreign])).toBeUndefined();
});

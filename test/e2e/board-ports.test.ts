/**
 * One port with TLS for everything, as firmware with compiled-in ports expects it: MQTT, MQTT over WebSocket and HTTPS are
 * told apart by what the client names or sends first, and a signed URL leads back to where the device came from.
 */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IssuedCertificate, openCertificateAuthority } from '../../broker/certificates.ts';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { download } from '../support/download.ts';
import { WireClient } from '../support/wire-client.ts';
import { operatorOf } from '../support/operator.ts';
import { sharedFolder } from '../support/folders.ts';

const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/files' };
const document = '{"url":"${aws:iot:s3-presigned-url:s3://images/v2.bin}"}';

const directory = sharedFolder('board');
let lamp: IssuedCertificate;
let service: Service;

beforeAll(async () => {
  await mkdir(join(directory, 'files/images'), { recursive: true });
  await writeFile(join(directory, 'files/images/v2.bin'), 'firmware');
  const authority = await openCertificateAuthority(join(directory, 'data'));
  lamp = await authority.issueThingCertificate('lamp');
  service = await start();
  const operator = operatorOf(service);
  await operator.createThing({ thingName: 'lamp' });
  operator.destroy();
});

afterAll(async () => {
  await service.close();
});

function start(options: ServiceOptions = {}): Promise<Service> {
  return startService({ board: true, files: join(directory, 'files'), dataDir: join(directory, 'data'), ...options });
}

function portOf(url: string | undefined): number {
  return Number(new URL(url ?? '').port);
}

async function secureConnect(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port: portOf(service.wssUrl), host: '127.0.0.1', ca: service.ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function everythingFrom(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket as AsyncIterable<string>) text += chunk;
  return text;
}

describe('one port with TLS', () => {
  it.each([[['x-amzn-mqtt-ca']], [['mqtt']], [undefined]])('speaks MQTT with who offers %j', async (offered) => {
    const ALPNProtocols = offered && { ALPNProtocols: offered };
    const client = new WireClient(await secureConnect({ ...lamp, ...ALPNProtocols }));
    expect(await client.login({ clientId: 'lamp' })).toBe(0);
  });

  it.each([[['x-amzn-http-ca']], [['h2', 'http/1.1']], [undefined]])(
    'speaks HTTP with who offers %j',
    async (offered) => {
      const ALPNProtocols = offered && { ALPNProtocols: offered };
      const socket = await secureConnect({ ...lamp, ...ALPNProtocols });
      socket.write('GET /things/lamp/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      expect(await everythingFrom(socket)).toMatch(/^HTTP\/1\.1 200 OK[^]*"inProgressJobs":\[\]/);
    },
  );

  it('speaks HTTP with who sends its first bytes one by one', async () => {
    const socket = await secureConnect({});
    socket.setNoDelay(true);
    for (const byte of 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n') socket.write(byte);
    expect(await everythingFrom(socket)).toContain('{"status":"ok"}');
  });

  it('speaks MQTT over WebSocket, too', async () => {
    const client = await connectAsync(service.wssUrl ?? '', { clientId: 'lamp', ca: service.ca, reconnectPeriod: 0 });
    await client.endAsync();
  });

  it('lets nobody speak MQTT without a certificate', async () => {
    const client = new WireClient(await secureConnect({}));
    expect(await client.login({ clientId: 'lamp' })).toBe(5);
  });

  it('is the only one for HTTPS', () => {
    expect(portOf(service.httpsUrl)).toBe(portOf(service.wssUrl));
  });
});

/** What a device is handed that names this host in the handshake. */
async function urlFor(rig: Service, servername: string): Promise<string> {
  const operator = operatorOf(rig);
  const jobId = servername.replace('.', '-');
  const { thingArn = '' } = await operator.createThing({ thingName: 'lamp' });
  await operator.createJob({ jobId, targets: [thingArn], document, presignedUrlConfig });
  operator.destroy();
  const { port } = new URL(rig.mqttsUrl ?? '');
  const device = await connectAsync({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: Number(port),
    clientId: 'lamp',
    reconnectPeriod: 0,
    servername,
    ca: rig.ca,
    ...lamp,
  });
  const heard = new Promise<Buffer>((resolve) => {
    device.once('message', (_topic, message) => resolve(message));
  });
  await device.publishAsync(`$aws/things/lamp/jobs/${jobId}/get`, '{}', { qos: 1 });
  const payload = await heard;
  await device.endAsync();
  const { execution } = JSON.parse(payload.toString()) as { execution: { jobDocument: { url: string } } };
  return execution.jobDocument.url;
}

describe('a signed URL', () => {
  it('leads back to the host name by which the device came', async () => {
    const url = await urlFor(service, 'localhost');
    expect(url.startsWith(`https://localhost:${portOf(service.wssUrl)}/files/images/v2.bin?`)).toBe(true);
    expect((await download(url, service.ca)).body.toString()).toBe('firmware');
  });

  it('leads to the advertised host, without the port that https implies, and its certificate is good', async () => {
    await service.close();
    service = await start({ advertise: { host: 'rig.test', port: 443 } });
    const url = await urlFor(service, 'rig.test');
    expect(url.startsWith('https://rig.test/files/images/v2.bin?')).toBe(true);
    const answer = await download(url, service.ca, { port: portOf(service.httpsUrl) });
    expect(answer.body.toString()).toBe('firmware');
    const operator = operatorOf(service);
    expect((await operator.describeEndpoint({})).endpointAddress).toBe('rig.test');
    operator.destroy();
  });
});

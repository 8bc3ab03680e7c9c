import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { startService } from '../../broker/start-service.ts';
import { untilClosed } from '../support/until-closed.ts';
import { download } from '../support/download.ts';
import { operatorOf } from '../support/operator.ts';
import { testFolder } from '../support/folders.ts';

describe('startService', () => {
  it('carries a job from the SDK to a device over MQTT, and goes with its scope', async () => {
    let httpUrl: string | undefined;
    {
      await using service = await startService({ region: 'eu-north-1', account: '123456789012' });
      ({ httpUrl } = service);
      const operator = operatorOf({ httpUrl });
      const { thingArn } = await operator.createThing({ thingName: 'T' });
      expect(thingArn).toBe('arn:aws:iot:eu-north-1:123456789012:thing/T');

      const device = await connectAsync(service.mqttUrl ?? '', { clientId: 'T', reconnectPeriod: 0 });
      const told = new Promise<string>((resolve) => {
        device.once('message', (topic) => resolve(topic));
      });
      await device.subscribeAsync('$aws/things/T/jobs/notify-next', { qos: 1 });
      expect(service.connectedClients).toBe(1);
      await operator.createJob({ jobId: 'J', targets: [thingArn ?? ''], document: '{}' });
      expect(await told).toBe('$aws/things/T/jobs/notify-next');
      await device.endAsync();
      operator.destroy();
    }
    await expect(fetch(`${httpUrl}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('speaks TLS with a certificate of its own authority, which a data directory keeps', async () => {
    const dataDir = testFolder();
    const { ca, caFile, close } = await startService({ dataDir });
    await close();
    await using second = await startService({ dataDir });
    expect(second.ca).toBe(ca);
    expect(await readFile(caFile ?? '', 'utf8')).toBe(ca);
    const certificate = await (await openCertificateAuthority(dataDir)).issueThingCertificate('T');
    const device = await connectAsync(second.mqttsUrl ?? '', { ca, ...certificate, reconnectPeriod: 0 });
    await device.endAsync();
    await second.close();
  });

  it('names the endpoint at which devices find it', async () => {
    await using service = await startService();
    const operator = operatorOf(service);
    const { endpointAddress } = await operator.describeEndpoint({ endpointType: 'iot:Data-ATS' });
    expect(`https://${endpointAddress}`).toBe(service.httpsUrl);
    operator.destroy();
  });

  it('does not listen where it is told not to', async () => {
    await using service = await startService({ mqttsPort: 'off', httpsPort: 'off', mqttPort: 'off' });
    expect([service.mqttUrl, service.mqttsUrl, service.httpsUrl]).toEqual([undefined, undefined, undefined]);
    expect((await fetch(`${service.httpUrl}/healthz`)).status).toBe(200);
  });

  it('leaves nothing open when one of its ports is taken', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.listen(0, '127.0.0.1', resolve);
    });
    const { port } = blocker.address() as AddressInfo;
    await using probe = await startService({ mqttPort: 0 });
    const mqttPort = Number(new URL(probe.mqttUrl ?? '').port);
    await probe.close();
    await expect(startService({ mqttPort, httpPort: port })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    await using again = await startService({ mqttPort });
    expect(again.mqttUrl).toBe(probe.mqttUrl);
    blocker.close();
  });

  it('runs its timers at the pace it was given', async () => {
    await using service = await startService({ timeScale: 60_000 });
    const submit = service.port.submit.bind(service.port);
    const thingArn = 'arn:aws:iot:us-east-1:000000000000:thing/T';
    const timedOut = new Promise<void>((resolve) => {
      service.port.onEffect((effect) => {
        if (effect.kind === 'notify-next' && effect.head === undefined) resolve();
      });
    });
    submit({ name: 'iot:CreateThing', request: { thingName: 'T' } }, () => {});
    submit(
      {
        name: 'iot:CreateJob',
        request: { jobId: 'J', targets: [thingArn], document: '{}', timeoutConfig: { inProgressTimeoutInMinutes: 1 } },
      },
      () => {},
    );
    submit({ name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'T' } }, () => {});
    await timedOut;
  });

  it('lets nobody in who shows nothing, once it has access keys', async () => {
    await using service = await startService({ accessKeys: { ID: 'SECRET' } });
    expect(service.mqttUrl).toBeUndefined();
    for (const url of [service.wsUrl ?? '', service.wssUrl ?? '']) {
      const [error] = (await once(new WebSocket(url, 'mqtt', { ca: service.ca }), 'error')) as [Error];
      expect(error.message).toBe('Unexpected server response: 403');
    }
    const { port } = new URL(service.mqttsUrl ?? '');
    const nobody = connectTls({ port: Number(port), host: '127.0.0.1', ca: service.ca, servername: 'localhost' });
    await untilClosed(nobody.resume());
    expect((await fetch(`${service.httpUrl}/things`)).status).toBe(403);
    expect((await fetch(`${service.httpUrl}/jobs-data/things/T/jobs`)).status).toBe(403);
  });

  it('throttles as AWS does when it is strict', async () => {
    await using service = await startService({ strict: true });
    const codes: string[] = [];
    for (let sent = 0; sent < 12; sent += 1) {
      service.port.submit({ name: 'iot:ListJobs', request: {} }, (reply) => !reply.accepted && codes.push(reply.code));
    }
    expect(new Set(codes)).toEqual(new Set(['RequestThrottled']));
  });

  it('gives a document from its files, and the URLs in it open across a restart', async () => {
    const files = testFolder();
    const dataDir = testFolder();
    await mkdir(join(files, 'images'));
    const link = '${aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/images/firmware.bin}';
    await writeFile(join(files, 'images', 'job.json'), JSON.stringify({ url: link }));
    await writeFile(join(files, 'images', 'firmware.bin'), 'new image');
    const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];
    let path: string;
    {
      await using service = await startService({ files, dataDir });
      const operator = operatorOf(service);
      await operator.createThing({ thingName: 'T' });
      const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/files' };
      const documentSource = 'https://images.s3.us-east-1.amazonaws.com/job.json';
      await operator.createJob({ jobId: 'J', targets, documentSource, presignedUrlConfig });
      operator.destroy();
      const answer = await fetch(`${service.httpUrl}/jobs-data/things/T/jobs/$next`);
      const { execution } = (await answer.json()) as { execution: { jobDocument: string } };
      const { url } = JSON.parse(execution.jobDocument) as { url: string };
      expect(url.startsWith(`${service.httpsUrl}/`)).toBe(true);
      expect((await download(url, service.ca)).body.toString()).toBe('new image');
      path = url.slice(service.httpsUrl?.length);
    }
    await using again = await startService({ files, dataDir });
    expect(await (await fetch(`${again.httpUrl}${path}`)).text()).toBe('new image');
    await again.close();
    await Promise.all([files, dataDir].map((directory) => rm(directory, { recursive: true })));
  });
});

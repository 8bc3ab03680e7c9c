import { DeleteJobExecutionCommand } from '@aws-sdk/client-iot';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../observation/observation.ts';
import type { LiveDevice } from '../../agent/live-device.ts';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { readJobDocument } from '../../rig/live/demo/documents.ts';
import { testFolder } from '../support/folders.ts';
import { finished, liveFleet, liveService, lookAt } from '../support/live.ts';

const firmware = await readJobDocument('jobrig-firmware.json');

function entersWrite(event: Observation): boolean {
  return event.kind === 'traced' && event.trace.kind === 'step' && event.trace.step === 'write';
}

describe('a live device', () => {
  it('runs a firmware job over TCP to a confirmed image', async () => {
    const { service, operator } = await liveService();
    await operator.createThings(['thing-1'], 'all');
    const { fleet, when } = await liveFleet({ endpoint: service.mqttUrl! });
    await operator.createJob({ jobId: 'update', things: ['thing-1'], document: firmware });
    await when(finished('update'));
    expect(await operator.execution({ jobId: 'update', thingName: 'thing-1' })).toMatchObject({ status: 'SUCCEEDED' });
    const view = fleet.devices.get('thing-1')!.view();
    expect(view).toMatchObject({ runningVersion: '2.0.0', step: 'idle' });
    expect(fleet.counters()).toEqual({ connected: 1, succeeded: 1, failed: 0, rejected: 0, pulled: 0 });
  });

  it('runs a job over TLS with a certificate of its own', async () => {
    const dataDir = testFolder();
    const { service, operator } = await liveService({ dataDir });
    const authority = await openCertificateAuthority(dataDir);
    const credentials = await authority.issueThingCertificate('thing-1');
    await operator.createThings(['thing-1'], 'all');
    const { when } = await liveFleet({
      endpoint: service.mqttsUrl!,
      credentialsOf: () => ({ ca: service.ca, ...credentials }),
    });
    await operator.createJob({ jobId: 'restart', things: ['thing-1'], document: '{"operation":"reboot"}' });
    await when(finished('restart'));
    expect(await operator.execution({ jobId: 'restart', thingName: 'thing-1' })).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('serves more namespaces than fit in one SUBSCRIBE', async () => {
    const { service, operator } = await liveService();
    const namespaces = ['one', 'two', 'three', 'four', 'five'];
    await operator.createThings(['thing-1'], 'all');
    const { when } = await liveFleet({ endpoint: service.mqttUrl!, namespaces });
    await operator.createJob({
      jobId: 'job',
      things: ['thing-1'],
      document: '{"operation":"reboot"}',
      namespaceId: 'five',
    });
    await when(finished('job'));
  });

  it('goes no further while it is held, and learns of a pull when it goes on', async () => {
    const { service, operator } = await liveService();
    await operator.createThings(['thing-1'], 'all');
    const held: { device?: LiveDevice } = {};
    const { fleet, events, when } = await liveFleet({
      endpoint: service.mqttUrl!,
      observer: lookAt((event) => {
        if (entersWrite(event)) held.device?.hold();
      }),
    });
    const device = fleet.devices.get('thing-1')!;
    held.device = device;
    await operator.createJob({ jobId: 'update', things: ['thing-1'], document: firmware });
    await when(entersWrite);
    const told = events.length;
    await operator.send(
      new DeleteJobExecutionCommand({ jobId: 'update', thingName: 'thing-1', executionNumber: 1, force: true }),
    );
    expect(events).toHaveLength(told);
    expect(device.view().step).toBe('write');
    delete held.device;
    device.release();
    await when((event) => event.kind === 'traced' && event.trace.kind === 'recovered');
    expect(device.view()).toMatchObject({ step: 'idle', runningVersion: '1.0.0' });
    expect(fleet.counters().pulled).toBe(1);
  });

  it('takes a job up again after a power cut in the middle of it', async () => {
    const { service, operator } = await liveService();
    await operator.createThings(['thing-1'], 'all');
    const toCut: LiveDevice[] = [];
    const { fleet, when } = await liveFleet({
      endpoint: service.mqttUrl!,
      observer: lookAt((event) => {
        const device = entersWrite(event) ? toCut.pop() : undefined;
        device?.powerCut();
        device?.powerOn();
      }),
    });
    const device = fleet.devices.get('thing-1')!;
    toCut.push(device);
    await operator.createJob({ jobId: 'update', things: ['thing-1'], document: firmware });
    await when(finished('update'));
    expect(toCut).toEqual([]);
    expect(await operator.execution({ jobId: 'update', thingName: 'thing-1' })).toMatchObject({ status: 'SUCCEEDED' });
    expect(device.view()).toMatchObject({ runningVersion: '2.0.0' });
  });

  it('comes back by itself when the service was away', async () => {
    const first = await liveService();
    const port = Number(new URL(first.service.mqttUrl!).port);
    const { fleet, when } = await liveFleet({ endpoint: first.service.mqttUrl! });
    await first.service.close();
    await when((event) => event.kind === 'disconnected');
    expect(fleet.counters().connected).toBe(0);
    const second = await liveService({ mqttPort: port });
    const connections = () => fleet.counters().connected;
    await when((event) => event.kind === 'connected' && connections() === 1);
    await second.operator.createThings(['thing-1'], 'all');
    await second.operator.createJob({ jobId: 'after', things: ['thing-1'], document: '{"operation":"reboot"}' });
    await when(finished('after'));
  });
});

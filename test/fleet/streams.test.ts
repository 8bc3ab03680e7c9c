/** Live devices and an OTA update over MQTT: the blocks really come, by the device's own connection, and can be seen. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IoT } from '@aws-sdk/client-iot';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObservationOf } from '../../observation/observation.ts';
import { finished, liveFleet, liveService } from '../support/live.ts';
import { operatorOf } from '../support/operator.ts';
import { testFolder } from '../support/folders.ts';

const sizeBytes = 100_000;

let directory: string;
let operator: IoT;
let seen: ObservationOf<'download'>[];

beforeEach(async () => {
  seen = [];
  directory = testFolder('fleet');
  await mkdir(join(directory, 'images'));
  await writeFile(join(directory, 'images/v2.bin'), Buffer.alloc(sizeBytes, 7));
});

afterEach(async () => {
  operator.destroy();
});

async function fleetWithUpdate() {
  const { service } = await liveService({
    files: directory,
    observer: { download: (download) => void seen.push(download) },
  });
  operator = operatorOf(service);
  const { thingArn = '' } = await operator.createThing({ thingName: 'bench-1' });
  const watched = await liveFleet({ endpoint: service.mqttUrl!, things: 1, prefix: 'bench-' });
  const update = (otaUpdateId: string, version: string) =>
    operator.createOTAUpdate({
      otaUpdateId,
      targets: [thingArn],
      roleArn: 'arn:aws:iam::000000000000:role/ota',
      files: [{ fileLocation: { s3Location: { bucket: 'images', key: 'v2.bin' } }, attributes: { version } }],
    });
  return { ...watched, update };
}

it('a device finishes an update block by block', async () => {
  const { fleet, when, update } = await fleetWithUpdate();
  await update('u', '2.0.0');
  await when(finished('AFR_OTA-u'));
  expect(fleet.devices.get('bench-1')!.view().runningVersion).toBe('2.0.0');
  const whole = seen.filter(({ state }) => state === 'finished');
  // A block for which the device had to wait too long it asks for again.
  const blocks = new Map(whole.map(({ fromByte, bytes }) => [fromByte, bytes]));
  expect([...blocks.values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(sizeBytes);
  expect(new Set(whole.map(({ jobId, via, thingName }) => `${jobId} ${via} ${thingName}`))).toEqual(
    new Set(['AFR_OTA-u stream bench-1']),
  );
});

it('a device whose update is deleted under it asks no more, and finishes the next one', async () => {
  const { fleet, when, update } = await fleetWithUpdate();
  await update('u', '2.0.0');
  await when((event) => event.kind === 'traced' && event.trace.kind === 'step' && event.trace.step === 'verify');
  await operator.deleteOTAUpdate({ otaUpdateId: 'u', forceDeleteAWSJob: true, deleteStream: true });
  await when((event) => event.kind === 'traced' && event.trace.kind === 'pulled');
  const asked = seen.length;
  await update('v', '3.0.0');
  await when(finished('AFR_OTA-v'));
  expect(fleet.devices.get('bench-1')!.view().runningVersion).toBe('3.0.0');
  // What was on its way when the device learned of it may have been seen after it.
  expect(
    seen.slice(asked).filter(({ jobId, state }) => jobId === 'AFR_OTA-u' && state === 'asked').length,
  ).toBeLessThan(2);
});

/**
 * The daemon of Greengrass nucleus lite, played from what it was seen to do (docs/field-notes.md): its deployments are jobs in a
 * namespace, and its health report goes to a topic that nobody answers.
 */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { FieldBench, type FieldDevice } from '../support/field-bench.ts';
import { NucleusLite, deploymentNamespace } from '../support/greengrass.ts';

let bench: FieldBench;
let device: FieldDevice;
let greengrass: NucleusLite;

beforeEach(async () => {
  bench = await FieldBench.open();
  device = await bench.connect(8883, { clean: true, keepalive: 30 });
  greengrass = new NucleusLite(bench.thingName, device.client);
  await greengrass.start();
});
afterEach(() => bench.close());

async function deploy(jobId: string): Promise<void> {
  await bench.operator.createJob({
    jobId,
    targets: [bench.thingArn],
    document: JSON.stringify({ deploymentId: jobId, components: {} }),
    namespaceId: deploymentNamespace,
  });
}

/** Sent when it starts, and after every deployment. */
async function reportHealth(): Promise<void> {
  const payload = { ggcVersion: '2.3.0', platform: 'linux', thing: bench.thingName, sequenceNumber: 1, components: [] };
  await device.publish('greengrassv2/health/json', payload, 1);
}

it('reports its health, takes a deployment and ends it on one connection', async () => {
  await reportHealth();
  await deploy('d1');
  await greengrass.logged('got d1');
  expect(await greengrass.update('d1', 'IN_PROGRESS')).toBe('accepted');
  await reportHealth();
  expect(await greengrass.update('d1', 'SUCCEEDED')).toBe('accepted');
  expect((await bench.execution('d1'))?.status).toBe('SUCCEEDED');
  expect(device.isCut).toBe(false);
});

it('goes on with the next deployment when the one under way is deleted', async () => {
  await deploy('d1');
  await greengrass.logged('got d1');
  expect(await greengrass.update('d1', 'IN_PROGRESS')).toBe('accepted');
  await bench.operator.deleteJob({ jobId: 'd1', force: true, namespaceId: deploymentNamespace });
  expect(await greengrass.update('d1', 'SUCCEEDED')).toBe('ResourceNotFound');
  await reportHealth();
  await deploy('d2');
  await greengrass.logged('got d2');
  expect(device.isCut).toBe(false);
});

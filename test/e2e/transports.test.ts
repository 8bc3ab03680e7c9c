/** jobrig's own devices by every transport that a service opens, each to the end of a job. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { finished, liveFleet, liveService } from '../support/live.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('test');

it.each(['mqtt', 'mqtts', 'ws', 'wss'] as const)('a device by %s does its job', async (scheme) => {
  const dataDir = join(folder, scheme);
  const { service, operator } = await liveService({ dataDir });
  const endpoint = { mqtt: service.mqttUrl, mqtts: service.mqttsUrl, ws: service.wsUrl, wss: service.wssUrl }[scheme];
  const authority = await openCertificateAuthority(dataDir);
  const certificate = { ca: authority.ca, ...(await authority.issueThingCertificate('bench-1')) };
  await operator.createThings(['bench-1'], 'all');
  const credentialsOf = scheme === 'mqtts' || scheme === 'wss' ? () => certificate : undefined;
  const { fleet, when } = await liveFleet({ endpoint: endpoint!, prefix: 'bench-', credentialsOf });
  await operator.createJob({ jobId: 'ok', things: ['bench-1'], document: '{"operation":"reboot"}' });
  await when(finished('ok'));
  expect(fleet.counters()).toMatchObject({ succeeded: 1, failed: 0 });
});

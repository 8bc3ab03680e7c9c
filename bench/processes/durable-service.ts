/** A child process: jobrig's service as it is served, with everything on disk before it is answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../../broker/start-service.ts';
import { benchIdentity, createRollout } from '../services/rollout.ts';
import { serveUnderLoad } from '../services/service-questions.ts';

serveUnderLoad(async (things) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'jobrig-bench-'));
  process.once('exit', () => rmSync(dataDir, { recursive: true }));
  const service = await startService({ ...benchIdentity, mqttsPort: 'off', dataDir });
  const { port: mqttPort } = new URL(service.mqttUrl!);
  return { mqttPort: Number(mqttPort), rollout: createRollout(service.port, things) };
});

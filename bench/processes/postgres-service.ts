/** A child process: jobrig's service as it is served, with everything in PostgreSQL, on its disk, before it is answered. */
import { startService } from '../../broker/start-service.ts';
import { startPostgres } from '../postgres.ts';
import { findPostgres } from '../postgres-user.ts';
import { benchIdentity, createRollout } from '../services/rollout.ts';
import { serveUnderLoad } from '../services/service-questions.ts';

serveUnderLoad(async (things) => {
  const { url: database, end } = await startPostgres(findPostgres()!);
  process.once('exit', end);
  const service = await startService({ ...benchIdentity, mqttsPort: 'off', database });
  const { port: mqttPort } = new URL(service.mqttUrl!);
  return { mqttPort: Number(mqttPort), rollout: createRollout(service.port, things) };
});

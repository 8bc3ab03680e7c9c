/** A child process: jobrig's service as it is served, in memory. */
import { startService } from '../../broker/start-service.ts';
import { benchIdentity, createRollout } from '../services/rollout.ts';
import { serveUnderLoad } from '../services/service-questions.ts';

serveUnderLoad(async (things) => {
  const service = await startService({ ...benchIdentity, mqttsPort: 'off' });
  const { port: mqttPort } = new URL(service.mqttUrl!);
  const { port: httpPort } = new URL(service.httpUrl!);
  return { mqttPort: Number(mqttPort), httpPort: Number(httpPort), rollout: createRollout(service.port, things) };
});

/** A child process: the baseline, the same engine wired to aedes naively. */
import { scaledClock } from '../../broker/clock.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import { createRuntime } from '../../broker/runtime.ts';
import { openNaiveDoor } from '../naive/naive-wiring.ts';
import { benchIdentity, createRollout } from '../services/rollout.ts';
import { serveUnderLoad } from '../services/service-questions.ts';

serveUnderLoad(async (things) => {
  const port = createRuntime({ engine: createEngine({ identity: benchIdentity }), clock: scaledClock() });
  return { mqttPort: await openNaiveDoor(port), rollout: createRollout(port, things) };
});

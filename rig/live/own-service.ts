/** What a service listens on that a run starts for itself: nobody else is meant to come, so TCP and HTTP on free ports. */
import type { ServiceOptions } from '../../broker/start-service.ts';

export const onlyPlain = {
  mqttPort: 0,
  mqttsPort: 'off',
  wsPort: 'off',
  wssPort: 'off',
  httpPort: 0,
  httpsPort: 'off',
} as const satisfies ServiceOptions;

/** The service behind its HTTP door with the real AWS clients in front of it, on a clock that only the test moves. */
import type { IoT } from '@aws-sdk/client-iot';
import type { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { handledOperations } from '../../broker/engine/dispatch.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { openHttpDoor } from '../../broker/http/http-door.ts';
import { createRuntime } from '../../broker/runtime.ts';
import type { DoorProcess } from './door-process.ts';
import { linked } from './linked.ts';
import { type ManualClock, createManualClock } from './manual-clock.ts';
import { operatorOf, jobsDataPlaneOf } from './operator.ts';

export interface HttpService {
  readonly operator: IoT;
  readonly device: IoTJobsDataPlane;
  readonly clock: ManualClock;
  readonly port: ServicePort;
  readonly httpPort: number;
  close(): Promise<void>;
}

/** @param where the engine is: beside the door, on a link, or on that of a door in a process of its own. */
export async function startHttpService(where: 'here' | 'on a link' | DoorProcess = 'here'): Promise<HttpService> {
  const clock = createManualClock();
  const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
  const runtime = createRuntime({ engine, clock });
  const { httpPort, close } = await opened(where, runtime);
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  const operator = operatorOf({ httpUrl });
  const device = jobsDataPlaneOf({ httpUrl });
  return {
    operator,
    device,
    clock,
    port: runtime,
    httpPort,
    async close() {
      operator.destroy();
      device.destroy();
      await close();
      await runtime.close();
    },
  };
}

async function opened(where: 'here' | 'on a link' | DoorProcess, runtime: ServicePort) {
  if (typeof where === 'object') {
    await where.linkTo(runtime);
    return { httpPort: Number(new URL(where.endpoints['http']!).port), close: () => Promise.resolve() };
  }
  const link = where === 'on a link' ? await linked(runtime) : undefined;
  const door = await openHttpDoor({
    port: link?.doors[0]?.port ?? runtime,
    handled: handledOperations,
    listeners: { http: 0 },
    status: () => ({ endpoints: {}, connectedClients: 0 }),
  });
  return { httpPort: door.ports.http ?? 0, close: () => door.close() };
}

/** A real service, a real operator and real devices for tests: free loopback ports, everything closed after each test. */
import { startFleet } from '../../agent/fleet.ts';
import type { Fleet, FleetOptions } from '../../agent/fleet.ts';
import type { DeviceEvent } from '../../agent/device-events.ts';
import { startService } from '../../broker/start-service.ts';
import type { Service, ServiceOptions } from '../../broker/start-service.ts';
import { Operator } from '../../rig/live/operator.ts';
import { endAfterTest } from './after-test.ts';

const timeScale = 50;

export async function liveService(options: ServiceOptions = {}): Promise<{ service: Service; operator: Operator }> {
  const service = await startService({ timeScale, ...options });
  endAfterTest(() => service.close());
  const operator = new Operator({
    endpoint: service.httpUrl ?? '',
    region: 'us-east-1',
    now: () => service.port.now(),
  });
  endAfterTest(() => operator[Symbol.dispose]());
  return { service, operator };
}

export interface WatchedFleet {
  readonly fleet: Fleet;
  readonly events: (readonly [thingName: string, event: DeviceEvent])[];
  /** The first event, past or to come, for which `matches`; of the past only what came after the first `since` events. */
  when(matches: (event: DeviceEvent, thingName: string) => boolean, since?: number): Promise<DeviceEvent>;
}

export async function liveFleet(
  options: Omit<FleetOptions, 'things'> & { readonly things?: number },
): Promise<WatchedFleet> {
  const events: [string, DeviceEvent][] = [];
  const waiting = new Set<() => void>();
  const fleet = await startFleet({
    timeScale,
    things: 1,
    ...options,
    onEvent(thingName, event) {
      events.push([thingName, event]);
      options.onEvent?.(thingName, event);
      for (const look of waiting) look();
    },
  });
  endAfterTest(() => fleet.close());
  const when: WatchedFleet['when'] = (matches, since = 0) =>
    new Promise((resolve) => {
      let seen = since;
      const look = () => {
        for (; seen < events.length; seen += 1) {
          const [thingName, event] = events[seen]!;
          if (!matches(event, thingName)) continue;
          waiting.delete(look);
          return resolve(event);
        }
      };
      waiting.add(look);
      look();
    });
  return { fleet, events, when };
}

export function finished(jobId: string): (event: DeviceEvent) => boolean {
  return (event) => event.kind === 'trace' && event.trace.kind === 'finished' && event.trace.execution.jobId === jobId;
}

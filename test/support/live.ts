/** A real service, a real operator and real devices for tests: free loopback ports, everything closed after each test. */
import { startFleet } from '../../agent/fleet.ts';
import type { Fleet, FleetOptions } from '../../agent/fleet.ts';
import { startService } from '../../broker/start-service.ts';
import type { Service, ServiceOptions } from '../../broker/start-service.ts';
import type { Kind, Observation, Observer } from '../../observation/observation.ts';
import { observeAll } from '../../observation/observers.ts';
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
  /** What was seen of the devices, of the kinds that tell a story. */
  readonly events: readonly Observation[];
  /** The first of them, past or to come, for which `matches`; of the past only what came after the first `since`. */
  when(matches: (event: Observation) => boolean, since?: number): Promise<Observation>;
}

const told = [
  'sent',
  'received',
  'traced',
  'connected',
  'connect-failed',
  'disconnected',
  'power',
  'hung',
  'fault',
] as const;

/** Looks at what tells a story: neither at every packet nor at snapshots. */
export function lookAt(look: (event: Observation) => void): Observer {
  return Object.fromEntries(told.map((kind: Kind) => [kind, look]));
}

export async function liveFleet(
  options: Omit<FleetOptions, 'things'> & { readonly things?: number },
): Promise<WatchedFleet> {
  const events: Observation[] = [];
  const waiting = new Set<() => void>();
  const fleet = await startFleet({
    timeScale,
    things: 1,
    ...options,
    observer: observeAll([
      lookAt((event) => void events.push(event)),
      options.observer ?? {},
      lookAt(() => {
        for (const look of waiting) look();
      }),
    ]),
  });
  endAfterTest(() => fleet.close());
  const when: WatchedFleet['when'] = (matches, since = 0) =>
    new Promise((resolve) => {
      let seen = since;
      const look = () => {
        for (; seen < events.length; seen += 1) {
          const event = events[seen]!;
          if (!matches(event)) continue;
          waiting.delete(look);
          return resolve(event);
        }
      };
      waiting.add(look);
      look();
    });
  return { fleet, events, when };
}

export function finished(jobId: string): (event: Observation) => boolean {
  return (event) => event.kind === 'traced' && event.trace.kind === 'finished' && event.trace.execution.jobId === jobId;
}

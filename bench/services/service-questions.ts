/** What every measured service process answers, whatever is inside: the alternatives differ in nothing else. */
import type { Questions } from '../../rig/process/child.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';
import type { Rollout } from './rollout.ts';

export interface ServiceUnderLoad {
  readonly mqttPort: number;
  /** Absent: it has no REST API. */
  readonly httpPort?: number;
  readonly rollout: Rollout;
}

export interface ServiceQuestions extends Questions {
  /** Starts it, with its things registered. @returns the MQTT port on 127.0.0.1 */
  readonly open: (body: { readonly things: number }) => Promise<number>;
  /** Of the opened one. */
  readonly httpPort: (body: undefined) => Promise<number>;
  /** A new job. @returns its id */
  readonly begin: (body: undefined) => Promise<string>;
  readonly queueAll: (body: undefined) => Promise<void>;
  readonly run: (body: { readonly executions: number; readonly window: number }) => Promise<number>;
}

export function serveUnderLoad(open: (things: number) => Promise<ServiceUnderLoad>): void {
  let service: ServiceUnderLoad | undefined;
  const rollout = () => {
    if (service === undefined) throw new Error('open comes first');
    return service.rollout;
  };
  serveParent({
    open: async ({ things }) => {
      service = await open(things);
      return service.mqttPort;
    },
    httpPort: () => Promise.resolve(service?.httpPort ?? 0),
    begin: () => rollout().begin(),
    queueAll: () => rollout().queueAll(),
    run: ({ executions, window }) => rollout().run(executions, window),
  } satisfies ServiceQuestions);
}

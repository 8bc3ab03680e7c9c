/**
 * The service of a load run as its operator sees it: in this process; as an engine with doors in processes of their own
 * (broker/processes), which is `serve --processes` and nothing else; or as an engine whose doors the processes of the fleet have.
 */
import type { Duplex } from 'node:stream';
import type { ServicePort } from '../../broker/engine/port.ts';
import { allDoors } from '../../broker/link/owner.ts';
import type { DoorOrder, ExecutionCount } from '../../broker/processes/contract.ts';
import type { ProcessUsage } from '../../broker/processes/process-usage.ts';
import type { ServiceOptions } from '../../broker/start-service.ts';

export type OrderOfDoor = Omit<DoorOrder, 'kind'>;

export interface ServiceHost {
  readonly port: ServicePort;
  /** Absent: there are no ports for devices. */
  readonly mqttUrl: string | undefined;
  /** Of the live page; absent as long as no door is open. */
  readonly pageUrl: string | undefined;
  /** Of doors elsewhere. */
  readonly orders: readonly OrderOfDoor[];
  doorsOpened(endpoints: Readonly<Record<string, string>>): void;
  /** Only where the service is in this process. */
  accept(stream: Duplex): void;
  /** Of its processes beside this one. What was to be counted until now has been. */
  usages(): Promise<readonly ProcessUsage[]>;
  close(): Promise<void>;
}

export interface HostOptions {
  readonly service: ServiceOptions;
  /** 0: all in this process. */
  readonly doors: number;
  /** The fleet's processes have them. */
  readonly doorsAreElsewhere: boolean;
  /** Told what becomes of executions. */
  readonly count: (executions: ExecutionCount) => void;
  /** What runs here, for the live page. */
  readonly about: string;
  /** One of its processes has ended. */
  readonly onEnded: (name: string, how: string) => void;
}

export async function openHost(asked: HostOptions): Promise<ServiceHost> {
  const { service: options, doors, doorsAreElsewhere, count, about, onEnded } = asked;
  if (doors === 0) {
    const { startService } = await import('../../broker/start-service.ts');
    const service = await startService({
      ...options,
      observer: {
        execution: ({ execution: { jobId }, status, versionNumber }) =>
          count({ jobId, status, versionNumber, count: 1 }),
      },
    });
    service.page.present({ verb: 'load', about });
    const { port, mqttUrl, pageUrl } = service;
    return {
      port,
      mqttUrl,
      pageUrl,
      orders: [],
      doorsOpened() {},
      accept: (stream) => service.acceptMqtt(stream),
      usages: () => Promise.resolve([]),
      close: () => service.close(),
    };
  }
  const { startProcesses } = await import('../../broker/processes/start-processes.ts');
  const service = await startProcesses(options, doors, { onEnded, doorsAreElsewhere });
  service.countExecutions(count);
  service.present({ verb: 'load', about });
  return {
    port: await service.port(),
    mqttUrl: service.mqttUrl,
    get pageUrl() {
      return service.pageUrl;
    },
    orders: doorsAreElsewhere ? allDoors(doors).map((door) => service.doorOrder(door)) : [],
    doorsOpened: (endpoints) => service.doorsOpened(endpoints),
    accept() {
      throw new Error('the service is in other processes');
    },
    usages: () => service.usages(),
    close: () => service.close(),
  };
}

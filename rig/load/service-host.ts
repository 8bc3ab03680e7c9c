/**
 * The service of a load run as its operator sees it, in this process or as an engine with doors in processes of their own
 * (broker/processes), which is `serve --processes` and nothing else.
 */
import type { Duplex } from 'node:stream';
import type { ServicePort } from '../../broker/engine/port.ts';
import type { ExecutionCount } from '../../broker/processes/contract.ts';
import type { ProcessUsage } from '../../broker/processes/process-usage.ts';
import type { ServiceOptions } from '../../broker/start-service.ts';

export interface ServiceHost {
  readonly port: ServicePort;
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly pageUrl: string;
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
  /** Told what becomes of executions. */
  readonly count: (executions: ExecutionCount) => void;
  /** What runs here, for the live page. */
  readonly about: string;
  /** One of its processes has ended. */
  readonly onEnded: (name: string, how: string) => void;
}

export async function openHost({ service: options, doors, count, about, onEnded }: HostOptions): Promise<ServiceHost> {
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
    const { port, mqttUrl = '', httpUrl = '', pageUrl = '' } = service;
    return {
      port,
      mqttUrl,
      httpUrl,
      pageUrl,
      accept: (stream) => service.acceptMqtt(stream),
      usages: () => Promise.resolve([]),
      close: () => service.close(),
    };
  }
  const { startProcesses } = await import('../../broker/processes/start-processes.ts');
  const service = await startProcesses(options, doors, { onEnded });
  service.countExecutions(count);
  service.present({ verb: 'load', about });
  const { mqttUrl = '', httpUrl = '', pageUrl = '' } = service;
  return {
    port: await service.port(),
    mqttUrl,
    httpUrl,
    pageUrl,
    accept() {
      throw new Error('the service is in other processes');
    },
    usages: () => service.usages(),
    close: () => service.close(),
  };
}

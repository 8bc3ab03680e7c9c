/** What the processes of one service say to each other beside the link: how each is started, and what the starter is told. */
import type { OperationalErrorCode } from '../../protocol/operational-error.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { ServiceEvent } from '../service-events.ts';
import type { ConnectionProof } from '../mqtt/access-control.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { ProcessUsage } from './process-usage.ts';

/** What a process can be told of a service: all that is data. */
export type PlainOptions = Omit<
  ServiceOptions,
  | 'onFailure'
  | 'onWarning'
  | 'signal'
  | 'onEvent'
  | 'onTransfer'
  | 'observer'
  | 'clockOf'
  | 'fileGate'
  | 'deviceGate'
  | 'tap'
>;

export interface EngineOrder {
  readonly kind: 'engine';
  readonly options: PlainOptions;
  readonly doors: number;
  /** Where the sockets of the service's own processes are; only its owner may look into it. */
  readonly folder: string;
}

export interface DoorOrder {
  readonly kind: 'door';
  readonly options: PlainOptions;
  readonly door: number;
  readonly doors: number;
  readonly folder: string;
}

export type ToProcess =
  | EngineOrder
  | DoorOrder
  /** The doors are open. */
  | { readonly kind: 'open'; readonly endpoints: Readonly<Record<string, string>> }
  /** Whether what becomes of jobs is wanted. */
  | { readonly kind: 'watch'; readonly observations: boolean }
  /** Events of the doors are wanted. */
  | { readonly kind: 'hear' }
  /** Executions are to be counted, and told of by the starter's link. */
  | { readonly kind: 'count' }
  /** For the live page: what runs here. */
  | { readonly kind: 'present'; readonly verb: string; readonly about: string }
  | { readonly kind: 'usage' }
  /** The connection of a client of this door, which comes with the message, and what was read of it. */
  | ({ readonly kind: 'client' } & HandedClient);

/** So many executions of a job came to a status, with a version that is the same for all of them; of those that are gone it is 0. */
export interface ExecutionCount {
  readonly jobId: string;
  readonly status: ObservationOf<'execution'>['status'];
  readonly versionNumber: number;
  readonly count: number;
}

export interface HandedClient {
  readonly proof: Partial<ConnectionProof>;
  /** Base64. */
  readonly bytes: string;
}

export type FromProcess =
  /** Orders are listened for: what came before would be lost in a process of a cluster. */
  | { readonly kind: 'up' }
  /** Keys were not there, and are now: full paths. */
  | { readonly kind: 'made'; readonly files: readonly string[] }
  | {
      readonly kind: 'engine-ready';
      readonly ca: string;
      readonly caFile?: string;
      readonly query: string;
      readonly codeSigningCertificate?: string;
    }
  | { readonly kind: 'door-ready'; readonly endpoints: Readonly<Record<string, string>> }
  | { readonly kind: 'event'; readonly event: ServiceEvent }
  /** What was gathered for some milliseconds, in order. */
  | { readonly kind: 'seen'; readonly seen: readonly Observation[] }
  | { readonly kind: 'usage'; readonly usage: ProcessUsage }
  /** The connection of a client of this door, which comes with the message. */
  | ({ readonly kind: 'client'; readonly door: number } & HandedClient)
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: OperationalErrorCode; readonly hint?: string };

export function engineSocket(folder: string): string {
  return `${folder}/engine`;
}

/** Where the engine's process answers for the live page and for metrics. */
export function pageSocket(folder: string): string {
  return `${folder}/page`;
}

/** Where a door takes clients that came to another one. */
export function doorSocket(folder: string, door: number): string {
  return `${folder}/door-${door}`;
}

export function sayToStarter(message: FromProcess): void {
  process.send?.(message, undefined, undefined, (error) => {
    if (error !== null) process.exit(0); // nothing that the starter leaves behind goes on
  });
}

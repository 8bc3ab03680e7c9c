/** What a load run is asked for. Goes into the run that is kept. */
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadShape, Pacing } from './contract.ts';

export interface LoadRequest {
  /** Version of jobrig, for the result. */
  readonly jobrig: string;
  /** As its user wrote it. */
  readonly command?: string;
  readonly seed: number;
  /** With what the user wants otherwise put in. */
  readonly shape: LoadShape;
  readonly pacing: Pacing;
  /** Absent: `executions` of the shape. Executions begin until then, those under way are finished. */
  readonly durationMs?: DurationMs;
  readonly prefix: string;
  readonly hardwareName: string;
  readonly hardware?: { readonly profiles: readonly HardwareProfile[]; readonly document: string };
  readonly transport: 'tcp' | 'in-process';
  /** Of the fleet. */
  readonly processes: number;
  /** Of the own service, each a process of its own beside one for the engine; default 0: all of it is one process. */
  readonly doors?: number;
  /** Absent: a service of its own, in a process of its own. */
  readonly endpoint?: string;
  /** A folder with certificates of the things (rig/files/certificate-files.ts), where the endpoint asks for TLS. */
  readonly certs?: string;
  readonly slice?: { readonly index: number; readonly of: number };
}

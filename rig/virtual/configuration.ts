/**
 * Everything that decides a simulated run, as plain data: it can be drawn from a seed (swarm.ts), printed, cut down
 * (minimize.ts) and written by hand. What is not in here (links, faults, retries) follows from `seed` alone.
 */
import type { Step } from '../../observation/execution.ts';
import type { LinkConditions } from '../../faults/link.ts';
import type { InstantFault } from '../../faults/thing-faults.ts';
import type { FaultPlan } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { DocumentKind } from './documents.ts';

export interface RunConfiguration {
  /** From which every stream of chance of the run comes. */
  readonly seed: number;
  readonly things: readonly ThingConfiguration[];
  /** Namespaces that the devices listen to, beside the plain topics. */
  readonly namespaces: readonly string[];
  readonly link: LinkConditions;
  readonly faults: FaultPlan;
  readonly operator: readonly OperatorAction[];
  /** How long things may go wrong; afterwards nothing does, and everything must converge. */
  readonly safetyMs: DurationMs;
  /** `text`: every message is encoded and decoded, as on a wire; the outcome is the same. */
  readonly wire: 'objects' | 'text';
  /**
   * How closely the hardware is followed. `operation`, the default: to each end of an operation, so that deeds and checkers
   * can come in between. `sign`: to what shows outside; in between a device catches up.
   */
  readonly grain?: 'operation' | 'sign';
}

export interface ThingConfiguration {
  readonly thingName: string;
  /** Name of a hardware profile. */
  readonly hardware: string;
  /** Absent: clean, so that a connection knows nothing of the one before. */
  readonly session?: 'persistent';
}

export interface OperatorAction {
  readonly when: Moment;
  readonly deed: Deed;
}

export type Moment =
  /** Since the start of the run. */
  | { readonly atMs: DurationMs }
  /** When a thing enters a step for the nth time (from 1), and a little later. */
  | { readonly thingName: string; readonly step: Step; readonly occurrence: number; readonly afterMs: DurationMs };

export type Deed =
  | CreateJobDeed
  | { readonly kind: 'delete-job'; readonly jobId: string; readonly namespaceId?: string }
  /** With force, as everything that is deleted here. */
  | {
      readonly kind: 'delete-execution';
      readonly jobId: string;
      readonly thingName: string;
      readonly namespaceId?: string;
    }
  | { readonly kind: 'cancel-job'; readonly jobId: string; readonly force: boolean }
  | { readonly kind: 'cancel-execution'; readonly jobId: string; readonly thingName: string; readonly force: boolean }
  /** Takes a thing out of the fleet's group and puts it back, which queues continuous jobs anew. */
  | { readonly kind: 'rejoin'; readonly thingName: string }
  /** Nobody's deed: a fault that comes at a moment instead of by chance. */
  | { readonly kind: 'fault'; readonly thingName: string; readonly fault: InstantFault };

export interface CreateJobDeed {
  readonly kind: 'create-job';
  readonly jobId: string;
  readonly document: DocumentKind;
  /** Makes documents differ: a version, a digest. */
  readonly ordinal: number;
  /** Thing names; absent: a continuous job for the whole fleet's group. */
  readonly things?: readonly string[];
  readonly namespaceId?: string;
  readonly inProgressTimeoutMinutes?: number;
}

/** The group that every thing belongs to. */
export const fleetGroup = 'fleet';

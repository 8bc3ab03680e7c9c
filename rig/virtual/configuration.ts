/**
 * What a world in virtual time is made of, as plain data: things on hardware, a link, faults, and a seed from which everything
 * follows that is left to chance. What happens in it is a scenario's matter.
 */
import type { LinkConditions } from '../../faults/link.ts';
import type { FaultPlan } from '../../faults/plan.ts';

export interface WorldConfiguration {
  /** From which every stream of chance of the run comes. */
  readonly seed: number;
  readonly things: readonly ThingConfiguration[];
  /** Namespaces that the devices listen to, beside the plain topics. */
  readonly namespaces: readonly string[];
  readonly link: LinkConditions;
  readonly faults: FaultPlan;
  /** `text`: every message is encoded and decoded, as on a wire; the outcome is the same. */
  readonly wire: 'objects' | 'text';
  /**
   * How closely the hardware is followed. `operation`: to each end of an operation, so that deeds and judges can come in
   * between. `sign`: to what shows outside; in between a device catches up.
   */
  readonly grain: 'operation' | 'sign';
}

export interface ThingConfiguration {
  readonly thingName: string;
  /** Name of a hardware profile. */
  readonly hardware: string;
  /** Absent: clean, so that a connection knows nothing of the one before. */
  readonly session?: 'persistent';
}

/** The group that every thing belongs to. */
export const fleetGroup = 'fleet';

/**
 * What a run can find wrong. V1–V10 are claims about a device and E1–E9 about the service's engine (rig/verdict), R1 and R2 about
 * the run itself. A violation names the claim, the thing where there is one, and the virtual instant; the seed does the rest.
 */
import type { DurationMs } from '../../protocol/time.ts';
import { claims as deviceClaimTable } from '../verdict/claims.ts';
import { type ClaimId, claimIds } from '../verdict/contract.ts';
import { engineClaims } from '../verdict/engine/engine-claims.ts';

/** Each claim about a device in one line. */
export const deviceClaims = Object.fromEntries(
  claimIds.map((id) => [id, `${deviceClaimTable[id].name}: ${deviceClaimTable[id].statement}`]),
) as Readonly<Record<ClaimId, string>>;

export const claims = {
  ...deviceClaims,
  ...engineClaims,
  R1: 'virtual time goes on: no endless activity at one instant or within one call',
  R2: 'nothing throws: a mistake of the other side is an answer, never an exception',
} as const;

export type Claim = keyof typeof claims;

export interface Violation {
  readonly broke: Claim;
  readonly message: string;
  readonly thingName?: string;
  /** Since the start of the run. */
  readonly atMs: DurationMs;
  /** A call did not return and was cut: playing it again takes as long. */
  readonly isCut?: true;
}

/** The ten claims, in order: one table for every world, whatever drives it. Source: docs/recovery.md. */
import type { ClaimDefinition } from './claim.ts';
import { Converges } from './claims/v01-converges.ts';
import { NoZombieWork } from './claims/v02-no-zombie-work.ts';
import { NoWrongActivation } from './claims/v03-no-wrong-activation.ts';
import { NoReExecution } from './claims/v04-no-re-execution.ts';
import { TakesTheNextJob } from './claims/v05-takes-the-next-job.ts';
import { Bounded } from './claims/v06-bounded.ts';
import { MemoryIsTruth } from './claims/v07-memory-is-truth.ts';
import { NoCrashLoop } from './claims/v08-no-crash-loop.ts';
import { SameVersion } from './claims/v09-same-version.ts';
import { BackToBaseline } from './claims/v10-back-to-baseline.ts';
import type { ClaimId } from './contract.ts';

export const claims: Readonly<Record<ClaimId, ClaimDefinition>> = {
  V1: Converges.definition,
  V2: NoZombieWork.definition,
  V3: NoWrongActivation.definition,
  V4: NoReExecution.definition,
  V5: TakesTheNextJob.definition,
  V6: Bounded.definition,
  V7: MemoryIsTruth.definition,
  V8: NoCrashLoop.definition,
  V9: SameVersion.definition,
  V10: BackToBaseline.definition,
};

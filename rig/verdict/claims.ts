/** The ten claims, in order: one table for every world, whatever drives it. Source: docs/recovery.md. */
import type { ClaimDefinition } from './claim.ts';
import { converges } from './claims/v01-converges.ts';
import { noZombieWork } from './claims/v02-no-zombie-work.ts';
import { noWrongActivation } from './claims/v03-no-wrong-activation.ts';
import { noReExecution } from './claims/v04-no-re-execution.ts';
import { takesTheNextJob } from './claims/v05-takes-the-next-job.ts';
import { bounded } from './claims/v06-bounded.ts';
import { memoryIsTruth } from './claims/v07-memory-is-truth.ts';
import { noCrashLoop } from './claims/v08-no-crash-loop.ts';
import { sameVersion } from './claims/v09-same-version.ts';
import { backToBaseline } from './claims/v10-back-to-baseline.ts';
import type { ClaimId } from './contract.ts';

export const claims: Readonly<Record<ClaimId, ClaimDefinition>> = {
  V1: converges,
  V2: noZombieWork,
  V3: noWrongActivation,
  V4: noReExecution,
  V5: takesTheNextJob,
  V6: bounded,
  V7: memoryIsTruth,
  V8: noCrashLoop,
  V9: sameVersion,
  V10: backToBaseline,
};

/**
 * What a run can find wrong. V1–V10 are claims about a device (docs/recovery.md), E1–E9 about the service's engine, R1 and
 * R2 about the run itself. A violation names the claim, the thing where there is one, and the virtual instant; the seed does the rest.
 */
import type { DurationMs } from '../../protocol/time.ts';

/** About a device: also what the verdict on a live one is made of (rig/live/demo/claims.ts). */
export const deviceClaims = {
  V1: 'converges: ends idle, with nothing left to do',
  V2: 'no zombie work on an execution that it was told is gone',
  V3: 'no wrong activation: ends with exactly one bootable, confirmed image',
  V4: 'no re-execution: each execution has its side effect at most once',
  V5: 'takes the next job: the canary succeeds',
  V6: 'bounded: requests, downloads, erases and retries stay within limits',
  V7: 'memory is truth: nothing of a finished job in non-volatile memory',
  V8: 'no crash loop: boots no more often than it has reason to',
  V9: 'same version: what it reports to run is what runs',
  V10: 'back to baseline: memory and downloads as before',
} as const;

export const claims = {
  ...deviceClaims,
  E1: 'a rejected command changes nothing and has no effects',
  E2: 'an execution’s versionNumber starts at 1 and grows by one, and expectedVersion is held',
  E3: 'executionNumber is the highest existing number plus one',
  E4: 'executions and jobs change, and commands are answered, only as a second statement of AWS’s rules says',
  E5: 'notify if and only if the set of pending executions changed, with that set',
  E6: 'notify-next if and only if the head changed, with that head',
  E7: 'jobProcessDetails equals the executions',
  E8: 'deleted means gone everywhere, from lists too',
  E9: 'rows are what the changes left behind',
  R1: 'virtual time goes on: no endless activity at one instant',
  R2: 'nothing throws: a mistake of the other side is an answer, never an exception',
} as const;

export type DeviceClaim = keyof typeof deviceClaims;
export type Claim = keyof typeof claims;

export interface Violation {
  readonly broke: Claim;
  readonly message: string;
  readonly thingName?: string;
  /** Since the start of the run. */
  readonly atMs: DurationMs;
}

export type Report = (broke: Claim, message: string, thingName?: string) => void;

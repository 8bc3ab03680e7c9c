/**
 * The verdict on one device after its job was pulled away: the ten claims of claims.ts and what they add up to. Pure: the
 * same evidence gives the same verdict.
 */
import type { DurationMs } from '../../../protocol/time.ts';
import { readAftermath } from './aftermath.ts';
import { claims, judges } from './claims.ts';
import type { ClaimId, Finding } from './claims.ts';
import type { PulledDevice } from './evidence.ts';

export type Verdict = 'pass' | 'fail' | 'inconclusive';

export interface DeviceVerdict {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** From the pull to the device being idle again; absent when that was not seen in the settle time. */
  readonly recoveryMs?: DurationMs;
}

/** Judges one device. Inconclusive when the execution was not running as it was pulled: then nothing was tried. */
export function judge(device: PulledDevice): DeviceVerdict {
  const story = readAftermath(device);
  const findings = (Object.keys(claims) as ClaimId[]).map((claim) => judges[claim](story, claim));
  const { recoveredAt } = story;
  return {
    verdict: verdictOf(findings, device.pull.status === 'IN_PROGRESS'),
    findings,
    ...(recoveredAt !== undefined && { recoveryMs: recoveredAt - device.pull.at }),
  };
}

function verdictOf(findings: readonly Finding[], wasRunning: boolean): Verdict {
  if (findings.some(({ outcome }) => outcome === 'fail')) return 'fail';
  return wasRunning ? 'pass' : 'inconclusive';
}

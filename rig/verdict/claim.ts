/**
 * What a claim is made of: a fold over observations that may find it broken at once, and a conclusion at the end. What each of
 * them looks at stands in panel.ts. A break stays; a conclusion may change with time. Times that the rig itself was too late for are turned into `inconclusive` here, so that
 * no claim has to think of it.
 */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { ClaimId, Expectation, Finding, Outcome, Sight } from './contract.ts';
import type { Limits } from './limits.ts';
import type { DeviceRecord } from './record.ts';
import { type Sign, resemblances } from './resemblance.ts';

/** What was seen, in order; what was not seen is left out. */
export type Evidence = readonly (Observation | undefined)[];

export interface Break {
  /** What was seen, by its name in the table of resemblances. */
  readonly sign: Sign;
  readonly reason: string;
  readonly evidence: Evidence;
  /** Default: the last of the evidence. */
  readonly decisive?: Observation | undefined;
  /** Where a time was missed: since when it ran. A rig that was late since then makes it inconclusive. */
  readonly since?: EpochMs;
}

export interface Conclusion {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly evidence?: Evidence;
  readonly sign?: Sign;
  readonly since?: EpochMs;
}

export interface ClaimContext {
  readonly thingName: string;
  readonly limits: Limits;
  readonly sights: ReadonlySet<Sight>;
  readonly expectations: readonly Expectation[];
  readonly record: DeviceRecord;
  /** A claim is broken; only the first time counts. */
  broke(claim: ClaimId, found: Break): void;
}

export interface Claim {
  /** What holds now; not asked when the claim is broken already. */
  conclude(now: EpochMs): Conclusion;
}

export interface ClaimDefinition {
  readonly id: ClaimId;
  /** In a few words. */
  readonly name: string;
  readonly statement: string;
  /** Sights of which one at least is needed beside the wire and the service; none: the wire is enough. */
  readonly needs: readonly Sight[];
}

/** Enough to see what happened; a device gone mad sends thousands. */
const maxEvidence = 12;

export function pass(reason: string, evidence: Evidence = []): Conclusion {
  return { outcome: 'pass', reason, evidence };
}

export function notObserved(reason: string): Conclusion {
  return { outcome: 'not-observed', reason };
}

export function findingOf(
  claim: ClaimId,
  { outcome, reason, evidence = [], sign, since }: Conclusion,
  { record, limits }: Pick<ClaimContext, 'record' | 'limits'>,
  now: EpochMs,
  decidedBy?: Observation,
): Finding {
  const seen = evidence.filter((one) => one !== undefined);
  const decisive = decidedBy ?? seen.at(-1);
  const behindMs = outcome === 'fail' && since !== undefined ? record.lateBetween(since, now) : 0;
  const isLate = behindMs >= limits.lagMs;
  return {
    claim,
    outcome: isLate ? 'inconclusive' : outcome,
    reason: isLate ? `${reason}; but this host was too slow: the rig was ${seconds(behindMs)} behind` : reason,
    evidence: seen.slice(-maxEvidence),
    ...(decisive !== undefined && { decisive }),
    ...(outcome === 'fail' && sign !== undefined && { catalog: resemblances[sign] }),
  };
}

/** `1.2 s`, `75 s`, `12 min`. */
export function seconds(ms: DurationMs): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 600_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

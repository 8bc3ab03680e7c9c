/**
 * The contract of the one judge: what a device is held to, what a judge is told, and what it finds. A judge is fed one point of
 * view of the wire (the station's, or the door's for a device of somebody else) and whatever else the world shows. What the
 * world does not show is `not-observed`, never passed. Source: docs/recovery.md.
 */
import type { JobExecutionStatus } from '../../protocol/status.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import type { Limits } from './limits.ts';

/** The ten claims that make up "recovered to a valid state". */
export const claimIds = ['V1', 'V2', 'V3', 'V4', 'V5', 'V6', 'V7', 'V8', 'V9', 'V10'] as const;
export type ClaimId = (typeof claimIds)[number];

/**
 * What a world shows beside the wire and the service: `inside` the views and traces of a simulated device, `downloads` who asks
 * for which bytes, `power` when it was cut and given back, `witness` the firmware's own word, `shadow` the reported version.
 */
const sightNames = ['inside', 'downloads', 'power', 'witness', 'shadow'] as const;
export type Sight = (typeof sightNames)[number];

export type EndStatus = JobExecutionStatus | 'DELETED';

/** How an execution must end: what a scenario expects beside the claims. */
export interface Expectation {
  readonly jobId: string;
  /** Absent: the thing that is judged. */
  readonly thingName?: string;
  readonly status: EndStatus | readonly EndStatus[];
  /** From the creation of the execution. Absent: until the judge concludes. */
  readonly withinMs?: DurationMs;
  /** How often its side effect must have happened; judged where `inside` or `witness` shows it. */
  readonly sideEffects?: 'once' | 'none';
  /** What must run in the end; judged where `inside`, `witness`, `shadow` or statusDetails show it. */
  readonly version?: string;
  /** The claim that a miss counts against: the scenario's own. */
  readonly about: ClaimId;
}

/**
 * What the document of a job asks for, as far as it says how the job must end. `fits`: neither the hardware nor the image server
 * keeps a right device from it, as far as the world knows at the end.
 */
export type Duty =
  /** `byStream`: block by block over the device's own connection, where messages may be lost. */
  | { readonly work: 'firmware'; readonly version: string; readonly byStream?: true; readonly fits: () => boolean }
  /** So many run, one after the other; `mustFail`: the last of these fails. */
  | { readonly work: 'handlers'; readonly parts: number; readonly mustFail: boolean }
  | { readonly work: 'reboot'; readonly fits: () => boolean }
  /** It is for somebody else, cannot be read, or is too large: to be told before it is begun. */
  | { readonly work: 'nothing' };

/** `inconclusive`: it broke, but the rig itself was late enough to explain it. */
export type Outcome = 'pass' | 'fail' | 'not-observed' | 'inconclusive';

export interface Finding {
  readonly claim: ClaimId;
  readonly outcome: Outcome;
  /** In plain words, one sentence without a full stop. */
  readonly reason: string;
  /** What was seen, in order; the first dozen where there is more. */
  readonly evidence: readonly Observation[];
  /** Of the evidence, the one that decided. */
  readonly decisive?: Observation;
  /** Numbers of docs/recovery-bugs.md that what was seen resembles, the likeliest first. */
  readonly catalog?: readonly string[];
}

export interface JudgeOptions {
  readonly thingName: string;
  readonly sights: ReadonlySet<Sight>;
  /** Where this device's own pace needs other limits than the table's. */
  readonly limits?: Partial<Limits>;
  readonly expectations?: readonly Expectation[];
  /** What the job's document asks for, as it is when an execution of it is made; `undefined`: nobody knows. */
  readonly dutyOf?: (jobId: string) => Duty | undefined;
  /** Default: all. */
  readonly claims?: readonly ClaimId[];
  /** Told of a broken claim the moment it is certain, once for each claim. */
  readonly onBreak?: (finding: Finding) => void;
}

export interface Judge {
  /** Takes observations of this thing, and those about no thing in particular; ignores the others. */
  readonly observer: Observer;
  /** The same for who tells it of nothing but this thing. */
  readonly ofThing: Observer;
  /** From now on these endings are expected, and those of before no more: a run goes on to its next part. */
  expectNow(expectations: readonly Expectation[]): void;
  /** The device has nothing left to do, as far as can be seen: connected, answered, nothing pending. */
  isSettled(): boolean;
  /** The time to come to rest is over: what waits for longer than it may stays a fault, also when another job wakes the device. */
  noteOverdue(now: EpochMs): void;
  /** One finding for each claim, in order. May be asked more than once; nothing is forgotten by it. */
  conclude(now: EpochMs): readonly Finding[];
}

export type Verdict = 'pass' | 'fail' | 'inconclusive';

export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ outcome }) => outcome === 'fail')) return 'fail';
  return findings.some(({ outcome }) => outcome === 'inconclusive') ? 'inconclusive' : 'pass';
}

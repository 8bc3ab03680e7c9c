/**
 * The judge of one device: feeds its observations to the record, then to each claim, and concludes with one finding a claim. The
 * same code judges a simulated device, a live one and firmware of somebody else; what differs is only what was seen.
 */
import type { Observation, Observer } from '../../observation/observation.ts';
import { kinds } from '../../observation/observers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type Break, type ClaimContext, type Conclusion, findingOf } from './claim.ts';
import { type ClaimId, type Expectation, type Finding, type Judge, type JudgeOptions, claimIds } from './contract.ts';
import { DutyWatch } from './duties.ts';
import { ExpectedEndings } from './expectations.ts';
import { limitsWith } from './limits.ts';
import { Panel } from './panel.ts';
import { isQuiet } from './quiet.ts';
import { DeviceRecord } from './record.ts';
import { waitingTooLong } from './waiting.ts';

type Look = (seen: Observation) => void;

export function createJudge(options: JudgeOptions): Judge {
  return new OneJudge(options);
}

class OneJudge implements Judge {
  #observer: Observer | undefined;
  readonly #context: ClaimContext;
  readonly #panel: Panel;
  readonly #endings: ExpectedEndings;
  /** What is asked for, in order. */
  readonly #claims: readonly ClaimId[];
  readonly #broken = new Map<ClaimId, Finding>();
  readonly #onBreak: JudgeOptions['onBreak'];
  readonly #expectations: Expectation[];
  readonly #thingName: string;
  /** The last instant of which anything was seen. */
  #now: EpochMs = 0;

  constructor(options: JudgeOptions) {
    const { thingName, sights, dutyOf, onBreak, claims = claimIds } = options;
    const limits = limitsWith(options.limits);
    this.#thingName = thingName;
    const expectations = (options.expectations ?? []).filter((one) => this.#isAbout(one));
    this.#expectations = expectations;
    this.#claims = claims;
    this.#onBreak = onBreak;
    const record = new DeviceRecord(limits);
    const broke = (claim: ClaimId, found: Break): void => this.#broke(claim, found);
    this.#context = { thingName, limits, sights, expectations, record, broke };
    this.#endings = new ExpectedEndings(expectations, record, sights);
    this.#panel = new Panel(this.#context, this.#endings, dutyOf && new DutyWatch(record, dutyOf, broke));
  }

  get ofThing(): Observer {
    return this.#panel.observer;
  }

  get observer(): Observer {
    return (this.#observer ??= onlyOf(this.#thingName, this.ofThing));
  }

  expectNow(expectations: readonly Expectation[]): void {
    this.#expectations.splice(0, Infinity, ...expectations.filter((one) => this.#isAbout(one)));
    this.#endings.replace(this.#expectations);
  }

  #isAbout({ thingName = this.#thingName }: Expectation): boolean {
    return thingName === this.#thingName;
  }

  isSettled(): boolean {
    const { isHung, isConnected, openRequests, answeredUpTo, pending } = this.#context.record;
    if (isHung) return true;
    if (!isConnected || openRequests.some(({ at }) => at > answeredUpTo)) return false;
    for (const { identity, status } of pending) {
      const isExpected = this.#endings.all.some(
        ({ expectation }) => expectation.jobId === identity.jobId && [expectation.status].flat().includes(status),
      );
      if (!isExpected) return false;
    }
    const view = this.#context.record.view();
    return view === undefined || isQuiet(view);
  }

  noteOverdue(now: EpochMs): void {
    this.#now = now;
    for (const id of this.#claims) {
      const waiting = waitingTooLong(this.#context, now).find(
        ({ claim, execution }) => claim === id && this.#mustEndByItself(execution.identity.jobId),
      );
      if (waiting !== undefined) this.#broke(id, waiting);
    }
  }

  /** It is expected to end, and not only because somebody ends it. */
  #mustEndByItself(jobId: string): boolean {
    const endings = this.#expectations.filter((one) => one.jobId === jobId).flatMap(({ status }) => status);
    return endings.length > 0 && !endings.includes('CANCELED') && !endings.includes('DELETED');
  }

  conclude(now: EpochMs): readonly Finding[] {
    this.#now = now;
    const view = this.#context.record.view();
    if (view !== undefined && isQuiet(view)) this.#panel.quiet(view, this.#context.record.moved);
    return this.#claims.map((id) => this.#findingOf(id, now));
  }

  #broke(claim: ClaimId, { decisive, ...found }: Break): void {
    if (!this.#claims.includes(claim) || this.#broken.get(claim)?.outcome === 'fail') return;
    const at = found.evidence.at(-1)?.at ?? this.#now;
    const broken = findingOf(claim, { outcome: 'fail', ...found }, this.#context, at, decisive);
    this.#broken.set(claim, broken);
    if (broken.outcome === 'fail') this.#onBreak?.(broken);
  }

  #findingOf(id: ClaimId, now: EpochMs): Finding {
    const broken = this.#broken.get(id);
    if (broken !== undefined) return broken;
    const concluded = this.#panel.claims[id].conclude(now);
    if (concluded.outcome === 'fail') return findingOf(id, concluded, this.#context, now);
    const endings = this.#endings.all.filter((one) => one.about() === id).map((one) => one.conclude(now));
    const ending = worst(endings);
    const isWorse = ending !== undefined && (ending.outcome !== 'pass' || concluded.outcome === 'not-observed');
    return findingOf(id, isWorse && ending.outcome !== 'not-observed' ? ending : concluded, this.#context, now);
  }
}

const order = ['fail', 'inconclusive', 'not-observed', 'pass'] as const;

function worst(conclusions: readonly Conclusion[]): Conclusion | undefined {
  return [...conclusions].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome))[0];
}

/** Passes on what is about this thing, or about none. */
function onlyOf(thingName: string, observer: Observer): Observer {
  const own: Partial<Record<Observation['kind'], Look>> = {};
  for (const kind of kinds) {
    const look = observer[kind] as Look | undefined;
    if (look === undefined) continue;
    own[kind] = (seen) => {
      if (seen.thingName === undefined || seen.thingName === thingName) look(seen);
    };
  }
  return own as Observer;
}

/** The observations of many devices, each handed to its own judge; those about no thing go to all. @param judges all that there will be */
export function observeFor(judges: ReadonlyMap<string, Judge>): Observer {
  const all: Partial<Record<Observation['kind'], Look>> = {};
  for (const kind of kinds) {
    const looks = new Map<string | undefined, Look>();
    for (const [thingName, { ofThing }] of judges) {
      const look = ofThing[kind] as Look | undefined;
      if (look !== undefined) looks.set(thingName, look);
    }
    if (looks.size === 0) continue;
    all[kind] = (seen) => {
      if (seen.thingName === undefined) for (const look of looks.values()) look(seen);
      else looks.get(seen.thingName)?.(seen);
    };
  }
  return all as Observer;
}

/**
 * The judge of one device: feeds its observations to the record, then to each claim, and concludes with one finding a claim. The
 * same code judges a simulated device, a live one and firmware of somebody else; what differs is only what was seen.
 */
import type { Observation, Observer } from '../../observation/observation.ts';
import { kinds } from '../../observation/observers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type ClaimContext, type Conclusion, findingOf } from './claim.ts';
import { type ClaimId, type Expectation, type Finding, type Judge, type JudgeOptions, claimIds } from './contract.ts';
import { DutyWatch } from './duties.ts';
import { ExpectedEndings } from './expectations.ts';
import { limitsWith } from './limits.ts';
import { Panel } from './panel.ts';
import { isQuiet } from './quiet.ts';
import { DeviceRecord } from './record.ts';
import { waitingTooLong } from './waiting.ts';

type Look = (seen: Observation) => void;

/** A claim that is asked for, and how it was broken. */
interface JudgedClaim {
  readonly id: ClaimId;
  readonly context: ClaimContext;
  broken: Finding | undefined;
}

export function createJudge(options: JudgeOptions): Judge {
  return new OneJudge(options);
}

class OneJudge implements Judge {
  #observer: Observer | undefined;
  readonly #record: DeviceRecord;
  readonly #panel: Panel;
  /** In the order in which they are asked for. */
  readonly #claims: readonly JudgedClaim[];
  readonly #endings: ExpectedEndings;
  readonly #expectations: Expectation[];
  readonly #thingName: string;
  /** The last instant of which anything was seen. */
  #now: EpochMs = 0;

  constructor(options: JudgeOptions) {
    const { thingName, sights } = options;
    const limits = limitsWith(options.limits);
    this.#thingName = thingName;
    const expectations = (options.expectations ?? []).filter((one) => this.#isAbout(one));
    this.#expectations = expectations;
    const record = new DeviceRecord(limits);
    const endings = new ExpectedEndings(expectations, record, sights);
    const { dutyOf, onBreak, claims = claimIds } = options;
    const shared = { thingName, limits, sights, expectations, record };
    const judged = new Map(
      claimIds.map((id) => [id, this.#begin(id, shared, claims.includes(id) ? onBreak : undefined)]),
    );
    this.#record = record;
    this.#endings = endings;
    this.#claims = claims.map((id) => judged.get(id)!);
    this.#panel = new Panel({
      record,
      contextOf: (id) => judged.get(id)!.context,
      endings,
      duties: dutyOf && new DutyWatch(record, dutyOf, (id, found) => judged.get(id)!.context.broke(found)),
      showsInside: sights.has('inside'),
    });
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
    const { isHung, isConnected, openRequests, answeredUpTo, pending } = this.#record;
    if (isHung) return true;
    if (!isConnected || openRequests.some(({ seen }) => seen.at > answeredUpTo)) return false;
    for (const { identity, status } of pending) {
      const isExpected = this.#endings.all.some(
        ({ expectation }) => expectation.jobId === identity.jobId && [expectation.status].flat().includes(status),
      );
      if (!isExpected) return false;
    }
    const view = this.#record.view();
    return view === undefined || isQuiet(view);
  }

  noteOverdue(now: EpochMs): void {
    this.#now = now;
    for (const { id, context } of this.#claims) {
      const waiting = waitingTooLong(context, now).find(
        ({ claim, execution }) => claim === id && this.#mustEndByItself(execution.identity.jobId),
      );
      if (waiting !== undefined) context.broke(waiting);
    }
  }

  /** It is expected to end, and not only because somebody ends it. */
  #mustEndByItself(jobId: string): boolean {
    const endings = this.#expectations.filter((one) => one.jobId === jobId).flatMap(({ status }) => status);
    return endings.length > 0 && !endings.includes('CANCELED') && !endings.includes('DELETED');
  }

  conclude(now: EpochMs): readonly Finding[] {
    this.#now = now;
    const view = this.#record.view();
    if (view !== undefined && isQuiet(view)) this.#panel.quiet(view, this.#record.moved);
    return this.#claims.map((one) => this.#findingOf(one, now));
  }

  #begin(
    id: ClaimId,
    shared: Omit<ClaimContext, 'broke'>,
    onBreak: ((finding: Finding) => void) | undefined,
  ): JudgedClaim {
    const context: ClaimContext = {
      ...shared,
      broke: ({ decisive, ...found }) => {
        if (judged.broken?.outcome === 'fail') return;
        const at = found.evidence.at(-1)?.at ?? this.#now;
        judged.broken = findingOf(id, { outcome: 'fail', ...found }, shared, at, decisive);
        if (judged.broken.outcome === 'fail') onBreak?.(judged.broken);
      },
    };
    const judged: JudgedClaim = { id, context, broken: undefined };
    return judged;
  }

  #findingOf({ id, context, broken }: JudgedClaim, now: EpochMs): Finding {
    if (broken !== undefined) return broken;
    const concluded = this.#panel.claims[id].conclude(now);
    if (concluded.outcome === 'fail') return findingOf(id, concluded, context, now);
    const endings = this.#endings.all.filter((one) => one.about() === id).map((one) => one.conclude(now));
    const ending = worst(endings);
    const isWorse = ending !== undefined && (ending.outcome !== 'pass' || concluded.outcome === 'not-observed');
    return findingOf(id, isWorse && ending.outcome !== 'not-observed' ? ending : concluded, context, now);
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

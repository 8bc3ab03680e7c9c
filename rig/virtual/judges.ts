/**
 * Who judges a run: a judge for each device and one for the engine. What breaks is noted once for each claim and device, in order;
 * at the end there is a finding for each claim.
 */
import { profiles } from '../../broker/engine/profile.ts';
import type { Command, Engine, Outcome } from '../../broker/engine/contract.ts';
import type { Observer } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Names, Scenario } from '../scenario/contract.ts';
import { type Room, dutiesBy } from '../scenario/document-law.ts';
import { expectationsOf } from '../scenario/expectations.ts';
import type { Duty, Finding, Judge, Sight } from '../verdict/contract.ts';
import { type EngineJudge, createEngineJudge } from '../verdict/engine/engine-judge.ts';
import { createJudge, observeFor } from '../verdict/judge.ts';
import { type Limits, limitsWith } from '../verdict/limits.ts';
import type { JobDocuments } from './job-documents.ts';
import type { Claim, Violation } from './violation.ts';

export interface JudgesOptions {
  readonly scenario: Scenario;
  readonly names: Names;
  readonly documents: JobDocuments;
  readonly engine: Engine;
  /** What the hardware of each thing has room for; `undefined`: unknown. */
  readonly rooms: ReadonlyMap<string, Room | undefined>;
  /** Since the start of the run. */
  readonly elapsedMs: () => DurationMs;
}

const sights: ReadonlySet<Sight> = new Set(['inside', 'power', 'downloads']);

export class Judges {
  readonly violations: Violation[] = [];
  /** Of all devices. */
  readonly observer: Observer;
  readonly engine: EngineJudge;
  readonly #options: JudgesOptions;
  readonly #byThing = new Map<string, Judge>();
  /** The documents that the service took, by job. */
  readonly #taken = new Map<string, string>();
  readonly #duties = new Map<Room, (jobId: string) => Duty | undefined>();
  readonly #limits: Partial<Limits> | undefined;
  /** What each judge found at the end. */
  #concluded: readonly ThingFindings[] | undefined;

  constructor(options: JudgesOptions) {
    const { settleMs } = options.scenario.given;
    this.#options = options;
    this.#limits = settleMs === undefined ? undefined : patientLimits(settleMs);
    this.engine = createEngineJudge(options.engine, this.report, profiles.observed);
    for (const [thingName, room] of options.rooms) this.#byThing.set(thingName, this.#judgeOf(thingName, room));
    this.observer = observeFor(this.#byThing);
  }

  of(thingName: string): Judge {
    return this.#byThing.get(thingName)!;
  }

  readonly report = (broke: Claim, message: string, thingName?: string): void => {
    if (this.violations.some((known) => known.broke === broke && known.thingName === thingName)) return;
    const atMs = this.#options.elapsedMs();
    this.violations.push({ broke, message, ...(thingName !== undefined && { thingName }), atMs });
  };

  /** The engine has applied a command. */
  applied(command: Command, outcome: Outcome, at: EpochMs): void {
    this.engine.check(command, outcome, at);
    if (command.name !== 'iot:CreateJob' || !outcome.reply.accepted) return;
    this.#taken.set(command.request.jobId, command.request.document ?? '');
  }

  #judgeOf(thingName: string, room: Room | undefined): Judge {
    const { scenario, names, documents } = this.#options;
    const { claims } = scenario;
    const versionOf = (job: string): string | undefined => documents.versionOf(job);
    return createJudge({
      thingName,
      sights,
      expectations: expectationsOf(scenario, { names, thingName, versionOf }),
      ...(room !== undefined && {
        dutyOf: this.#dutiesIn(room),
      }),
      ...(this.#limits && { limits: this.#limits }),
      ...(claims !== 'all' && { claims }),
      onBreak: ({ claim, reason }) => this.report(claim, reason, thingName),
    });
  }

  /** Of all devices with the same room: each document is read once for them. */
  #dutiesIn(room: Room): (jobId: string) => Duty | undefined {
    const known = this.#duties.get(room);
    if (known !== undefined) return known;
    const { documents } = this.#options;
    const duties = dutiesBy((jobId) => this.#taken.get(jobId), { room, isServed: (url) => documents.isServed(url) });
    this.#duties.set(room, duties);
    return duties;
  }

  areSettled(): boolean {
    for (const judge of this.#byThing.values()) if (!judge.isSettled()) return false;
    for (const { row } of this.engine.ledger.jobs.values()) if (row.status === 'DELETION_IN_PROGRESS') return false;
    return true;
  }

  /** Judges what the devices look like at the end: nothing happens after that. @returns whether something is broken */
  conclude(now: EpochMs): boolean {
    this.#concluded = this.#findingsAt(now);
    for (const { thingName, findings } of this.#concluded) {
      for (const { claim, outcome, reason } of findings) if (outcome === 'fail') this.report(claim, reason, thingName);
    }
    return this.violations.length > 0;
  }

  #findingsAt(now: EpochMs): readonly ThingFindings[] {
    return [...this.#byThing].map(([thingName, judge]) => ({ thingName, findings: judge.conclude(now) }));
  }

  /** @param endedEarly what is missing may have come later */
  findings(now: EpochMs, endedEarly: boolean): readonly ThingFindings[] {
    return (this.#concluded ?? this.#findingsAt(now)).map(({ thingName, findings: concluded }) => {
      const broken = new Map(
        this.violations
          .filter((one) => one.thingName === thingName)
          .map(({ broke, message }) => [broke as string, message]),
      );
      const findings = concluded.map((finding): Finding => {
        const reason = broken.get(finding.claim);
        if (reason !== undefined) return finding.outcome === 'fail' ? finding : { ...finding, outcome: 'fail', reason };
        if (finding.outcome !== 'fail' || !endedEarly) return finding;
        return { ...finding, outcome: 'not-observed', reason: 'the run ended before this could be seen' };
      });
      return { thingName, findings };
    });
  }
}

export interface ThingFindings {
  readonly thingName: string;
  readonly findings: readonly Finding[];
}

/** Who gives a device longer to come to rest is patient with its jobs, too. */
function patientLimits(settleMs: DurationMs): Partial<Limits> {
  const usual = limitsWith();
  return { settleMs: Math.max(usual.settleMs, settleMs), jobMs: Math.max(usual.jobMs, settleMs) };
}

/**
 * V4: each execution, which is (jobId, executionNumber, queuedAt), has its side effect at most once, and a new execution under
 * ids that were used before is run, not ignored. A run that ends FAILED is neither. Where only a witness tells of effects, a
 * job that is run from its beginning after a power cut is right: the rig cannot know how far it had come. An image that is asked for
 * from its first byte on, after the device knows that its SUCCEEDED was taken, is the same job once more.
 */
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import {
  type Claim,
  type ClaimContext,
  type ClaimDefinition,
  type Conclusion,
  notObserved,
  pass,
  seconds,
} from '../claim.ts';
import { waitingTooLong } from '../waiting.ts';

interface Effects {
  times: number;
  readonly evidence: Observation[];
}

const rememberedEffects = 256;

export class NoReExecution implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V4',
    name: 'no re-execution',
    statement: 'does each execution at most once, and runs a new one under ids that were used before',
    needs: [],
  };
  readonly #context: ClaimContext;
  readonly #effects = new Map<string, Effects>();
  #isCounted = false;
  /** Replaced whenever it changes. */
  #countedLast: DeviceView['sideEffects'] | undefined;
  /** Since then it remembers all that it has done. */
  #startedAt: EpochMs = 0;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onQuiet({ sideEffects }: DeviceView, seen: Observation | undefined): void {
    this.#isCounted = true;
    if (sideEffects === this.#countedLast) return;
    const { record } = this.#context;
    for (const key in sideEffects) {
      if (sideEffects[key] !== this.#countedLast?.[key]) this.#judge(record.startedAs(key), sideEffects, seen);
    }
    this.#countedLast = sideEffects;
  }

  #judge(started: string, sideEffects: DeviceView['sideEffects'], seen: Observation | undefined): void {
    const { record, broke } = this.#context;
    const times = record.timesOf(started, sideEffects);
    // What was forgotten was counted when it was young.
    const created = record.createdTimes(started);
    const made = record.byKey(started);
    if (created === 0 || times <= created + (made?.memoryLosses ?? 0)) return;
    broke('V4', {
      sign: 'done-twice',
      reason: `did ${started} ${times} times`,
      evidence: [made?.created, seen],
    });
  }

  onWitness(seen: ObservationOf<'witness'>): void {
    const { effect, jobId, executionNumber } = seen;
    if (jobId === undefined) return;
    this.#isCounted = true;
    const { record, broke } = this.#context;
    const effects = this.#effects;
    const key = `${effect} ${jobId} ${executionNumber ?? ''}`;
    const known = effects.get(key) ?? { times: 0, evidence: [] };
    effects.delete(key);
    effects.set(key, known);
    if (effects.size > rememberedEffects) effects.delete(effects.keys().next().value!);
    known.times += 1;
    if (known.evidence.length < 6) known.evidence.push(seen);
    const made = record
      .ofJob(jobId)
      .filter(({ identity }) => executionNumber === undefined || identity.executionNumber === executionNumber);
    const most = made.reduce((sum, one) => sum + 1 + one.interruptions, 0);
    if (made.length === 0 || known.times <= most) return;
    broke('V4', {
      sign: 'done-twice',
      reason: `${effect} ${known.times} times for ${jobId}, of which there was ${made.length} execution`,
      evidence: known.evidence,
    });
  }

  /** Where the inside is not shown. */
  onDownload(seen: ObservationOf<'download'>): void {
    const { record, broke } = this.#context;
    const { jobId, executionNumber, fromByte, state } = seen;
    if (state !== 'asked' || fromByte !== 0) return;
    const one = record.overOf(jobId, executionNumber);
    if (one?.closedAt === undefined || one.status !== 'SUCCEEDED' || one.closedAt < this.#startedAt) return;
    broke('V4', {
      sign: 'done-twice',
      reason: `begins to download for ${jobId} again, ${seconds(seen.at - one.closedAt)} after its SUCCEEDED was accepted`,
      evidence: [one.created, one.changed, seen],
    });
  }

  onPower({ at }: ObservationOf<'power'>): void {
    this.#startedAt = at;
  }

  onProgram({ at }: ObservationOf<'program'>): void {
    this.#startedAt = at;
  }

  conclude(now: EpochMs): Conclusion {
    const { record } = this.#context;
    const ignored = waitingTooLong(this.#context, now).find(({ claim }) => claim === 'V4');
    if (ignored !== undefined) return { outcome: 'fail', ...ignored };
    const again = [...record.remembered()].findLast(
      (one) =>
        (one.startedAt !== undefined || one.changed.by === 'device') && record.ofJob(one.identity.jobId)[0] !== one,
    );
    if (again !== undefined)
      return pass(`ran the re-created job ${again.identity.jobId} as execution ${again.identity.executionNumber}`, [
        again.created,
        again.changed,
      ]);
    if (this.#isCounted) return pass('no side effect happened twice');
    return notObserved('no job came back under its id, and side effects are not shown');
  }
}

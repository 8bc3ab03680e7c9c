/**
 * What a run has not done of that for which its shape is, or has done otherwise than asked: a run that passes because nothing happened
 * must not look like one that measured something. Failures are no business of it, nor is a run that was cut short.
 */
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadRun, LoadShape, ShapeTrigger } from './contract.ts';
import { wordsOf } from './goal.ts';

export class RunNotes {
  readonly #shape: LoadShape;
  #overranMs: DurationMs = 0;
  readonly #unreached = new Set<string>();
  #hasCut = false;
  #cutInProgress = 0;

  constructor(shape: LoadShape) {
    this.#shape = shape;
  }

  /** The script was played once beyond the duration. */
  overran(ms: DurationMs): void {
    this.#overranMs = Math.max(this.#overranMs, ms);
  }

  /** The time was over before. */
  unreached(when: ShapeTrigger): void {
    this.#unreached.add(wordsOf(when));
  }

  /** @param inProgress executions at that moment */
  cut(inProgress: number): void {
    this.#hasCut = true;
    this.#cutInProgress = Math.max(this.#cutInProgress, inProgress);
  }

  of({ executions, histograms, refusals, partial }: LoadRun): readonly string[] {
    if (partial !== undefined) return [];
    const { script, given } = this.#shape;
    const deeds = script.flatMap((entry) => entry.deeds);
    const hasJobs = deeds.some((deed) => deed.do === 'rollout');
    if (hasJobs && executions.wanted + executions.pulled === 0) return ['no execution has begun: nothing was measured'];
    const takesAway = deeds.some((deed) => deed.do === 'cancel-job' || deed.do === 'delete-job');
    const refuses = given.faults.faults.some((fault) => fault.kind === 'service' && fault.answer !== undefined);
    const notes: readonly (string | false)[] = [
      this.#overranMs > 0 &&
        `it went on for ${seconds(this.#overranMs)} after its duration, until each deed of the shape was done once`,
      this.#unreached.size > 0 && `its time was over before the end of: ${[...this.#unreached].join(', ')}`,
      hasJobs && this.#hasCut && this.#cutInProgress === 0 && 'no execution was in progress when connections were cut',
      takesAway && executions.pulled === 0 && 'no execution was taken away: all were over before',
      refuses && Object.keys(refusals).length === 0 && 'the service has refused nothing: too few requests were made',
      !hasJobs &&
        histograms.ping === undefined &&
        `no ping was answered: the keep-alive is ${seconds(given.keepAliveMs)}`,
    ];
    return notes.filter((note) => note !== false);
  }
}

function seconds(ms: DurationMs): string {
  return `${ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}

/**
 * What a check has found so far: the runs of each scenario and the moments of its sweep, each told as it comes. Becomes the result, in
 * the order of the list, whichever run was quicker.
 */
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Scenario } from '../../scenario/contract.ts';
import {
  type CheckResult,
  type ScenarioResult,
  type ScenarioRun,
  type SweepPoint,
  verdictOfCheck,
} from './check-result.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Portrait } from './portrait.ts';

/** What every check is asked for, whatever it is of. */
export interface PlayedScenarios {
  /** How results call what was checked; absent: by the command, or the thing. */
  readonly name?: string;
  readonly scenarios: readonly Scenario[];
  readonly repeat?: number;
  /** Ends with the first failure. */
  readonly bail?: boolean | undefined;
  readonly settleMs?: DurationMs | undefined;
  /** Pulls at every moment of the recorded update, and at so many between; without those that are done. */
  readonly sweep?: { readonly points: number; readonly done?: ReadonlySet<string> | undefined } | undefined;
  readonly onEvent?: (event: CheckEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface RecordOptions extends Pick<PlayedScenarios, 'scenarios' | 'sweep' | 'onEvent'> {
  /** What is checked. */
  readonly subject: string;
  /** Runs of each scenario. */
  readonly runsEach: number;
}

export class CheckRecord {
  readonly #options: RecordOptions;
  readonly #startedAt: EpochMs = Date.now();
  readonly #runs = new Map<string, ScenarioRun[]>();
  readonly #concluded = new Set<string>();
  readonly #sweep: SweepPoint[] = [];
  /** It ended early. */
  isPartial = false;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  tell(event: CheckEvent): void {
    this.#options.onEvent?.(event);
  }

  keep(run: ScenarioRun): void {
    const { id } = run.scenario;
    const runs = [...(this.#runs.get(id) ?? []), run];
    this.#runs.set(id, runs);
    this.tell({ kind: 'ended', run });
    if (run.verdict === 'skip' || runs.length === this.#options.runsEach) this.#conclude(id);
  }

  keepPoint(point: SweepPoint): void {
    this.#sweep.push(point);
    this.tell({ kind: 'swept', point });
  }

  get hasFailed(): boolean {
    return verdictOfCheck(this.result()) === 'fail';
  }

  /** No more runs will come. */
  conclude(): void {
    for (const id of this.#runs.keys()) if (!this.#concluded.has(id)) this.#conclude(id);
  }

  result(about: Pick<CheckResult, 'handshake' | 'portrait' | 'diagnosis'> = {}): CheckResult {
    const { subject, sweep } = this.#options;
    return {
      subject,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      ...about,
      results: this.#results(),
      ...(sweep !== undefined && { sweep: [...this.#sweep].sort((a, b) => a.atMs - b.atMs) }),
      isPartial: this.isPartial,
    };
  }

  #results(): readonly ScenarioResult[] {
    return this.#options.scenarios.flatMap((scenario) => {
      const runs = this.#runs.get(scenario.id);
      return runs === undefined ? [] : [{ scenario, runs }];
    });
  }

  #conclude(id: string): void {
    this.#concluded.add(id);
    const result = this.#results().find(({ scenario }) => scenario.id === id);
    if (result !== undefined) this.tell({ kind: 'result', result });
  }
}

export type CheckEvent =
  | {
      readonly kind: 'ready';
      readonly thingName: string;
      readonly endpoints: string;
      readonly isAttached: boolean;
      /** Of the live page. */
      readonly pageUrl: string | undefined;
    }
  | { readonly kind: 'portrait'; readonly portrait: Portrait }
  | { readonly kind: 'failed-handshake'; readonly diagnosis: Diagnosis }
  | { readonly kind: 'planned'; readonly scenarios: number; readonly moments: number }
  | { readonly kind: 'started'; readonly id: string }
  | { readonly kind: 'ended'; readonly run: ScenarioRun }
  /** All runs of a scenario have ended, or no more of them will come. */
  | { readonly kind: 'result'; readonly result: ScenarioResult }
  | { readonly kind: 'swept'; readonly point: SweepPoint };

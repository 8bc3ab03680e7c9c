/** The list of scenarios on the live page of a check: which wait, run, were survived or not. */
import type { ScenarioLine } from '../../../broker/live/contract.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { exemplaryRun, verdictOfRuns } from './check-result.ts';
import type { CheckEvent } from './check-record.ts';

export class PageBoard {
  readonly #lines: Map<string, ScenarioLine>;

  constructor(scenarios: readonly Scenario[]) {
    this.#lines = new Map(scenarios.map(({ id }) => [id, { id, state: 'waits' }]));
  }

  get lines(): readonly ScenarioLine[] {
    return [...this.#lines.values()];
  }

  /** @returns whether a line is another one now. */
  take(event: CheckEvent): boolean {
    if (event.kind === 'started') return this.#set({ id: event.id, state: 'runs' });
    if (event.kind !== 'result') return false;
    const { scenario, runs } = event.result;
    const reason = runs.length === 0 ? '' : exemplaryRun(event.result).reason;
    return this.#set({ id: scenario.id, state: verdictOfRuns(runs), ...(reason !== '' && { reason }) });
  }

  /** A moment of a sweep is no scenario of the list. */
  #set(line: ScenarioLine): boolean {
    if (!this.#lines.has(line.id)) return false;
    this.#lines.set(line.id, line);
    return true;
  }
}

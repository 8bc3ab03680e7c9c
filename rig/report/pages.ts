/** Reports as files: of a check or a simulation, of a demo, of a load run. */
import type { LoadRun } from '../load/contract.ts';
import { latenciesIn } from '../load/figures.ts';
import type { JudgedThreshold } from '../load/verdict.ts';
import { percentilesIn } from '../load/percentiles.ts';
import { checkContent } from './check-page.ts';
import { type ShownLoad, loadContent } from './load-page.ts';
import { pageFile } from './page-file.ts';
import { demoContent } from './demo-page.ts';

export const checkPage = (...told: Parameters<typeof checkContent>): string => pageFile(checkContent(...told));

export const demoPage = (...told: Parameters<typeof demoContent>): string => pageFile(demoContent(...told));

export const loadPage = (shown: ShownLoad): string => pageFile(loadContent(shown));

export function shownLoad(run: LoadRun, thresholds: readonly JudgedThreshold[]): Required<ShownLoad> {
  return { run, thresholds, latencies: latenciesIn(run), percentiles: percentilesIn(run) };
}

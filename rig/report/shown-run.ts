/** A text that should be a `run.json`, as the content of a page, or in words why it cannot be shown. */
import { checkContent } from './check-page.ts';
import { demoContent } from './demo-page.ts';
import { type KeptRun, readKeptRun } from './kept-run.ts';
import { loadContent } from './load-page.ts';
import type { PageContent } from './page-frame.ts';

export function shownRun(text: string): PageContent | string {
  const run = readKeptRun(text);
  if (typeof run === 'string') return run;
  try {
    return contentOf(run);
  } catch (error) {
    // Of the right form at first sight, and yet no report can be made of it.
    return `is not whole: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function contentOf(run: KeptRun): PageContent {
  switch (run.kind) {
    case 'check':
      return checkContent(run.result, run);
    case 'demo':
      return demoContent(run.report, run.besideOf);
    case 'load':
      return loadContent(run.shown);
  }
}

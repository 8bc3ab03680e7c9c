/** A scenario that was played in virtual time, in the form that every report of runs is made from. */
import type { ScenarioRun } from '../rig/live/check/check-result.ts';
import { runOf } from '../rig/live/check/scenario-run.ts';
import type { Played } from '../rig/virtual/play.ts';

/** What broke of the service or of the run itself is told in the reason: no claim about a device is broken then. */
export function simulatedRun(played: Played): ScenarioRun {
  const run = runOf(played);
  const [first] = played.violations;
  if (first === undefined || run.verdict === 'fail') return run;
  return { ...run, verdict: 'fail', broke: [], reason: `${first.broke}: ${first.message}` };
}

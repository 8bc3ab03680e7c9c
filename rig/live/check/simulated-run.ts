/** A scenario that was played in virtual time, in the form that every report of runs is made from. */
import { claimIds } from '../../verdict/contract.ts';
import type { ScenarioRun } from './check-result.ts';
import { runOf } from './scenario-run.ts';
import type { Played } from '../../virtual/play.ts';

/** What broke of the service or of the run itself is told in the reason: no claim about a device is broken then. */
export function simulatedRun(played: Played): ScenarioRun {
  const run = runOf(played);
  const [first] = played.violations;
  if (first === undefined || run.verdict === 'fail') return run;
  const claim = claimIds.find((id) => id === first.broke);
  if (claim !== undefined) return { ...run, verdict: 'fail', broke: [claim], reason: first.message };
  return { ...run, verdict: 'fail', broke: [], reason: `${first.broke}: ${first.message}` };
}

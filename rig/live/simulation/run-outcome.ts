/**
 * What a run in virtual time came to, as plain data: it may have been played in another process. Who wants to know more plays the
 * scenario again, which comes to the same.
 */
import type { EpochMs } from '../../../protocol/time.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { type FoundFailure, failureIn } from '../../virtual/causes.ts';
import { type PlayOptions, type Played, play } from '../../virtual/play.ts';
import type { Subjects } from '../../virtual/subjects.ts';
import type { ScenarioRun } from '../check/check-result.ts';
import { simulatedRun } from '../check/scenario-run.ts';

export interface RunOutcome
  extends
    Pick<ScenarioRun, 'verdict' | 'broke' | 'reason'>,
    Pick<Played, 'executions' | 'startedAt' | 'endedAt' | 'traceHash' | 'faults'> {
  readonly startedAt: EpochMs;
  /** Absent: nothing broke. */
  readonly failure?: FoundFailure;
}

export function playToOutcome(scenario: Scenario, subjects: Subjects, options?: PlayOptions): RunOutcome {
  const played = play(scenario, subjects, options);
  const { executions, startedAt, endedAt, traceHash, faults } = played;
  const { verdict, broke, reason } = simulatedRun(played);
  const failure = failureIn(played);
  return {
    verdict,
    broke,
    reason,
    executions,
    startedAt,
    endedAt,
    ...(traceHash !== undefined && { traceHash }),
    faults,
    ...(failure && { failure }),
  };
}

/** From a scenario that was played to a run with one verdict and one sentence. */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { type ClaimId, type Finding, claimIds, verdictOf } from '../../verdict/contract.ts';
import type { Played } from '../play.ts';
import type { ScenarioRun } from './check-result.ts';
import type { Played as SimulatedPlay } from '../../virtual/play.ts';

export function runOf(played: Played): ScenarioRun {
  const { scenario, startedAt, endedAt, observations, trouble, unfinished } = played;
  const findings = played.findings.flatMap((one) => one.findings);
  const failed = findings.filter(({ outcome }) => outcome === 'fail');
  const broke = brokenClaims(scenario, failed);
  const head = { scenario, findings, observations, startedAt, durationMs: endedAt - startedAt };
  const recovery = recoveryMsIn(observations);
  const rest = {
    ...head,
    resembles: resemblances(scenario, failed),
    ...(recovery !== undefined && { recoveryMs: recovery }),
  };
  if (trouble !== undefined) {
    return { ...rest, verdict: 'inconclusive', broke: [], reason: `the rig could not go on: ${trouble}` };
  }
  const verdict = verdictOf(findings);
  if (verdict === 'fail') {
    const [first] = [...failed].sort((a, b) => rank(broke, a.claim) - rank(broke, b.claim));
    return { ...rest, verdict, broke, reason: first?.reason ?? '' };
  }
  if (verdict === 'inconclusive') {
    const late = findings.find(({ outcome }) => outcome === 'inconclusive');
    return { ...rest, verdict, broke: [], reason: late?.reason ?? 'this host was too slow' };
  }
  if (unfinished !== undefined) {
    return {
      ...rest,
      verdict: 'inconclusive',
      broke: [],
      reason: `its moment never came: it waited for ${unfinished}`,
    };
  }
  return { ...rest, verdict: 'pass', broke: [], reason: '' };
}

export function skippedRun(scenario: Scenario, reason: string, at: EpochMs): ScenarioRun {
  return {
    scenario,
    verdict: 'skip',
    broke: [],
    reason,
    findings: [],
    observations: [],
    startedAt: at,
    durationMs: 0,
    resembles: [],
  };
}

/** The scenario's own claim first. */
function brokenClaims({ about }: Scenario, failed: readonly Finding[]): readonly ClaimId[] {
  const ids = [...new Set(failed.map(({ claim }) => claim))];
  return ids.sort((a, b) => Number(b === about) - Number(a === about));
}

function rank(broke: readonly ClaimId[], claim: ClaimId): number {
  return broke.indexOf(claim);
}

/** What the findings resemble; else what the scenario is there to find. */
function resemblances(scenario: Scenario, failed: readonly Finding[]): readonly string[] {
  if (failed.length === 0) return [];
  const found = [...new Set(failed.flatMap(({ catalog = [] }) => catalog))];
  const own = found.filter((id) => scenario.catalog.includes(id));
  if (own.length > 0) return own;
  return found.length > 0 ? found.slice(0, 2) : scenario.catalog.slice(0, 2);
}

/** From the first forced pull to the next time that the device said something that is not about what was pulled, and was not refused. */
function recoveryMsIn(observations: readonly Observation[]): DurationMs | undefined {
  const pull = observations.find((one) => one.kind === 'execution' && one.force === true);
  if (pull?.kind !== 'execution') return undefined;
  const { jobId } = pull.execution;
  const asked = observations.find(
    (one) =>
      one.kind === 'sent' &&
      one.at >= pull.at &&
      one.request.jobId !== jobId &&
      one.request.operation !== 'UpdateJobExecution',
  );
  return asked === undefined ? undefined : asked.at - pull.at;
}

/**
 * The same of a scenario that was played in virtual time. What broke of the service or of the run itself is told in the reason: no
 * claim about a device is broken then.
 */
export function simulatedRun(played: SimulatedPlay): ScenarioRun {
  const run = runOf(played);
  const [first] = played.violations;
  if (first === undefined || run.verdict === 'fail') return run;
  const claim = claimIds.find((id) => id === first.broke);
  if (claim !== undefined) return { ...run, verdict: 'fail', broke: [claim], reason: first.message };
  return { ...run, verdict: 'fail', broke: [], reason: `${first.broke}: ${first.message}` };
}

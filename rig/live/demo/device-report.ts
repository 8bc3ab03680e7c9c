/** One device's part of the report: what the judge found, what was pulled from it, and what was seen of it. */
import type { Step } from '../../../observation/execution.ts';
import type { Observation } from '../../../observation/observation.ts';
import type { DeviceReport } from '../../report/run-report.ts';
import { type Finding, verdictOf } from '../../verdict/contract.ts';

export interface DeviceSource extends Omit<DeviceReport, 'outcome' | 'reason' | 'omitted'> {
  /** Where it was to be pulled. */
  readonly step?: Step;
  /** The run was interrupted before its part was over. */
  readonly isCut?: boolean;
}

export function deviceReport(source: DeviceSource): DeviceReport {
  const { thingName, hardware, step: _step, isCut: _isCut, ...rest } = source;
  return { thingName, hardware, ...outcomeOf(source), ...rest, omitted: 0 };
}

function outcomeOf({ findings, pull, step, isCut }: DeviceSource): Pick<DeviceReport, 'outcome' | 'reason'> {
  const verdict = verdictOf(findings);
  if (verdict === 'fail') return { outcome: 'invalid', reason: wordsOf(findings, 'fail') };
  const { recoveryMs } = pull ?? {};
  if (isCut === true && recoveryMs === undefined) return { outcome: 'inconclusive', reason: cutReason };
  if (isCut !== true && verdict === 'inconclusive') {
    return { outcome: 'inconclusive', reason: wordsOf(findings, 'inconclusive') };
  }
  if (pull !== undefined) {
    const after = recoveryMs === undefined ? '' : ` ${(recoveryMs / 1000).toFixed(1)} s after the pull`;
    return { outcome: 'recovered', reason: `valid again${after}` };
  }
  if (step !== undefined) {
    return { outcome: 'inconclusive', reason: `never came to ${step}, so it was not pulled there` };
  }
  return { outcome: 'untouched', reason: 'left alone: finished its jobs' };
}

function wordsOf(findings: readonly Finding[], outcome: Finding['outcome']): string {
  return findings
    .filter((finding) => finding.outcome === outcome)
    .map(({ claim, reason }) => `${claim}: ${reason}`)
    .join('; ');
}

/** Of what was interrupted: what is certain, and nothing else, is found. @param certain what broke until then */
export function findingsWhenCut(findings: readonly Finding[], certain: readonly Finding[]): readonly Finding[] {
  return findings.map(
    ({ claim }) =>
      certain.find((one) => one.claim === claim) ?? { claim, outcome: 'inconclusive', reason: cutReason, evidence: [] },
  );
}

const cutReason = 'interrupted before its jobs were done';
const brokenTold = 100;
const pulledToldByStep = 6;
const observationsKept = 300;

/** Leaves out what nobody will look at: stories of devices that are like many others, and the ends of endless ones. */
export function keepSmall(reports: readonly DeviceReport[]): readonly DeviceReport[] {
  const told = new Map<string, number>();
  return reports.map((report) => {
    const isTold = isWell(report);
    const kind = isTold ? `${report.pull?.step} ${report.pull?.mechanism}` : 'broken';
    const before = told.get(kind) ?? 0;
    told.set(kind, before + 1);
    const kept = before < (isTold ? pulledToldByStep : brokenTold) ? observationsKept : 0;
    const { observations, findings } = report;
    return {
      ...report,
      findings: kept === 0 ? findings.map(withoutEvidence) : findings,
      observations: observations.slice(0, kept),
      omitted: Math.max(0, observations.length - kept),
    };
  });
}

export function isWell({ outcome }: DeviceReport): boolean {
  return outcome === 'recovered' || outcome === 'untouched';
}

function withoutEvidence({ claim, outcome, reason }: Finding): Finding {
  return { claim, outcome, reason, evidence: [] };
}

/** What a story needs, of all that is seen: each step once in a row, and nothing that only a machine reads. */
export function storyFilter(): (seen: Observation) => boolean {
  const at = new Map<string, string>();
  return (seen) => {
    if (seen.kind === 'delivered' || seen.kind === 'pinged' || seen.kind === 'download') return false;
    if (seen.kind !== 'traced') return true;
    const { trace, thingName = '' } = seen;
    if (trace.kind === 'download' || trace.kind === 'asleep' || trace.kind === 'awake') return false;
    if (trace.kind !== 'step') {
      at.delete(thingName);
      return true;
    }
    // An image passes download, verify and write once a segment: the first time says enough.
    const steps = at.get(thingName) ?? '';
    if (steps.includes(` ${trace.step} `)) return false;
    at.set(thingName, `${steps} ${trace.step} `);
    return true;
  };
}

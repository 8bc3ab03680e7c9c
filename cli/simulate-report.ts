/**
 * What `jobrig simulate` says at the end: for people what happened and what broke, grouped by cause, each told once as a story;
 * for machines one JSON object.
 */
import colors from 'picocolors';
import { version } from '../package/package.ts';
import { tellScenario } from '../rig/scenario/tell.ts';
import type { ScenarioRun } from '../rig/live/check/check-result.ts';
import type { ToldCause as PlayedCause } from '../rig/live/simulation/simulation.ts';
import { decisiveText, knownAs } from '../rig/report/check-summary.ts';
import { besidesText, signs } from '../rig/report/check-terminal.ts';
import type { Cause } from '../rig/virtual/causes.ts';
import { claims } from '../rig/virtual/violation.ts';
import type { Verdict } from '../rig/verdict/contract.ts';

/** What all runs together came to. */
export interface Totals {
  runs: number;
  executions: number;
  simulatedMs: number;
  /** Simulated time times devices. */
  deviceMs: number;
  traceHash: string;
  readonly faults: Record<string, number>;
}

/** A cause, with its smallest scenario played once more. */
export interface ToldCause extends PlayedCause {
  /** Where the scenario was written, and the command that plays it. */
  readonly file: string;
  readonly replay: string;
}

export interface ScenarioOutcome extends Pick<ScenarioRun, 'scenario' | 'verdict' | 'broke' | 'reason'> {
  readonly simulatedMs: number;
}

/** What belongs to the words of the result beside the totals. */
export interface Account {
  readonly totals: Totals;
  readonly seed: number;
  /** One run alone has a trace hash to show. */
  readonly single: boolean;
  readonly startedAt: Date;
  readonly wallSeconds: number;
  readonly verdict: Verdict;
  /** It was interrupted. */
  readonly isPartial: boolean;
  readonly causes: readonly ToldCause[];
  /** Causes that were found beside those that are told. */
  readonly untold: readonly Cause[];
  /** Only where scenarios were asked for. */
  readonly scenarios?: readonly ScenarioOutcome[];
  readonly replayOf: (failure: Cause['failure']) => string;
  readonly page?: string;
}

export function simulationJson(account: Account): string {
  const {
    totals,
    seed,
    single,
    startedAt,
    wallSeconds,
    verdict,
    isPartial,
    causes,
    untold,
    scenarios,
    replayOf,
    page,
  } = account;
  const failures = [...causes.map(({ cause }) => cause), ...untold].flatMap((cause) => cause.failures);
  const result = {
    jobrig: version,
    verb: 'simulate',
    seed,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    verdict,
    runs: totals.runs,
    executions: totals.executions,
    simulatedSeconds: totals.simulatedMs / 1000,
    wallSeconds,
    faults: totals.faults,
    violations: failures.map((failure) => ({
      ...(failure.seed === undefined ? { scenario: failure.scenario.id } : { seed: failure.seed }),
      broke: failure.violation.broke,
      message: failure.violation.message,
      replay: replayOf(failure),
      ...(failure.violation.thingName !== undefined && { thingName: failure.violation.thingName }),
      atMs: failure.violation.atMs,
    })),
    causes: causes.map(({ cause, run, file, replay }) => ({
      broke: cause.failure.violation.broke,
      reason: cause.failure.violation.message,
      found: cause.failures.length,
      in: cause.failures.map(({ label }) => label),
      resembles: run.resembles,
      scenario: file,
      replay,
    })),
    ...(scenarios && {
      scenarios: scenarios.map(({ scenario: { id, version: edition, claim, catalog }, ...rest }) => ({
        id,
        version: edition,
        claim,
        catalog,
        ...rest,
      })),
    }),
    ...(single && { traceHash: totals.traceHash }),
    ...(isPartial && { partial: true }),
    ...(page !== undefined && { report: page }),
  };
  return `${JSON.stringify(result)}\n`;
}

export function simulationText(account: Account): string {
  const { scenarios, causes, untold, page } = account;
  return [
    ...(scenarios === undefined ? [] : [...scenarios.map(outcomeLine), '']),
    ...causes.flatMap((cause) => causeLines(cause, page !== undefined)),
    ...(untold.length === 0 ? [] : ['', `and ${untold.length} rarer causes`, ...untold.map(untoldLine)]),
    ...(causes.length === 0 ? [] : ['']),
    ...(page === undefined ? [] : [`report ${page}`]),
    ...summaryLines(account),
    '',
  ].join('\n');
}

function outcomeLine({ scenario, verdict, reason }: ScenarioOutcome): string {
  return `${signs[verdict]} ${scenario.id}${reason === '' ? '' : `  ${reason}`}`;
}

const labelsShown = 8;

function causeLines({ cause, run, file, replay }: ToldCause, isWritten: boolean): readonly string[] {
  const { broke, message } = cause.failure.violation;
  const decisive = decisiveText(run);
  return [
    '',
    `${signs.fail} ${colors.bold(message)} (${broke}: ${claims[broke]})${knownAs(run.resembles)}`,
    `  found in ${foundIn(cause)}; the smallest, as small as it gets:`,
    ...tellScenario(run.scenario).map((sentence) => `    ${sentence}`),
    ...(decisive === undefined ? [] : [`  decided ${decisive}`]),
    ...(isWritten ? [`  written to ${file}`, `  play it    ${replay}`] : []),
  ];
}

function untoldLine(cause: Cause): string {
  const { broke, message } = cause.failure.violation;
  return `${signs.fail} ${message} (${broke}), in ${foundIn(cause)}`;
}

function foundIn({ failures }: Cause): string {
  const labels = failures.slice(0, labelsShown).map(({ label }) => label);
  const more = failures.length - labels.length;
  const count = failures.length === 1 ? '' : `${failures.length} runs: `;
  return `${count}${labels.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function summaryLines({
  totals,
  single,
  wallSeconds,
  isPartial,
  causes,
  untold,
  scenarios,
}: Account): readonly string[] {
  const { runs, executions, deviceMs, faults, traceHash } = totals;
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  const failed = [...causes.map(({ cause }) => cause), ...untold].reduce((sum, one) => sum + one.failures.length, 0);
  const count = (verdict: string): number => (scenarios ?? []).filter((one) => one.verdict === verdict).length;
  const besides = besidesText({
    skipped: count('skip'),
    inconclusive: count('inconclusive'),
    'ended early': isPartial,
  });
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'}, ${(deviceMs / 3_600_000).toFixed(1)} device-hours, ${executions} executions, ${wallSeconds.toFixed(1)} s`,
    injected.length === 0 ? 'no fault was injected' : 'faults',
    ...injected.map(([kind, times]) => `  ${String(times).padStart(8)}  ${kind}`),
    ...(single ? [`trace hash ${traceHash}`] : []),
    failed === 0 ? `no violation${besides}` : `survived ${runs - failed} of ${runs}${besides}`,
  ];
}

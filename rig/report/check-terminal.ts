/** A check on a terminal: a line a scenario as it ends, then what failed, grouped by cause, and how to play it again. */
import colors from 'picocolors';
import {
  type CheckResult,
  type ScenarioResult,
  type SweepPoint,
  exemplaryRun,
  verdictOfRuns,
} from '../live/check/check-result.ts';
import type { Diagnosis } from '../live/check/diagnosis.ts';
import type { Portrait } from '../live/check/portrait.ts';
import { claimName } from './claim-words.ts';
import { catalogName } from '../verdict/catalog.ts';
import { type Cause, causesOf, decisiveText, resultLine, survivalOf } from './check-summary.ts';
import { spanText } from './words.ts';

export const signs = {
  pass: colors.green('✓'),
  fail: colors.red('✗'),
  skip: colors.dim('–'),
  inconclusive: colors.yellow('?'),
} as const;

export function scenarioLine(result: ScenarioResult): string {
  const verdict = verdictOfRuns(result.runs);
  const line = resultLine(result);
  return `${signs[verdict]} ${verdict === 'skip' ? colors.dim(`${line}`) : line}`;
}

export function sweepLine({ label, cross, run, atMs }: SweepPoint): string {
  const reason = run.verdict === 'pass' ? '' : `  ${run.reason}`;
  return `${signs[run.verdict]} ${spanText(atMs)}: ${label}, ${cross}${reason}`;
}

export function portraitLines(portrait: Portrait): readonly string[] {
  const { protocol, session, qos, hears, asksBy, updatesBy, downloadsBy, reportsVersionBy } = portrait;
  const times = [
    portrait.bootMs === undefined ? '' : `boots in ${spanText(portrait.bootMs)}`,
    portrait.updateMs === undefined ? '' : `updates in ${spanText(portrait.updateMs)}`,
    portrait.reconnectMs === undefined ? '' : `reconnects in ${spanText(portrait.reconnectMs)}`,
  ].filter((text) => text !== '');
  const traits = [
    protocol === undefined ? '' : `${protocol}, ${session} session`,
    qos === undefined ? '' : `QoS ${qos}`,
    hears.length === 0 ? 'hears no notifications' : `hears ${hears.join(' and ')}`,
    asksBy.length === 0 ? 'never asks' : `asks by ${asksBy.join(' and ')}`,
    portrait.sendsExpectedVersion ? 'sends expectedVersion' : 'sends no expectedVersion',
    portrait.skipsInProgress ? 'goes from QUEUED to the end' : '',
    updatesBy.includes('http') ? 'updates over HTTP' : '',
    downloadsBy.length === 0 ? 'downloads nothing from the rig' : `downloads by ${downloadsBy.join(' and ')}`,
    reportsVersionBy.length === 0 ? '' : `reports its version by ${reportsVersionBy.join(' and ')}`,
    portrait.restartsToUpdate ? 'ends to restart' : '',
  ].filter((text) => text !== '');
  return [`device    ${traits.join('; ')}`, `pace      ${times.join('; ')}`];
}

export function diagnosisLines({ reached, cause, printed }: Diagnosis): readonly string[] {
  const said = printed.length === 0 ? [] : ['it printed last:', ...printed.map((line) => `  | ${line}`)];
  return [
    `${colors.red('✗')} the handshake failed: the device ${reachedWords[reached]}`,
    `  ${cause}`,
    ...said.map((line) => `  ${line}`),
  ];
}

const reachedWords: Readonly<Record<Diagnosis['reached'], string>> = {
  'never started': 'was never started',
  'never connected': 'never connected',
  connected: 'connected and went no further',
  subscribed: 'subscribed and went no further',
  asked: 'asked for jobs and started none',
  started: 'started the job and never ended it',
  'refused the job': 'refused the job',
  'failed the job': 'failed the job',
};

export interface Replay {
  /** What plays the failures again. */
  readonly command: string;
  readonly page?: string;
}

export function closingLines(result: CheckResult, { command, page }: Replay): readonly string[] {
  const causes = causesOf(result);
  const { tried, survived, skipped, inconclusive } = survivalOf(result.results);
  const swept = result.sweep ?? [];
  const failedMoments = swept.filter(({ run }) => run.verdict === 'fail').length;
  const besides = besidesText({ skipped, inconclusive, 'ended early': result.isPartial });
  return [
    ...causes.flatMap(causeLines),
    ...(causes.length > 0 ? ['', `play again   ${command}`] : []),
    ...(page === undefined ? [] : [`report       ${page}`]),
    '',
    ...(tried > 0 || swept.length === 0 ? [`survived ${survived} of ${tried}${besides}`] : []),
    ...(swept.length === 0 ? [] : [`survived ${swept.length - failedMoments} of ${swept.length} pulls of the sweep`]),
  ];
}

/** ` (2 skipped, ended early)`; nothing where there is nothing to say. */
export function besidesText(besides: Readonly<Record<string, number | boolean>>): string {
  const told = Object.entries(besides).filter(([, count]) => Number(count) > 0);
  const words = told.map(([what, count]) => (count === true ? what : `${count} ${what}`));
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function causeLines({ claim, sentence, resembles, results }: Cause): readonly string[] {
  const run = exemplaryRun(results[0]!);
  const decisive = decisiveText(run);
  return [
    '',
    `${colors.red('✗')} ${colors.bold(sentence)} (${claimName(claim)}), ${results.length === 1 ? 'in' : `in ${results.length} scenarios:`} ${results.map(({ scenario }) => scenario.id).join(', ')}`,
    `  ${run.scenario.claim}`,
    ...(decisive === undefined ? [] : [`  ${decisive}`]),
    ...resembles.slice(0, 2).map((id) => `  known as ${catalogName(id)}`),
  ];
}

/** The result of a load run as a table that fits a screen. */
import colors from 'picocolors';
import type { LoadRun } from '../rig/load/contract.ts';
import { latenciesIn, loadJson } from '../rig/load/figures.ts';
import { type JudgedThreshold, memoryOf, verdictOfLoad } from '../rig/load/verdict.ts';
import { countWords, measureText, spanText, wayText } from '../rig/report/words.ts';
import type { CommonOptions } from './arguments.ts';
import { formatTable } from './table.ts';

const titles = ['exchange', 'count', 'p50', 'p95', 'p99', 'max'];

/** The result as its user wants it. */
export function loadText(
  { json }: CommonOptions,
  ...told: [run: LoadRun, thresholds: readonly JudgedThreshold[], report?: string | undefined]
): string {
  return json === true ? JSON.stringify(loadJson(...told)) : loadSummary(...told);
}

function loadSummary(run: LoadRun, thresholds: readonly JudgedThreshold[], report?: string): string {
  const { executions, processes, settings } = run;
  const rows = Object.entries(latenciesIn(run)).map(([exchange, { count, p50, p95, p99, max }]) => [
    exchange,
    figure(count),
    ...[p50, p95, p99, max].map(milliseconds),
  ]);
  const verdict = verdictOfLoad(run, thresholds);
  const badge = { pass: colors.green('pass'), fail: colors.red('fail'), inconclusive: colors.yellow('inconclusive') };
  const { wanted, succeeded, failed, pulled } = executions;
  const rates = Object.entries({
    executions: run.executionsPerSecond,
    exchanges: run.exchangesPerSecond,
    connects: run.connectsPerSecond,
  }).map(([what, perSecond]) => `${figure(Math.round(perSecond))} ${what}/s`);
  const lines: readonly (readonly [name: string, text: string | undefined])[] = [
    ['things', `${figure(run.things)}, ${wayText(settings)}, ${settings.pacing}`],
    [
      'executions',
      `${figure(succeeded)} of ${figure(wanted)} succeeded, ${figure(failed)} failed${pulled > 0 ? `, ${figure(pulled)} taken away` : ''}`,
    ],
    ['rates', rates.join(', ')],
    ...processes.map(
      ({ name, peakBytes, cpuMs }) => [name, `peak ${mega(peakBytes)}, CPU ${spanText(cpuMs)}`] as const,
    ),
    ['memory', `${(memoryOf(run).perThingBytes / 1024).toFixed(1)} KB a thing`],
    ['failures', failureWords(run.failures)],
    ['refusals', Object.keys(run.refusals).length > 0 ? `${countWords(run.refusals)}, asked again` : undefined],
    ...run.differs.map((difference) => ['differs', difference] as const),
    ...thresholds.map(({ expression, value, unit, held }) => {
      const measured = value === undefined ? 'no such figure' : measureText(value, unit);
      return ['threshold', `${held ? '✓' : '✗'} ${expression} (${measured})`] as const;
    }),
    ['saturated', run.saturated ? 'the generator was the limit: latencies are its own, not the service’s' : undefined],
    ['note', settings.transport === 'in-process' ? sharedNote(run) : undefined],
    ...(run.notes ?? []).map((note) => ['note', note] as const),
    ['partial', run.partial],
    ['report', report],
    ['verdict', badge[verdict]],
  ];
  const told = lines.flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(18)} ${text}`));
  return ['', formatTable(titles, rows, 1), '', ...told].join('\n');
}

function figure(value: number): string {
  return value.toLocaleString('en');
}

function milliseconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : spanText(ms);
}

function mega(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}

const kindsTold = 8;

/** The most frequent, and of how many more kinds: a hundred of them are no line. */
function failureWords(failures: LoadRun['failures']): string {
  const kinds = Object.entries(failures).sort(([, a], [, b]) => b - a);
  const told = countWords(Object.fromEntries(kinds.slice(0, kindsTold))) || 'none';
  const more = kinds.length - kindsTold;
  return more > 0 ? `${told}, and ${more} rarer kinds` : told;
}

function sharedNote({ processes }: LoadRun): string {
  const who = processes.some(({ name }) => name === 'engine')
    ? 'each door shares a process with its part of the fleet'
    : 'service and fleet share one process';
  return `${who}: latencies are of both together`;
}

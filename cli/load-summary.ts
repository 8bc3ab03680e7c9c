/** The result of a load run as a table that fits a screen. */
import colors from 'picocolors';
import type { LoadRun } from '../rig/load/contract.ts';
import { latenciesIn } from '../rig/load/figures.ts';
import { type JudgedThreshold, memoryOf, verdictOfLoad } from '../rig/load/verdict.ts';
import { countWords, spanText } from '../rig/report/words.ts';
import { type Column, formatTable } from './table.ts';

const columns: readonly Column[] = [
  { title: 'exchange' },
  { title: 'count', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p95', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'max', align: 'right' },
];

export function loadSummary(run: LoadRun, thresholds: readonly JudgedThreshold[], report?: string): string {
  const { executions, processes, settings } = run;
  const rows = Object.entries(latenciesIn(run)).map(([exchange, { count, p50, p95, p99, max }]) => [
    exchange,
    figure(count),
    ...[p50, p95, p99, max].map(milliseconds),
  ]);
  const verdict = verdictOfLoad(run, thresholds);
  const badge = { pass: colors.green('pass'), fail: colors.red('fail'), inconclusive: colors.yellow('inconclusive') };
  const memory = memoryOf(run);
  const lines: (readonly [string, string])[] = [
    [
      'things',
      `${figure(run.things)}, ${settings.transport === 'tcp' ? 'over TCP' : 'in-process'}, ${settings.pacing}`,
    ],
    [
      'executions',
      `${figure(executions.succeeded)} of ${figure(executions.wanted)} succeeded, ${figure(executions.failed)} failed${executions.pulled > 0 ? `, ${figure(executions.pulled)} taken away` : ''}`,
    ],
    [
      'rates',
      `${figure(Math.round(run.executionsPerSecond))} executions/s, ${figure(Math.round(run.exchangesPerSecond))} exchanges/s, ${figure(Math.round(run.connectsPerSecond))} connects/s`,
    ],
    ...processes.map(
      ({ name, peakBytes, cpuMs }) => [name, `peak ${mega(peakBytes)}, CPU ${spanText(cpuMs)}`] as const,
    ),
    ['memory', `${(memory.perThingBytes / 1024).toFixed(1)} KB a thing`],
    ['failures', countWords(run.failures) || 'none'],
    ...(Object.keys(run.refusals).length > 0
      ? [['refusals', `${countWords(run.refusals)}, asked again`] as const]
      : []),
    ...run.differs.map((difference) => ['differs', difference] as const),
    ...thresholds.map(
      ({ expression, value, held }) =>
        [
          'threshold',
          `${held ? '✓' : '✗'} ${expression} (${value === undefined ? 'no such figure' : trimmed(value)})`,
        ] as const,
    ),
    ...(run.saturated
      ? [['saturated', 'the generator was the limit: latencies are its own, not the service’s'] as const]
      : []),
    ...(settings.transport === 'in-process'
      ? [['note', 'service and fleet share one process: latencies are of both together'] as const]
      : []),
    ...(run.partial === undefined ? [] : [['partial', run.partial] as const]),
    ...(report === undefined ? [] : [['report', report] as const]),
    ['verdict', badge[verdict]],
  ];
  return ['', formatTable(columns, rows), '', ...lines.map(([name, text]) => `${name.padEnd(18)} ${text}`)].join('\n');
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

function trimmed(value: number): string {
  return value.toFixed(value < 100 ? 2 : 0).replace(/\.?0+$/, '') || '0';
}

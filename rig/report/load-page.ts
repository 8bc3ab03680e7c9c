/**
 * The page of a load run: did it hold; latency over time and as percentiles, executions and exchanges, memory and CPU of each
 * process, failures by kind. Charts are drawn by the page's script from the data beside it; without it the tables say all.
 */
import type { LoadRun } from '../load/contract.ts';
import type { Latencies } from '../load/figures.ts';
import { type JudgedThreshold, hasBegunNothing, memoryOf, verdictOfLoad } from '../load/verdict.ts';
import type { Percentiles } from '../load/percentiles.ts';
import { type Markup, html } from './markup.ts';
import { type PageContent, commandLine, runBar, stateLine } from './page-frame.ts';
import { facts, table, wideTable } from './tables.ts';
import { measureText, spanText, wayText } from './words.ts';

/** A run with what is computed from it for people. */
export interface ShownLoad {
  readonly run: LoadRun;
  readonly thresholds: readonly JudgedThreshold[];
  readonly latencies: Latencies;
  /** Absent: a run that was kept before they were kept with it. */
  readonly percentiles?: Percentiles;
}

export function loadContent(shown: ShownLoad): PageContent {
  const { run, thresholds } = shown;
  const { shape, startedAt, endedAt, things, seed } = run;
  return {
    title: `jobrig load: ${verdictOfLoad(run, thresholds)}`,
    bar: runBar(
      'load',
      html`<code>${shape}</code><span>${count(things)} things, seed ${seed}</span>`,
      startedAt,
      endedAt,
    ),
    sections: [
      hasFailed(run) && ['failures', Object.keys(run.failures).length > 0 ? 'Failures' : 'Refusals'],
      ['latency', 'Latency'],
      ['throughput', 'Throughput'],
      ['processes', 'Processes'],
      ['settings', 'What was tried'],
    ],
    // Cause first, as in every report; where nothing failed there is nothing to say of it.
    body: html`${head(shown)} ${hasFailed(run) ? failureSection(run) : undefined} ${latencySection(shown)}
    ${throughputSection()} ${processSection(run)} ${settingsSection(run)}`,
    foot: [`jobrig ${run.jobrig}`, `seed ${seed}`, new Date(startedAt).toISOString(), 'run.json'],
    style: loadStyle,
    data: JSON.stringify(chartsOf(shown)),
  };
}

function hasFailed({ failures, refusals }: LoadRun): boolean {
  return Object.keys(failures).length + Object.keys(refusals).length > 0;
}

function head({ run, thresholds, latencies }: ShownLoad): Markup {
  const { executions, things } = run;
  const { update, execution } = latencies;
  const figures: readonly (readonly [string, string])[] = [
    ['executions/s', count(run.executionsPerSecond)],
    ['exchanges/s', count(run.exchangesPerSecond)],
    ['connects/s', count(run.connectsPerSecond)],
    ...(update ? [['p99 of an update', milliseconds(update.p99)] as const] : []),
    ...(execution ? [['p50 of an execution', milliseconds(execution.p50)] as const] : []),
    ['memory a thing', `${(memoryOf(run).perThingBytes / 1024).toFixed(1)} KB`],
  ];
  return html`<section id="top">
    ${stateLine(verdictOfLoad(run, thresholds), `${count(executions.succeeded)} of ${count(executions.wanted)} executions succeeded`)}
    <h1>${headline(run, thresholds)}</h1>
    <p class="lead">
      ${count(things)} things, ${wayText(run.settings)}, ${run.settings.pacing}.
      ${run.saturated ? 'The generator was the limit: latencies are its own, not the service’s. ' : ''}${
        run.settings.transport === 'in-process' ? 'Latencies are of service and fleet together. ' : ''
      }${run.partial === undefined ? '' : `It ended before its end: ${run.partial}.`}
    </p>
    ${run.command === undefined ? undefined : commandLine(run.command)}
    <dl class="figures">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dd>${value}</dd>
            <dt>${name}</dt>
          </div>`,
      )}
    </dl>
    ${thresholds.length === 0 ? undefined : thresholdTable(thresholds)}
    ${run.differs.map((difference) => html`<p class="red">✗ Both ends differ: ${difference}</p>`)}
    ${(run.notes ?? []).map((note) => html`<p>Note: ${note}.</p>`)}
  </section>`;
}

function headline(run: LoadRun, thresholds: readonly JudgedThreshold[]): string {
  const broken = thresholds.filter(({ held }) => !held);
  if (run.partial !== undefined) return 'The run was cut short; what was measured until then stands here.';
  if (hasBegunNothing(run)) return 'No execution has begun, so nothing was measured.';
  if (run.executions.failed > 0) return `${count(run.executions.failed)} executions were not finished.`;
  if (run.differs.length > 0) return 'Service and fleet counted differently.';
  if (Object.keys(run.failures).length > 0) return 'Every execution was finished, but not without failures.';
  if (broken.length > 0) {
    return broken.length === 1 ? `${broken[0]!.expression} does not hold.` : `${broken.length} thresholds do not hold.`;
  }
  return run.claim;
}

function thresholdTable(thresholds: readonly JudgedThreshold[]): Markup {
  const rows = thresholds.map(({ expression, value, unit, held }) => [
    html`<code>${expression}</code>`,
    value === undefined ? 'no such figure in this run' : measureText(value, unit),
    held ? '✓ holds' : html`<span class="red">✗ broken</span>`,
  ]);
  return wideTable('Thresholds', ['Threshold', 'Measured', ''], rows, { kind: 'thresholds' });
}

/** Places of two charts, side by side. */
function plots(...both: readonly (readonly [plot: string, title: string, label: string])[]): Markup {
  return html`<div class="two">
    ${both.map(
      ([plot, title, label]) =>
        html`<div>
          <h3>${title}</h3>
          <div class="plot" data-plot="${plot}" role="img" aria-label="${label}"></div>
        </div>`,
    )}
  </div>`;
}

function latencySection({ latencies }: ShownLoad): Markup {
  return html`<section id="latency">
    <h2>Latency</h2>
    <p class="sub">
      Of requests of the Jobs API, each second, and of every exchange by percentile. Scales are logarithmic.
    </p>
    ${plots(['latency', 'Over time, ms', 'Latency over time'], ['percentiles', 'By percentile, ms', 'Latency by percentile'])}
    ${table(
      ['Exchange', 'Count', 'p50', 'p95', 'p99', 'Max'],
      Object.entries(latencies).map(([exchange, { count: many, p50, p95, p99, max }]) => [
        exchange,
        count(many),
        ...[p50, p95, p99, max].map(milliseconds),
      ]),
      { figuresFrom: 1 },
    )}
  </section>`;
}

function throughputSection(): Markup {
  return html`<section id="throughput">
    <h2>Throughput</h2>
    <p class="sub">Dotted lines are where a phase of the shape begins.</p>
    ${plots(
      ['throughput', 'Exchanges and executions a second', 'Exchanges and executions a second'],
      ['things', 'Things connected, executions in progress', 'Things connected and executions in progress'],
    )}
  </section>`;
}

function processSection({ processes }: LoadRun): Markup {
  const rows = processes.map(({ name, things, idleBytes, peakBytes, cpuMs, busiest }) => [
    name,
    things === 0 ? '' : count(things),
    mega(idleBytes),
    mega(peakBytes),
    spanText(cpuMs),
    `${Math.round(busiest * 100)} %`,
  ]);
  return html`<section id="processes">
    <h2>Processes</h2>
    ${plots(['memory', 'Memory, MB', 'Memory of each process'], ['cpu', 'CPU, % of a core', 'CPU of each process'])}
    ${wideTable('Processes in figures', ['Process', 'Things', 'Empty', 'Peak', 'CPU in all', 'Busiest second'], rows, {
      figuresFrom: 1,
    })}
  </section>`;
}

/** Of a run in which there were some. */
const kindsShown = 12;

/** The most frequent first; what is rarer is folded. */
function failureSection({ failures, refusals }: LoadRun): Markup {
  const kinds = Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, many]) => [html`<span class="red">✗ ${kind}</span>`, count(many)]);
  const rarer = kinds.length > kindsShown + 1 ? kinds.slice(kindsShown) : [];
  const rows = [
    ...kinds.slice(0, kinds.length - rarer.length),
    ...Object.entries(refusals).map(([code, many]) => [`refused: ${code}, asked again`, count(many)]),
  ];
  const titles = ['Kind', 'Count'];
  return html`<section id="failures">
    <h2>${Object.keys(failures).length === 0 ? 'Refused, and asked again' : 'Failures'}</h2>
    ${table(titles, rows, { figuresFrom: 1 })}
    ${
      rarer.length === 0
        ? undefined
        : html`<details>
            <summary>${rarer.length} rarer kinds</summary>
            ${table(titles, rarer, { figuresFrom: 1 })}
          </details>`
    }
  </section>`;
}

function settingsSection(run: LoadRun): Markup {
  const { settings, seed, slice, phases } = run;
  const rows: readonly (readonly [string, string])[] = [
    ['Shape', `${run.shape}: ${run.claim}`],
    ['Executions for each thing', String(settings.executions)],
    ['Updates of an execution', settings.hardware === 'none' ? String(settings.updates) : 'as the agent reports'],
    ['Pacing', settings.pacing],
    ['Hardware', settings.hardware],
    ['Transport', settings.transport],
    ['Endpoint', settings.endpoint],
    ...(slice ? [['Slice', `${slice.index}/${slice.of}`] as const] : []),
    ['Seed', String(seed)],
    ['Phases', phases.map(({ name, fromMs, toMs }) => `${name} ${spanText(toMs - fromMs)}`).join(', ')],
  ];
  return html`<section id="settings">
    <h2>What was tried</h2>
    ${facts(rows)}
  </section>`;
}

/** What the charts are drawn from. */
export interface LoadCharts extends Pick<LoadRun, 'timeline' | 'phases'>, Percentiles {
  /** Of processes. */
  readonly names: readonly string[];
}

function chartsOf({ run: { timeline, phases, processes }, percentiles }: ShownLoad): LoadCharts {
  const { of, curves } = percentiles ?? { of: [], curves: [] };
  return { timeline, phases, names: processes.map(({ name }) => name), of, curves };
}

function count(figure: number): string {
  return Math.round(figure).toLocaleString('en');
}

function milliseconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : spanText(ms);
}

function mega(bytes: number): string {
  return `${count(bytes / 1_048_576)} MB`;
}

const loadStyle = `
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 8px 0 24px; } .figures div { display: flex; flex-direction: column; } .figures dd { font-size: 20px; line-height: 28px; font-weight: 600; padding: 0; border: 0; } .figures dt { font-size: 12px; line-height: 16px; padding: 0; border: 0; }
.thresholds { max-width: 640px; } th.r, td.r { text-align: right; white-space: nowrap; } td.r:last-child, th.r:last-child { padding-right: 0; }
.two { margin: 8px 0 16px; } .two > div { min-width: 0; } .plot { min-height: 232px; } .plot:empty::after { content: 'The charts need scripts.'; color: var(--ink3); } .plot.none::after { content: attr(data-none); color: var(--ink3); }
.u-wrap text, .uplot { font-family: inherit; } .uplot .u-over { cursor: crosshair; } .u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--accent); }
.said { margin: 0; min-height: 16px; font-size: 12px; line-height: 16px; color: var(--ink3); } #failures td, #settings dd { overflow-wrap: anywhere; }
@media print { .plot { break-inside: avoid; } }
`;

/**
 * The page of a load run: did it hold; latency over time and as percentiles, executions and exchanges, memory and CPU of each
 * process, failures by kind. Charts are drawn by the page's script from the data beside it; without it the tables say all.
 */
import type { LoadRun } from '../load/contract.ts';
import type { Latencies } from '../load/figures.ts';
import { type JudgedThreshold, memoryOf, verdictOfLoad } from '../load/verdict.ts';
import type { Percentiles } from '../load/percentiles.ts';
import { loadStyle } from './load-style.ts';
import { type Markup, html } from './markup.ts';
import { type PageContent, commandLine, stateLine } from './page-frame.ts';
import { spanText } from './words.ts';

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
    bar: html`<b>jobrig load</b><code>${shape}</code><span>${count(things)} things, seed ${seed}</span
      ><span>${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')}</span>
      <span>${spanText(endedAt - startedAt)}</span>`,
    sections: [
      ...(hasFailed(run)
        ? ([['failures', Object.keys(run.failures).length > 0 ? 'Failures' : 'Refusals']] as const)
        : []),
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
  const facts: readonly (readonly [string, string])[] = [
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
      ${count(things)} things, ${run.settings.transport === 'tcp' ? 'over TCP' : 'in one process with the service'},
      ${run.settings.pacing}.
      ${run.saturated ? 'The generator was the limit: latencies are its own, not the service’s. ' : ''}${
        run.settings.transport === 'in-process' ? 'Latencies are of service and fleet together. ' : ''
      }${run.partial === undefined ? '' : `It ended before its end: ${run.partial}.`}
    </p>
    ${commandLine(commandOf(run))}
    <dl class="figures">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dd>${value}</dd>
            <dt>${name}</dt>
          </div>`,
      )}
    </dl>
    ${thresholds.length === 0 ? undefined : thresholdTable(thresholds)}
    ${run.differs.map((difference) => html`<p class="red">✗ Both ends differ: ${difference}</p>`)}
  </section>`;
}

/** What measures the same again. */
function commandOf({ shape, things, seed, settings, slice, processes }: LoadRun): string {
  const { executions, updates, pacing, hardware, transport, endpoint } = settings;
  const [, rate] = /^(.+\/s)$/.exec(pacing) ?? [];
  const [, window] = /^window (\d+)$/.exec(pacing) ?? [];
  const isOwn = endpoint === 'own service';
  const fleets = processes.filter(({ role }) => role === 'fleet').length;
  return [
    'npx jobrig load',
    `--shape ${shape} --things ${things} --seed ${seed}`,
    ...(executions === 1 ? [] : [`--executions ${executions}`]),
    ...(hardware === 'none' ? [`--updates ${updates}`] : [`--hardware ${hardware}`]),
    ...(rate === undefined || !isOwn ? [] : [`--rate ${rate}`]),
    ...(window === undefined || !isOwn ? [] : [`--window ${window}`]),
    ...(transport === 'tcp' ? [] : [`--transport ${transport}`]),
    ...(fleets > 1 ? [`--processes ${fleets}`] : []),
    ...(isOwn ? [] : [`--endpoint ${endpoint}`]),
    ...(slice === undefined ? [] : [`--slice ${slice.index}/${slice.of}`]),
  ].join(' ');
}

function headline(run: LoadRun, thresholds: readonly JudgedThreshold[]): string {
  const broken = thresholds.filter(({ held }) => !held);
  if (run.partial !== undefined) return 'The run was cut short; what was measured until then stands here.';
  if (run.executions.failed > 0) return `${count(run.executions.failed)} executions were not finished.`;
  if (run.differs.length > 0) return 'Service and fleet counted differently.';
  if (Object.keys(run.failures).length > 0) return 'Every execution was finished, but not without failures.';
  if (broken.length > 0) {
    return broken.length === 1 ? `${broken[0]!.expression} does not hold.` : `${broken.length} thresholds do not hold.`;
  }
  return run.claim;
}

function thresholdTable(thresholds: readonly JudgedThreshold[]): Markup {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Thresholds">
    <table class="thresholds">
      <thead>
        <tr>
          <th>Threshold</th>
          <th>Measured</th>
          <th></th>
        </tr>
      </thead>
      <tbody>
        ${thresholds.map(
          ({ expression, value, unit, held }) =>
            html`<tr>
              <td><code>${expression}</code></td>
              <td>${value === undefined ? 'no such figure in this run' : withUnit(value, unit)}</td>
              <td class="${held ? '' : 'red'}">${held ? '✓ holds' : '✗ broken'}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function latencySection({ latencies }: ShownLoad): Markup {
  return html`<section id="latency">
    <h2>Latency</h2>
    <p class="sub">
      Of requests of the Jobs API, each second, and of every exchange by percentile. Scales are logarithmic.
    </p>
    <div class="two">
      <div>
        <h3>Over time, ms</h3>
        <div class="plot" data-plot="latency" role="img" aria-label="Latency over time"></div>
      </div>
      <div>
        <h3>By percentile, ms</h3>
        <div class="plot" data-plot="percentiles" role="img" aria-label="Latency by percentile"></div>
      </div>
    </div>
    <table>
      <thead>
        <tr>
          <th>Exchange</th>
          ${['Count', 'p50', 'p95', 'p99', 'Max'].map((name) => html`<th class="r">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Object.entries(latencies).map(
          ([exchange, { count: many, p50, p95, p99, max }]) =>
            html`<tr>
              <td>${exchange}</td>
              <td class="r">${count(many)}</td>
              ${[p50, p95, p99, max].map((ms) => html`<td class="r">${milliseconds(ms)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function throughputSection(): Markup {
  return html`<section id="throughput">
    <h2>Throughput</h2>
    <p class="sub">Dotted lines are where a phase of the shape begins.</p>
    <div class="two">
      <div>
        <h3>Exchanges and executions a second</h3>
        <div class="plot" data-plot="throughput" role="img" aria-label="Exchanges and executions a second"></div>
      </div>
      <div>
        <h3>Things connected, executions in progress</h3>
        <div class="plot" data-plot="things" role="img" aria-label="Things connected and executions in progress"></div>
      </div>
    </div>
  </section>`;
}

function processSection({ processes }: LoadRun): Markup {
  return html`<section id="processes">
    <h2>Processes</h2>
    <div class="two">
      <div>
        <h3>Memory, MB</h3>
        <div class="plot" data-plot="memory" role="img" aria-label="Memory of each process"></div>
      </div>
      <div>
        <h3>CPU, % of a core</h3>
        <div class="plot" data-plot="cpu" role="img" aria-label="CPU of each process"></div>
      </div>
    </div>
    <div class="wide" tabindex="0" role="region" aria-label="Processes in figures">
      <table>
        <thead>
          <tr>
            <th>Process</th>
            ${['Things', 'Empty', 'Peak', 'CPU in all', 'Busiest second'].map((name) => html`<th class="r">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${processes.map(
            ({ name, things, idleBytes, peakBytes, cpuMs, busiest }) =>
              html`<tr>
                <td>${name}</td>
                <td class="r">${things === 0 ? '' : count(things)}</td>
                <td class="r">${mega(idleBytes)}</td>
                <td class="r">${mega(peakBytes)}</td>
                <td class="r">${spanText(cpuMs)}</td>
                <td class="r">${Math.round(busiest * 100)} %</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function failureSection({ failures, refusals }: LoadRun): Markup {
  const rows = [
    ...Object.entries(failures).map(([kind, many]) => ({ kind, many, isFailure: true })),
    ...Object.entries(refusals).map(([code, many]) => ({
      kind: `refused: ${code}, asked again`,
      many,
      isFailure: false,
    })),
  ];
  return html`<section id="failures">
    <h2>${Object.keys(failures).length === 0 ? 'Refused, and asked again' : 'Failures'}</h2>
    ${
      rows.length === 0
        ? undefined
        : html`<table>
            <thead>
              <tr>
                <th>Kind</th>
                <th class="r">Count</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                ({ kind, many, isFailure }) =>
                  html`<tr>
                    <td class="${isFailure ? 'red' : ''}">${isFailure ? '✗ ' : ''}${kind}</td>
                    <td class="r">${count(many)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
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
    <dl>
      ${rows.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
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

function withUnit(value: number, unit: JudgedThreshold['unit']): string {
  if (unit === 'bytes') return `${(value / 1024).toLocaleString('en', { maximumFractionDigits: 1 })} KB`;
  const figure = value.toLocaleString('en', { maximumFractionDigits: 2 });
  return unit === 'ms' ? `${figure} ms` : figure;
}

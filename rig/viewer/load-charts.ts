/**
 * The charts of a load run, drawn by uPlot from the data beside them: lines are named at their ends, colours are those of the
 * look and follow light and dark, each chart is as wide as its place.
 */
import uPlot from 'uplot';
import plotStyle from 'uplot/dist/uPlot.min.css?inline';
import type { LoadCharts } from '../report/load-page.ts';

/** The part of a page that a run is shown in. */
export type Place = HTMLElement | ShadowRoot;

/** Name, colour by its token, values; null where nothing was measured. */
type Line = readonly [name: string, colour: string, values: readonly (number | null)[]];

interface Plot {
  readonly x: readonly number[];
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly isLogarithmic?: boolean;
  readonly isPercentile?: boolean;
}

type Sample = LoadCharts['timeline'][number];

const height = 232;
const spread = ['--s5', '--s3', '--ink2', '--succeeded', '--s6', '--s2', '--ink3', '--accent'];
const font = '12px system-ui, sans-serif';

/** @returns ends it */
export function drawCharts(place: Place): () => void {
  const data = place.querySelector('script[type="application/json"]')?.textContent;
  const places = [...place.querySelectorAll<HTMLElement>('.plot')];
  if (data === undefined || data === null || places.length === 0) return () => {};
  const run = JSON.parse(data) as LoadCharts;
  const plots = plotsOf(run);
  const owner = place instanceof ShadowRoot ? place : document;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(plotStyle);
  owner.adoptedStyleSheets = [...owner.adoptedStyleSheets, sheet];
  const drawn: uPlot[] = [];
  const drawAll = (): void => {
    for (const chart of drawn.splice(0)) chart.destroy();
    for (const each of places) {
      const plot = plots[each.dataset['plot'] ?? ''];
      const chart = plot && draw(each, plot, run);
      if (chart !== undefined) drawn.push(chart);
    }
  };
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const later = (): void => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  addEventListener('resize', later);
  dark.addEventListener('change', drawAll);
  drawAll();
  return () => {
    clearTimeout(waiting);
    removeEventListener('resize', later);
    dark.removeEventListener('change', drawAll);
    for (const chart of drawn.splice(0)) chart.destroy();
    owner.adoptedStyleSheets = owner.adoptedStyleSheets.filter((one) => one !== sheet);
  };
}

function plotsOf({ timeline, names, of, curves }: LoadCharts): Readonly<Record<string, Plot>> {
  const x = timeline.map(({ atMs }) => atMs / 1000);
  const series = (pick: (sample: Sample) => number | undefined): readonly (number | null)[] =>
    timeline.map((sample) => {
      const value = pick(sample);
      return value === undefined || !(value >= 0) ? null : value;
    });
  const rate = (pick: (sample: Sample) => number) =>
    series((sample) => (pick(sample) * 1000) / Math.max(1, sample.spanMs));
  const ofProcesses = (pick: (process: Sample['processes'][number]) => number): readonly Line[] =>
    names.map((name, index) => [
      name,
      spread[index % spread.length]!,
      series(({ processes }) => {
        const process = processes.find((one) => one.name === name);
        return process && pick(process);
      }),
    ]);
  const failures: readonly Line[] = timeline.some((sample) => sample.failures > 0)
    ? [['failures', '--red', rate((sample) => sample.failures)]]
    : [];
  return {
    latency: {
      isLogarithmic: true,
      x,
      unit: 'ms',
      lines: [
        ['p50', '--s3', series(({ latencyMs }) => latencyMs?.p50)],
        ['p99', '--s5', series(({ latencyMs }) => latencyMs?.p99)],
        ['max', '--succeeded', series(({ latencyMs }) => latencyMs?.max)],
      ],
    },
    percentiles: {
      isLogarithmic: true,
      isPercentile: true,
      x: of.map((percent) => Math.log10(100 / (100 - percent))),
      unit: 'ms',
      lines: curves.map(({ name, ms }, index) => [
        name,
        spread[index % spread.length]!,
        of.map((_, at) => ms[at] ?? null),
      ]),
    },
    throughput: {
      x,
      unit: '/s',
      lines: [
        ['exchanges', '--s5', rate(({ exchanges }) => exchanges)],
        ['executions', '--s3', rate(({ succeeded }) => succeeded)],
        ...failures,
      ],
    },
    things: {
      x,
      unit: '',
      lines: [
        ['connected', '--succeeded', series(({ connected }) => connected)],
        ['in progress', '--s5', series(({ inProgress }) => inProgress)],
      ],
    },
    memory: { x, unit: 'MB', lines: ofProcesses(({ bytes }) => bytes / 1_048_576) },
    cpu: { x, unit: '%', lines: ofProcesses(({ cpu }) => cpu * 100) },
  };
}

function draw(place: HTMLElement, plot: Plot, run: LoadCharts): uPlot | undefined {
  const lines = plot.lines.filter(([, , values]) => values.some((value) => value !== null));
  place.replaceChildren();
  if (lines.length === 0) {
    place.classList.add('none');
    place.dataset['none'] = 'Nothing was measured.';
    return undefined;
  }
  const said = document.createElement('p');
  said.className = 'said';
  const options = optionsOf(Math.max(240, place.clientWidth), { ...plot, lines }, run, (text, at) => {
    said.textContent = text;
    place.setAttribute('aria-valuetext', text === '' ? 'no moment is chosen' : text);
    place.setAttribute('aria-valuenow', String(at));
  });
  const values = lines.map(([, , all]) => (plot.isLogarithmic === true ? all.map(positive) : all));
  const chart = new uPlot(options, [plot.x, ...values] as unknown as uPlot.AlignedData, place);
  place.append(said);
  steer(place, chart, plot.x);
  return chart;
}

/** Moments are chosen by the keyboard as by a pointer: the plot is a slider, whose value is what was measured then. */
function steer(place: HTMLElement, chart: uPlot, x: readonly number[]): void {
  const last = x.length - 1;
  const slider = { role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': last, 'aria-valuenow': 0 };
  for (const [name, value] of Object.entries(slider)) place.setAttribute(name, String(value));
  place.setAttribute('aria-valuetext', 'no moment is chosen');
  const drawn = new AbortController();
  const { signal } = drawn;
  chart.hooks.destroy = [() => drawn.abort()];
  const press = (event: KeyboardEvent): void => {
    const now = chart.cursor.idx ?? -1;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: now + 1,
      ArrowUp: now + 1,
      ArrowLeft: now - 1,
      ArrowDown: now - 1,
      PageUp: now + 10,
      PageDown: now - 10,
      Home: 0,
      End: last,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const left = chart.valToPos(x[Math.min(last, Math.max(0, to))]!, 'x');
    chart.setCursor({ left, top: chart.over.clientHeight / 2 });
  };
  place.addEventListener('keydown', press, { signal });
  place.addEventListener('blur', () => chart.setCursor({ left: -10, top: -10 }), { signal });
}

/** A logarithm has no zero. */
function positive(value: number | null): number | null {
  return value === null ? null : Math.max(0.01, value);
}

function optionsOf(width: number, plot: Plot, run: LoadCharts, say: (text: string, at: number) => void): uPlot.Options {
  const { lines, x, isLogarithmic = false, isPercentile = false } = plot;
  const axis: uPlot.Axis = {
    stroke: token('--ink3'),
    font,
    grid: { stroke: token('--line'), width: 1 },
    ticks: { show: false },
  };
  const isWhole = (value: number | null): value is number =>
    value !== null && (!isLogarithmic || Number.isInteger(Math.log10(value)));
  const room = 16 + 6.6 * Math.max(...lines.map(([name]) => name.length));
  return {
    width,
    height,
    legend: { show: false },
    padding: [12, Math.min(width / 3, room), 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false } },
    scales: {
      x: { time: false },
      y: isLogarithmic ? { distr: 3, range: decades } : { range: (_plot, _low, high) => [0, (high || 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        ...(isPercentile && { splits: () => [Math.log10(2), 1, 2, 3, 4, 5].filter((at) => at <= (x.at(-1) ?? 0)) }),
        values: (_plot, ticks) => ticks.map((at) => (isPercentile ? percentText(100 - 100 / 10 ** at) : `${at} s`)),
      },
      {
        ...axis,
        grid: { ...axis.grid, filter: (_plot, ticks) => ticks.map((value) => (isWhole(value) ? value : null)) },
        size: 48,
        values: (_plot, ticks) => ticks.map((value) => (isWhole(value) ? shortText(value) : '')),
      },
    ],
    series: [
      {},
      ...lines.map(([label, colour]) => ({
        label,
        stroke: token(colour),
        width: 1.75,
        spanGaps: isPercentile,
        points: { show: x.length < 3 },
      })),
    ],
    hooks: {
      drawAxes: isPercentile ? [] : [(chart) => drawPhases(chart, run)],
      draw: [(chart) => drawNames(chart, lines, x)],
      setCursor: [
        ({ cursor: { idx } }) =>
          idx === null || idx === undefined ? say('', 0) : say(momentText(plot, run, idx), idx),
      ],
    },
  };
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function decades(_plot: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return [10 ** Math.floor(Math.log10(Math.max(low, 0.01))), 10 ** Math.ceil(Math.log10(Math.max(high, 0.1)))];
}

function shortText(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1000) return `${value / 1000}k`;
  return value >= 1 ? String(Number(value.toFixed(1))) : String(Number(value.toPrecision(1)));
}

function percentText(percent: number): string {
  return `${Number(percent.toFixed(3))} %`;
}

function drawPhases({ ctx, bbox, valToPos }: uPlot, { phases }: LoadCharts): void {
  ctx.save();
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.strokeStyle = token('--line2');
  for (const { fromMs } of phases) {
    const x = Math.round(valToPos(fromMs / 1000, 'x', true));
    if (x <= bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** At the end of each line; pushed apart where they would cover each other. */
function drawNames({ ctx, bbox, valToPos }: uPlot, lines: readonly Line[], x: readonly number[]): void {
  const size = 12 * devicePixelRatio;
  const labels = lines
    .map(([name, colour, values]) => {
      const at = values.findLastIndex((value) => value !== null);
      return {
        name,
        colour: token(colour),
        x: valToPos(x[at]!, 'x', true),
        y: valToPos(Math.max(0.01, values[at]!), 'y', true),
      };
    })
    .sort((a, b) => a.y - b.y);
  for (const [index, label] of labels.entries()) {
    const above = labels[index - 1];
    if (above !== undefined) label.y = Math.max(label.y, above.y + size * 1.15);
  }
  const over = Math.max(0, (labels.at(-1)?.y ?? 0) - (bbox.top + bbox.height));
  ctx.save();
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  for (const label of labels) {
    ctx.fillStyle = label.colour;
    ctx.fillText(label.name, Math.min(label.x, bbox.left + bbox.width) + 6 * devicePixelRatio, label.y - over);
  }
  ctx.restore();
}

function momentText({ lines, x, unit, isPercentile }: Plot, { of }: LoadCharts, at: number): string {
  const where = isPercentile === true ? percentText(of[at]!) : `${x[at]!.toFixed(0)} s`;
  const values = lines.flatMap(([name, , all]) => {
    const value = all[at];
    if (value === null || value === undefined) return [];
    const text = Number(value.toFixed(value < 10 ? 2 : 0)).toLocaleString('en');
    return [`${name} ${text}${unit === '/s' || unit === '' ? unit : ` ${unit}`}`];
  });
  return `${where}: ${values.join(', ')}`;
}

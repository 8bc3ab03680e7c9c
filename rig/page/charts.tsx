/** Two small charts over the last minutes, four for a load run: each line is named at its end, red ticks are pulls. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartPoint } from '../../broker/live/contract.ts';
import { chart, run } from './feed.ts';
import { figure } from './words.ts';

interface Line {
  readonly name: string;
  readonly of: (point: ChartPoint) => number | undefined;
  readonly isDashed?: boolean;
}

interface ChartDefinition {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly least: number;
}

const finished: ChartDefinition = {
  title: 'Executions finished',
  unit: 'per second of device time',
  lines: [{ name: '/s', of: ({ finishedPerSecond }) => finishedPerSecond }],
  least: 4,
};
const answers: ChartDefinition = {
  title: 'Answer to an update',
  unit: 'milliseconds',
  lines: [
    { name: 'p99', of: ({ answerP99Ms }) => answerP99Ms },
    { name: 'p50', of: ({ answerP50Ms }) => answerP50Ms, isDashed: true },
  ],
  least: 2,
};
const exchanges: ChartDefinition = {
  title: 'Requests of devices',
  unit: 'per second',
  lines: [{ name: '/s', of: ({ exchangesPerSecond }) => exchangesPerSecond }],
  least: 10,
};
const memory: ChartDefinition = {
  title: 'Memory of this process',
  unit: 'MB',
  lines: [{ name: 'MB', of: ({ memoryMb }) => memoryMb }],
  least: 100,
};

export function Charts() {
  const definitions = run.value.verb === 'load' ? [finished, answers, exchanges, memory] : [finished, answers];
  return (
    <section class="charts" aria-label="Charts">
      {definitions.map((definition) => (
        <Chart key={definition.title} definition={definition} />
      ))}
    </section>
  );
}

const secondsShown = 60;
const height = 150;

function Chart({ definition }: { readonly definition: ChartDefinition }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const points = chart.value.slice(-secondsShown);
  const latest = points.at(-1);

  useEffect(() => {
    const frame = place.current;
    if (frame === null) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(definition, frame.clientWidth), dataOf(definition, chart.value), frame);
    };
    make();
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: frame.clientWidth, height }));
    watch.observe(frame);
    dark.addEventListener('change', make);
    return () => {
      watch.disconnect();
      dark.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(definition, points)), [chart.value]);

  const said = definition.lines
    .map(({ name, of }) => `${name} ${latest === undefined ? 'unknown' : figure(of(latest) ?? 0)}`)
    .join(', ');
  return (
    <figure>
      <figcaption>
        <b>{definition.title}</b> {definition.unit}
      </figcaption>
      <div ref={place} role="img" aria-label={`${definition.title}, ${definition.unit}: ${said}`} />
    </figure>
  );
}

/** Always a minute wide: seconds ago, then the lines, then the pulls. */
function dataOf({ lines }: ChartDefinition, all: readonly ChartPoint[]): uPlot.AlignedData {
  const points = all.slice(-secondsShown);
  const x = points.map((_, index) => index - points.length + 1);
  return [
    x,
    ...lines.map(({ of }) => points.map((point) => of(point) ?? null)),
    points.map(({ pulls }) => pulls),
  ] as uPlot.AlignedData;
}

function optionsOf(definition: ChartDefinition, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const [accent, ink2, ink3, line, red] = ['--accent', '--ink2', '--ink3', '--line', '--red'].map(colour) as string[];
  const font = '12px system-ui, sans-serif';
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 68, 0, 0],
    scales: {
      x: { time: false, range: () => [-secondsShown, 0] },
      y: { range: (_plot, _min, max) => [0, niceTop(Math.max(definition.least, max ?? 0))] },
      pulls: { range: () => [0, 1] },
    },
    axes: [
      {
        stroke: ink3!,
        font,
        grid: { show: false },
        ticks: { show: false },
        size: 24,
        splits: () => [-secondsShown, 0],
        values: () => [`${secondsShown} s ago`, 'now'],
      },
      {
        stroke: ink3!,
        font,
        size: 40,
        grid: { stroke: line!, width: 1 },
        ticks: { show: false },
        splits: (_plot, _axis, _min, max) => [0, max / 2, max],
        values: (_plot, splits) => splits.map((value) => figure(value)),
      },
    ],
    series: [
      {},
      ...definition.lines.map(({ isDashed }): uPlot.Series => ({
        stroke: isDashed === true ? ink2! : accent!,
        width: 1.5,
        points: { show: false },
        spanGaps: true,
        ...(isDashed === true && { dash: [4, 3] }),
      })),
      { scale: 'pulls', stroke: 'transparent', points: { show: false } },
    ],
    hooks: {
      draw: [
        (plot) => {
          drawPulls(plot, red!);
          drawNames(plot, definition, accent!, ink2!);
        },
      ],
    },
  };
}

function niceTop(max: number): number {
  const unit = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 4, 6, 8, 10].map((step) => step * unit).find((top) => top >= max) ?? max;
}

function drawPulls({ ctx, data, valToPos, bbox }: uPlot, red: string): void {
  const pulls = data.at(-1) ?? [];
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.strokeStyle = red;
  ctx.lineWidth = 1.5 * scale;
  ctx.beginPath();
  pulls.forEach((count, index) => {
    if (!count) return;
    const x = valToPos(data[0][index]!, 'x', true);
    ctx.moveTo(x, bbox.top + bbox.height - 6 * scale);
    ctx.lineTo(x, bbox.top + bbox.height);
  });
  ctx.stroke();
  ctx.restore();
}

/** At the end of each line; pushed apart where they would cover each other. */
function drawNames(plot: uPlot, { lines }: ChartDefinition, accent: string, ink2: string): void {
  const { ctx, data, bbox } = plot;
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `600 ${12 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  let above = -Infinity;
  lines.forEach(({ name, isDashed }, index) => {
    const values = data[index + 1] as (number | null)[];
    const last = values.findLast((value) => value !== null);
    if (last === undefined || last === null) return;
    const y = Math.max(plot.valToPos(last, 'y', true), above + 14 * scale);
    above = y;
    ctx.fillStyle = isDashed === true ? ink2 : accent;
    const text = name.startsWith('p') ? `${name} ${figure(last)}` : `${figure(last)} ${name}`;
    ctx.fillText(text, bbox.left + bbox.width + 6 * scale, y);
  });
  ctx.restore();
}

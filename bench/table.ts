/** The measurements as a table for people: figure, what was measured with its range, bar, aim, verdict, what stands behind. */
import { type Figure, figures, judge, type Measurement } from './figures.ts';

const marks = { aim: '✓ aim', bar: '✓', missed: '✗' } as const;
const headings = ['', 'figure', 'measured', 'min – max', 'bar', 'aim', 'behind it'];

export function formatTable(measurements: readonly Measurement[]): string {
  const rows = [headings, ...measurements.map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf(measurement: Measurement): string[] {
  const figure: Figure = figures[measurement.figure];
  const { median, min, max } = measurement.value;
  const limit = (value: number) => `${figure.better === 'higher' ? '≥' : '≤'} ${format(figure, value)}`;
  return [
    marks[judge(measurement)],
    figure.claim,
    format(figure, median),
    `${format(figure, min)} – ${format(figure, max)}`,
    limit(figure.bar),
    limit(figure.aim),
    measurement.note,
  ];
}

function format({ unit }: Figure, value: number): string {
  if (unit === '/s') return `${Math.round(value / 1000)}k/s`;
  return unit === '×' ? `${value.toFixed(2)}×` : `${value.toFixed(1)} ${unit}`;
}

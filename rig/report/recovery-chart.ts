/**
 * Recovery times as a picture: one row a step, one mark a device, on a logarithmic axis, the median of each row as a bar.
 * SVG without scripts; colours come from the page's style sheet.
 */
import { steps, type Step } from '../../observation/execution.ts';
import { quantile } from './statistics.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { spanText } from './words.ts';
import type { DeviceReport, PullReport } from './run-report.ts';

const width = 760;
const left = 92;
const right = 36;
const rowHeight = 30;
const top = 8;
const axisHeight = 34;
const markRadius = 4;

type Recovered = PullReport & { readonly thingName: string; readonly recoveryMs: number };

export function recoveryChart(devices: readonly DeviceReport[]): Markup | undefined {
  const recovered = devices.flatMap(({ thingName, pull }): Recovered[] =>
    pull?.recoveryMs === undefined ? [] : [{ ...pull, thingName, recoveryMs: pull.recoveryMs }],
  );
  if (recovered.length === 0) return undefined;
  const rows = steps.filter((step) => recovered.some((pull) => pull.step === step));
  const times = recovered.map(({ recoveryMs }) => Math.max(1, recoveryMs));
  const decades = { from: Math.floor(Math.log10(Math.min(...times))), to: Math.ceil(Math.log10(Math.max(...times))) };
  if (decades.from === decades.to) decades.to += 1;
  const x = (ms: number) =>
    left + ((Math.log10(Math.max(1, ms)) - decades.from) / (decades.to - decades.from)) * (width - left - right);
  const bottom = top + rows.length * rowHeight;
  const ticks = Array.from({ length: decades.to - decades.from + 1 }, (_, index) => 10 ** (decades.from + index));

  return html`<svg
    class="chart"
    viewBox="0 0 ${width} ${bottom + axisHeight}"
    role="img"
    aria-label="Recovery time of each pulled device, by step"
  >
    ${ticks.map(
      (ms) =>
        html`<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y1="${top}" y2="${bottom}" />
          <text class="axis" x="${x(ms)}" y="${bottom + 20}" text-anchor="middle">${spanText(ms)}</text>`,
    )}
    ${rows.map((step, index) =>
      stepRow(
        step,
        top + (index + 0.5) * rowHeight,
        recovered.filter((pull) => pull.step === step),
        x,
      ),
    )}
  </svg>`;
}

function stepRow(step: Step, y: number, pulls: readonly Recovered[], x: (ms: number) => number): Markup {
  const median = quantile(
    pulls.map(({ recoveryMs }) => recoveryMs),
    0.5,
  );
  return html`<g>
    <text class="axis" x="${left - 14}" y="${y + 4}" text-anchor="end">${step}</text>
    <line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}" />
    ${median === undefined ? undefined : html`<line class="median" x1="${x(median)}" x2="${x(median)}" y1="${y - 11}" y2="${y + 11}" />`}
    ${pulls.map((pull, index) => mark(pull, x(pull.recoveryMs), y + spread(index)))}
  </g>`;
}

/** Round for a deleted execution, square for a deleted job, so that the two tell apart without colour. */
function mark({ thingName, mechanism, recoveryMs }: Recovered, x: number, y: number): Markup {
  const title = html`<title>${thingName}: ${spanText(recoveryMs)} after ${mechanism}</title>`;
  if (mechanism === 'DeleteJobExecution') {
    return html`<circle class="mark execution" cx="${x}" cy="${y}" r="${markRadius}">${title}</circle>`;
  }
  const side = 2 * markRadius - 1;
  return html`<rect class="mark job" x="${x - side / 2}" y="${y - side / 2}" width="${side}" height="${side}"
    >${title}</rect
  >`;
}

/** Marks of equal times beside each other instead of on top. */
function spread(index: number): number {
  return [0, -5, 5, -9, 9][index % 5]!;
}

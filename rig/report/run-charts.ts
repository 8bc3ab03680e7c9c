/** Drawings of a check: the run to scale with a scrubber, the failure rate over the time of the pull, recovery times as points. */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { SweepPoint } from '../live/check/check-result.ts';
import { stepAfter } from './conversation.ts';
import { failureRates } from './failure-rates.ts';
import { lineOf } from './lines.ts';
import { type Markup, html } from './markup.ts';
import { spanText } from './words.ts';

const width = 1072;

/** What a drawing of a run is made of. */
export interface RunToDraw {
  readonly observations: readonly Observation[];
  readonly startedAt: EpochMs;
  readonly durationMs: DurationMs;
}

/** Step, messages, console lines and the pull, true to scale, with a scrubber. */
export function overview(run: RunToDraw): Markup {
  const { startedAt, observations } = run;
  const whole = Math.max(1, run.durationMs);
  const x = (at: number): string => (80 + ((at - startedAt) / whole) * (width - 96)).toFixed(1);
  const ticks = (y: number, which: (kind: string) => boolean): readonly Markup[] =>
    observations
      .filter(({ kind }) => which(kind))
      .map(({ at }) => html`<line class="msg" x1="${x(at)}" x2="${x(at)}" y1="${y}" y2="${y + 12}" />`);
  const pulls = observations.filter((seen) => lineOf(seen)?.tone === 'pull');
  return html`<svg class="chart" viewBox="0 0 ${width} 96" role="img" aria-label="The run to scale">
      ${stepBands(run).map(({ step, from, to }) => html`<rect class="band-${step}" x="${x(from)}" y="4" width="${Math.max(1, Number(x(to)) - Number(x(from)))}" height="10"><title>${step}</title></rect>`)}
      <text x="0" y="13">step</text>
      <text x="0" y="30">messages</text>
      ${ticks(20, (kind) => kind === 'sent' || kind === 'received')}
      <text x="0" y="52">console</text>
      ${ticks(42, (kind) => kind === 'printed')}
      <line class="axis" x1="80" x2="${width - 16}" y1="64" y2="64" />
      ${timeMarks(whole).map((ms) => html`<text x="${x(startedAt + ms)}" y="82" text-anchor="${Number(x(startedAt + ms)) > width - 48 ? 'end' : 'middle'}">${spanText(ms)}</text>`)}
      ${pulls.map(({ at }) => html`<line class="pulled" x1="${x(at)}" x2="${x(at)}" y1="2" y2="64" /><text class="red" x="${x(at)}" y="62" dx="${Number(x(at)) > width - 72 ? -4 : 4}" text-anchor="${Number(x(at)) > width - 72 ? 'end' : 'start'}">pulled</text>`)}
      <line class="cursor" x1="80" x2="80" y1="2" y2="64" />
    </svg>
    <input type="range" class="scrub" min="0" max="${whole}" value="0" aria-label="Moment of the run" />
    <p class="facts" aria-live="polite">
      <span>At <b class="at">0.00 s</b></span> <span>step <b class="step">at rest</b></span> <span class="said"></span>
    </p>`;
}

interface StepBand {
  readonly step: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** For as long as each step took, where the inside of the device was seen. */
function stepBands({ observations, startedAt, durationMs }: RunToDraw): readonly StepBand[] {
  const bands: StepBand[] = [];
  let step = '';
  let from = startedAt;
  for (const seen of observations) {
    const next = stepAfter(seen, step);
    if (next === step) continue;
    if (step !== '') bands.push({ step, from, to: seen.at });
    [step, from] = [next, seen.at];
  }
  if (step !== '') bands.push({ step, from, to: startedAt + durationMs });
  return bands;
}

function timeMarks(wholeMs: DurationMs): readonly DurationMs[] {
  const step =
    [100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000].find((ms) => wholeMs / ms <= 8) ?? 600_000;
  return Array.from({ length: Math.floor(wholeMs / step) + 1 }, (_, index) => index * step);
}

function heightOf(rate: number): number {
  return 16 + (1 - rate) * 140;
}

/** Bins with their 95 % band, and every moment as ○ or ×. */
export function sweepChart(sweep: readonly SweepPoint[]): Markup {
  const points = sweep.map(({ atMs, run }) => ({ atMs, failed: run.verdict === 'fail' }));
  const last = Math.max(1, ...points.map(({ atMs }) => atMs));
  const x = (ms: number): number => 56 + (ms / last) * (width - 72);
  const bins = failureRates(points, Math.min(24, Math.max(4, Math.ceil(points.length / 5))));
  return html`<svg
    class="chart"
    viewBox="0 0 ${width} 216"
    role="img"
    aria-label="Failure rate over the time of the pull"
  >
    ${[0, 0.5, 1].map((rate) => html`<line class="grid" x1="56" x2="${width - 16}" y1="${heightOf(rate)}" y2="${heightOf(rate)}" /><text x="48" y="${heightOf(rate) + 4}" text-anchor="end">${rate * 100} %</text>`)}
    ${bins.map(({ fromMs, toMs, failed, pulls, low, high }) => {
      const [left, right] = [x(fromMs), x(toMs)];
      const top = heightOf(failed / pulls);
      return html`<rect
          class="band"
          x="${left}"
          y="${heightOf(high)}"
          width="${right - left}"
          height="${heightOf(low) - heightOf(high)}"
        /><rect class="rate" x="${left}" y="${top - 1}" width="${Math.max(1, right - left - 1)}" height="2"
          ><title>
            ${failed} of ${pulls} pulls failed between ${spanText(fromMs)} and ${spanText(toMs)};
            ${Math.round(low * 100)} to ${Math.round(high * 100)} % with 95 % confidence
          </title></rect
        >`;
    })}
    ${points.map(({ atMs, failed }) =>
      failed
        ? html`<path class="bad" d="M${x(atMs) - 3} 169l6 6m0 -6l-6 6" />`
        : html`<circle class="ok" cx="${x(atMs)}" cy="172" r="3" />`,
    )}
    <line class="axis" x1="56" x2="${width - 16}" y1="186" y2="186" />
    ${timeMarks(last).map((ms) => html`<text x="${x(ms)}" y="204" text-anchor="middle">${spanText(ms)}</text>`)}
  </svg>`;
}

/** Where a device does not survive, in words. */
export function sweepTitle(sweep: readonly SweepPoint[]): string {
  const failed = sweep.filter(({ run }) => run.verdict === 'fail').map(({ atMs }) => atMs);
  const [first] = failed;
  const last = failed.at(-1);
  if (first === undefined || last === undefined) return 'It recovers wherever it is pulled';
  const inside = sweep.filter(({ atMs }) => atMs >= first && atMs <= last);
  const where =
    first === last
      ? `${spanText(first)} into its update`
      : `between ${spanText(first)} and ${spanText(last)} of its update`;
  return inside.every(({ run }) => run.verdict === 'fail')
    ? `It fails when it is pulled ${where}`
    : `It fails at ${failed.length} of ${inside.length} moments ${where}`;
}

const stripWidth = 640;
const stripRow = 22;

/** One row for each step or theme, logarithmic: a point for each recovery, a bar at their median, × for what never recovered. */
export function recoveryStrip(
  rows: readonly { readonly name: string; readonly times: readonly DurationMs[]; readonly never: number }[],
): Markup {
  const all = rows.flatMap(({ times }) => times);
  const [low, high] = [Math.max(1, Math.min(100, ...all)), Math.max(1000, ...all)];
  const x = (ms: number): string =>
    (120 + (Math.log(Math.max(1, ms) / low) / Math.log(high / low)) * (stripWidth - 240)).toFixed(1);
  const height = rows.length * stripRow + 28;
  const marks = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((ms) => ms >= low && ms <= high);
  return html`<svg
    class="chart strip"
    viewBox="0 0 ${stripWidth} ${height}"
    role="img"
    aria-label="Recovery times: ${rows.map(({ name, times, never }) => `${name} ${times.length} recovered, ${never} never`).join('; ')}"
  >
    ${marks.map((ms) => html`<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y1="0" y2="${height - 20}" /><text x="${x(ms)}" y="${height - 4}" text-anchor="middle">${spanText(ms)}</text>`)}
    ${rows.map(({ name, times, never }, index) => {
      const y = index * stripRow + 11;
      const median = [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)];
      return html`<text x="0" y="${y + 4}">${name}</text
        >${times.map((ms, at) => html`<circle class="dot" cx="${x(ms)}" cy="${y + ((at % 5) - 2) * 2}" r="3" />`)}${median === undefined ? undefined : html`<line class="median" x1="${x(median)}" x2="${x(median)}" y1="${y - 8}" y2="${y + 8}"><title>median ${spanText(median)}</title></line>`}${never > 0 ? html`<text class="red" x="${stripWidth}" y="${y + 4}" text-anchor="end">${never} never ×</text>` : undefined}`;
    })}
  </svg>`;
}

/**
 * One device's story as a sequence diagram: lanes for operator, service and device, an arrow a message, the pull as a red
 * line, the recovery as a green one, and the device's step as a band at the side. Rows are in order, not to scale; the time
 * stands at the left. SVG without scripts; colours come from the page's style sheet.
 */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { Lane, Timeline, TimelineEntry } from './timeline.ts';

const width = 980;
const rowHeight = 26;
const headHeight = 40;
const timeX = 62;
const laneX: Readonly<Record<Lane, number>> = { operator: 112, service: 430, device: 800 };
const bandX = 820;
const labelInset = 10;
/** Assumed: the average character of the page's font at this size. */
const characterWidth = 6.2;

export function sequenceDiagram(thingName: string, { entries, omitted }: Timeline): Markup {
  const height = headHeight + entries.length * rowHeight + 14;
  const lanes = Object.entries(laneX);
  return html`<svg
      class="sequence"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="Sequence of messages of ${thingName}"
    >
      ${lanes.map(
        ([lane, x]) =>
          html`<text class="lane" x="${x}" y="18" text-anchor="middle">${lane}</text>
            <line class="lifeline" x1="${x}" x2="${x}" y1="28" y2="${height - 6}" />`,
      )}
      ${bands(entries).map(band)} ${entries.map((entry, index) => row(entry, rowY(index)))}
    </svg>
    ${omitted > 0 ? html`<p class="aside">${omitted} later entries are left out.</p>` : undefined}`;
}

function rowY(index: number): number {
  return headHeight + (index + 0.5) * rowHeight;
}

interface Band {
  readonly step: string;
  readonly from: number;
  readonly to: number;
}

/** Runs of rows at the same step. */
function bands(entries: readonly TimelineEntry[]): Band[] {
  const runs: Band[] = [];
  entries.forEach(({ step }, index) => {
    const last = runs.at(-1);
    if (last?.step === step) runs[runs.length - 1] = { ...last, to: index + 1 };
    else runs.push({ step, from: index, to: index + 1 });
  });
  return runs;
}

function band({ step, from, to }: Band): Markup {
  const y = headHeight + from * rowHeight + 2;
  const height = (to - from) * rowHeight - 4;
  return html`<rect
      class="band ${step === 'idle' ? 'idle' : 'busy'}"
      x="${bandX}"
      y="${y}"
      width="6"
      height="${height}"
      rx="3"
    />
    <text class="step" x="${bandX + 14}" y="${y + Math.min(height / 2 + 4, rowHeight)}">${step}</text>`;
}

function row(entry: TimelineEntry, y: number): Markup {
  return html`<g class="entry ${entry.tone}">
    <text class="time" x="${timeX}" y="${y + 4}" text-anchor="end">${clockText(entry.at)}</text>
    ${entry.from === entry.to ? note(entry, y) : arrow(entry, y)}
    <title>${[entry.label, entry.topic].filter((line) => line !== undefined).join('\n')}</title>
  </g>`;
}

function arrow({ from, to, label }: TimelineEntry, y: number): Markup {
  const [x1, x2] = [laneX[from], laneX[to]];
  const forwards = x2 > x1;
  const head = forwards ? -7 : 7;
  const middle = (Math.min(x1, x2) + Math.max(x1, x2)) / 2;
  return html`<line class="arrow" x1="${x1}" x2="${x2}" y1="${y + 5}" y2="${y + 5}" />
    <path class="tip" d="M${x2} ${y + 5}l${head} -4v8z" />
    <text class="label" x="${middle}" y="${y}" text-anchor="middle"
      >${shortened(label, Math.abs(x2 - x1) - 2 * labelInset)}</text
    >`;
}

function note({ from, label, tone }: TimelineEntry, y: number): Markup {
  const line =
    tone === 'pull' || tone === 'recovery'
      ? html`<line class="event" x1="${timeX + 8}" x2="${bandX - 6}" y1="${y + 8}" y2="${y + 8}" />`
      : undefined;
  const end = from === 'device';
  return html`${line}<circle class="dot" cx="${laneX[from]}" cy="${y}" r="3" />
    <text
      class="label"
      x="${laneX[from] + (end ? -labelInset : labelInset)}"
      y="${y + 4}"
      text-anchor="${end ? 'end' : 'start'}"
      >${shortened(label, laneX.device - laneX.operator)}</text
    >`;
}

function clockText(atMs: number): string {
  return `${(atMs / 1000).toFixed(2)} s`;
}

function shortened(label: string, room: number): string {
  const characters = [...label];
  const longest = Math.floor(room / characterWidth);
  return characters.length <= longest ? label : `${characters.slice(0, longest - 1).join('')}…`;
}

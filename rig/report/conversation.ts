/**
 * What was said, in order, as rows: the clock, an arrow between device, service and operator, the line in words, and what the
 * device printed beside it. Gaps are dotted, repetitions folded, the pull and the decisive row marked, payloads on demand.
 */
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type Actor, type Line, lineOf } from './lines.ts';
import { type Markup, html } from './markup.ts';
import { spanText } from './words.ts';

export interface ConversationOptions {
  readonly startedAt: EpochMs;
  readonly decisive?: Observation;
  /** Explains the decisive row. */
  readonly why?: string;
}

interface Row {
  readonly at: EpochMs;
  readonly line: Line;
  readonly seen: Observation;
  readonly printed: readonly string[];
  /** How many rows like this and the one after it were folded away behind it. */
  readonly folded: number;
}

const gapWorthShowingMs = 3000;
/** Of one text; more are told as a number. */
const repetitionsShown = 3;
const printedLinesShown = 6;
const mostRows = 400;

export function conversation(observations: readonly Observation[], options: ConversationOptions): Markup {
  const rows = foldRepetitions(rowsOf(observations), options.decisive);
  const shown = rows.slice(0, mostRows);
  return html`<div class="talk" role="table" aria-label="What was said">
    <div class="row head" role="row">
      <span role="columnheader">time</span>
      <span role="columnheader" class="lanes">device · service · operator</span>
      <span role="columnheader">what is said</span>
      <span role="columnheader">console of the device</span>
    </div>
    ${shown.map((row, index) => [gap(shown[index - 1], row), rowMarkup(row, options)])}
    ${rows.length > shown.length ? html`<div class="row gap"><span></span><span class="lanes"></span><span>${rows.length - shown.length} more rows are in run.json</span></div>` : undefined}
  </div>`;
}

function rowsOf(observations: readonly Observation[]): readonly Row[] {
  const rows: (Omit<Row, 'printed'> & { printed: string[] })[] = [];
  for (const seen of observations) {
    const line = lineOf(seen);
    if (line === undefined) continue;
    const last = rows.at(-1);
    if (line.actor === 'log' && last !== undefined) last.printed.push(line.text);
    else if (line.actor === 'log')
      rows.push({ at: seen.at, line: { ...line, text: '' }, seen, printed: [line.text], folded: 0 });
    else rows.push({ at: seen.at, line, seen, printed: [], folded: 0 });
  }
  return rows;
}

/** The same line again and again says nothing new after the third time. */
function foldRepetitions(rows: readonly Row[], decisive: Observation | undefined): readonly Row[] {
  const times = new Map<string, number>();
  const folded: Row[] = [];
  for (const row of rows) {
    const count = (times.get(row.line.text) ?? 0) + 1;
    times.set(row.line.text, count);
    const last = folded.at(-1);
    if (count > repetitionsShown && row.line.tone !== 'pull' && row.seen !== decisive && last !== undefined) {
      folded[folded.length - 1] = { ...last, folded: last.folded + 1, printed: [...last.printed, ...row.printed] };
    } else folded.push(row);
  }
  return folded;
}

function gap(before: Row | undefined, row: Row): Markup | undefined {
  const ms = before === undefined ? 0 : row.at - before.at;
  const folded = before?.folded ?? 0;
  if (ms < gapWorthShowingMs && folded === 0) return undefined;
  const text = folded === 0 ? `nothing for ${spanText(ms)}` : `${folded} more such lines, in ${spanText(ms)}`;
  return html`<div class="row gap" role="row">
    <span class="t"></span><span class="lanes"></span><span>${text}</span><span></span>
  </div>`;
}

function rowMarkup({ at, line, seen, printed }: Row, { startedAt, decisive, why }: ConversationOptions): Markup {
  const isDecisive = seen === decisive;
  const kind = isDecisive ? 'decisive' : (line.tone ?? '');
  const seconds = ((at - startedAt) / 1000).toFixed(2);
  return html`<div class="row ${kind}" role="row" data-at="${at - startedAt}">
    <span class="t" role="cell">${seconds}</span>
    <span class="lanes" role="cell">${arrow(line.actor)}</span>
    <span class="w" role="cell"
      >${emphasised(line.text)}${isDecisive && why !== undefined ? html`<p class="why">${why}</p>` : undefined}${payload(line)}</span
    >
    <span class="log mono" role="cell"
      >${printed.slice(0, printedLinesShown).join('\n')}${printed.length > printedLinesShown ? `\n… ${printed.length - printedLinesShown} lines` : ''}</span
    >
  </div>`;
}

function payload({ topic, payload: text }: Line): Markup | undefined {
  if (topic === undefined) return undefined;
  return html`<details>
    <summary>payload</summary>
    <pre>${topic}${text === undefined ? '' : `\n${text}`}</pre>
  </details>`;
}

/** `**word**` is bold. */
function emphasised(text: string): readonly (Markup | string)[] {
  return text.split('**').map((part, index) => (index % 2 === 1 ? html`<b>${part}</b>` : part));
}

const laneX = { device: 8, service: 56, operator: 104 } as const;

function arrow(actor: Actor): Markup {
  const ends: Readonly<Record<Actor, readonly [number, number] | undefined>> = {
    device: [laneX.device, laneX.service],
    service: [laneX.service, laneX.device],
    operator: [laneX.operator, laneX.service],
    host: undefined,
    log: undefined,
  };
  const lifelines = Object.values(laneX).map((x) => html`<line x1="${x}" x2="${x}" y1="0" y2="20" />`);
  const way = ends[actor];
  if (way === undefined) return html`<svg class="lane" viewBox="0 0 112 20" aria-hidden="true">${lifelines}</svg>`;
  const [from, to] = way;
  const head = to > from ? -6 : 6;
  return html`<svg class="lane" viewBox="0 0 112 20" aria-hidden="true">
    ${lifelines}
    <line class="arrow" x1="${from}" x2="${to}" y1="10" y2="10" />
    <path class="tip" d="M${to} 10l${head} -3.5v7z" />
  </svg>`;
}

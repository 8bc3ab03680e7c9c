/**
 * What was said, in order and to the end, as rows: the clock, an arrow between device, service and operator, the line in words, and
 * what the device printed beside it; at the edge, in its colour, the step that the device was at. Gaps are dotted,
 * repetitions folded, the pull, the recovery and the decisive row marked, payloads on demand.
 */
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Line } from './lines.ts';
import { type Way, lane } from './lane-symbols.ts';
import { type Markup, html } from './markup.ts';
import { createTeller } from './teller.ts';
import { spanText } from './words.ts';

export interface ConversationOptions {
  readonly startedAt: EpochMs;
  readonly decisive?: Observation;
  /** Explains the decisive row. */
  readonly why?: string;
}

export interface Row {
  readonly at: EpochMs;
  readonly line: Line;
  readonly seen: Observation;
  readonly step: string;
  readonly printed: readonly string[];
  /** How many rows like this and the one after it were folded away behind it. */
  readonly folded: number;
}

const gapWorthShowingMs = 3000;
/** Of one text; more are told as a number. */
const repetitionsShown = 3;
const printedLinesShown = 6;
const mostRows = 400;
const longestPayload = 2000;

export function conversation(observations: readonly Observation[], options: ConversationOptions): Markup {
  const rows = storyRows(observations, options.decisive);
  const shown = rows.slice(0, mostRows);
  const hasConsole = shown.some(({ printed }) => printed.length > 0);
  return html`<div class="talk${hasConsole ? '' : ' alone'}" role="table" aria-label="What was said">
    <div class="row head" role="row">
      <span role="columnheader">time</span>
      <span role="columnheader" class="lanes"><span class="unseen">way</span></span>
      <span role="columnheader">what is said</span>
      ${hasConsole ? html`<span role="columnheader">console of the device</span>` : undefined}
    </div>
    ${shown.map((row, index) => [gap(shown[index - 1], row, hasConsole), rowMarkup(row, options, hasConsole)])}
    ${rows.length > shown.length ? gapRow(`${rows.length - shown.length} more rows are in run.json`, hasConsole) : undefined}
  </div>`;
}

/** The same in little room, without payloads and console: for the many stories that few will open. */
export function shortConversation(rows: readonly Row[], startedAt: EpochMs, decisive: Observation | undefined): Markup {
  return html`<div class="talk alone">
    ${rows.map((row, index) => {
      const before = rows[index - 1];
      const { at, line, seen } = row;
      const kind = kindOf(row, decisive);
      return html`${before !== undefined && before.folded > 0 ? html`<p class="gap">${before.folded} more such lines</p>` : undefined}
        <p class="row ${kind}">
          <i class="t">${((at - startedAt) / 1000).toFixed(2)}</i><i class="lanes">${lane(wayOf(seen, line))}</i
          ><span class="w">${emphasised(line.text)}</span>
        </p>`;
    })}
  </div>`;
}

export function storyRows(observations: readonly Observation[], decisive: Observation | undefined): readonly Row[] {
  return foldRepetitions(rowsOf(observations, decisive), decisive);
}

function kindOf({ line, seen, step }: Row, decisive: Observation | undefined): string {
  const isDecisive = seen === decisive && line.tone !== 'recovery';
  return [isDecisive ? 'decisive' : (line.tone ?? ''), step === '' ? '' : `at-${step}`].join(' ').trim();
}

function rowsOf(observations: readonly Observation[], decisive: Observation | undefined): readonly Row[] {
  const rows: (Omit<Row, 'printed'> & { printed: string[] })[] = [];
  const tell = createTeller();
  let step = '';
  for (const seen of observations) {
    step = stepAfter(seen, step);
    for (const line of tell(seen)) {
      const last = rows.at(-1);
      // A step is told by the colour at the edge, unless it decided.
      if (seen.kind === 'traced' && seen.trace.kind === 'step' && seen !== decisive) continue;
      if (line.actor === 'log' && last !== undefined) last.printed.push(line.text);
      else if (line.actor === 'log') {
        rows.push({ at: seen.at, line: { ...line, text: '' }, seen, step, printed: [line.text], folded: 0 });
      } else rows.push({ at: seen.at, line, seen, step, printed: [], folded: 0 });
    }
  }
  return rows;
}

/** The step that a device is at, as its agent tells it; empty when at rest. */
export function stepAfter(seen: Observation, step: string): string {
  if (seen.kind !== 'traced') return step;
  if (seen.trace.kind === 'step') return seen.trace.step;
  return seen.trace.kind === 'recovered' || seen.trace.kind === 'finished' ? '' : step;
}

/** The same line again and again says nothing new after the third time. */
function foldRepetitions(rows: readonly Row[], decisive: Observation | undefined): readonly Row[] {
  const times = new Map<string, number>();
  const folded: Row[] = [];
  for (const row of rows) {
    const text = row.line.text.replace(/again, \d+\w+ time/, 'again');
    const count = (times.get(text) ?? 0) + 1;
    times.set(text, count);
    const last = folded.at(-1);
    const { tone } = row.line;
    const isMarked = tone === 'pull' || tone === 'recovery' || row.seen === decisive;
    if (count > repetitionsShown && !isMarked && last !== undefined) {
      folded[folded.length - 1] = { ...last, folded: last.folded + 1, printed: [...last.printed, ...row.printed] };
    } else folded.push(row);
  }
  return folded;
}

function gap(before: Row | undefined, row: Row, hasConsole: boolean): Markup | undefined {
  const ms = before === undefined ? 0 : row.at - before.at;
  const folded = before?.folded ?? 0;
  if (ms < gapWorthShowingMs && folded === 0) return undefined;
  return gapRow(
    folded === 0 ? `nothing for ${spanText(ms)}` : `${folded} more such lines, in ${spanText(ms)}`,
    hasConsole,
  );
}

function gapRow(text: string, hasConsole: boolean): Markup {
  return html`<div class="row gap" role="row">
    <span role="cell"></span><span class="lanes" role="cell"></span
    ><span role="cell">${text}</span>${hasConsole ? html`<span role="cell"></span>` : undefined}
  </div>`;
}

function rowMarkup(row: Row, { startedAt, decisive, why }: ConversationOptions, hasConsole: boolean): Markup {
  const { at, line, seen, printed } = row;
  const isDecisive = seen === decisive && line.tone !== 'recovery';
  const kind = kindOf(row, decisive);
  const explanation =
    isDecisive && why !== undefined
      ? html`<em class="mark">decisive</em>
          <p class="why">${why}</p>`
      : undefined;
  const clock = ((at - startedAt) / 1000).toFixed(2);
  const log = html`<span class="log mono" role="cell"
    >${printed.slice(0, printedLinesShown).join('\n')}${printed.length > printedLinesShown ? `\n… ${printed.length - printedLinesShown} lines` : ''}</span
  >`;
  return html`<div class="row ${kind}" role="row" data-at="${at - startedAt}">
    <span class="t" role="cell">${clock}</span><span class="lanes" role="cell">${lane(wayOf(seen, line))}</span
    ><span class="w" role="cell">${emphasised(line.text)}${explanation}${payload(line, clock)}</span
    >${hasConsole ? log : undefined}
  </div>`;
}

function wayOf(seen: Observation, { actor, tone }: Line): Way {
  if (tone === 'recovery') return 'inside';
  switch (actor) {
    case 'operator':
      return 'by-operator';
    case 'service':
      return 'to-device';
    case 'host':
    case 'log':
      return 'none';
    case 'device':
      return ['sent', 'subscribed', 'unsubscribed', 'published', 'connecting'].includes(seen.kind)
        ? 'to-service'
        : 'inside';
  }
}

/** @param clock tells one from another that says the same */
function payload({ topic, payload: text, text: words }: Line, clock: string): Markup | undefined {
  if (topic === undefined) return undefined;
  const shown =
    text === undefined ? '' : `\n${text.length > longestPayload ? `${text.slice(0, longestPayload)}…` : text}`;
  return html`<details>
    <summary aria-label="payload at ${clock} s: ${words.replaceAll('**', '')}">payload</summary>
    <pre>${topic}${shown}</pre>
  </details>`;
}

/** `**word**` is bold. */
function emphasised(text: string): readonly (Markup | string)[] {
  return text.split('**').map((part, index) => (index % 2 === 1 ? html`<b>${part}</b>` : part));
}

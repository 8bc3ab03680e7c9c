/**
 * A device beside a right one: what the reference agent did in the same scenario from the pull on, and what was inside of both before
 * and afterwards: slots, checkpoint, RAM. Of a device whose inside nobody sees, the right one's stands alone.
 */
import type { DeviceView, SlotView } from '../../observation/inside.ts';
import type { InsideStory } from '../virtual/inside-story.ts';
import type { Scenario } from '../scenario/contract.ts';
import { plainText } from './lines.ts';
import { type Insertable, type Markup, html } from './markup.ts';
import { sentence } from './page-frame.ts';
import { createTeller } from './teller.ts';
import { spanText } from './words.ts';

/** How the two of them went, of a scenario and a thing of it. */
export interface Beside {
  /** The reference agent. */
  readonly right?: InsideStory;
  /** The one that failed; absent: its inside is not seen. */
  readonly own?: InsideStory;
}

export type BesideOf = (scenario: Scenario, thingName?: string) => Beside;

const linesShown = 8;

/**
 * What a device did wrong, and what a right one does there, in two columns.
 * @param broken items of a list
 * @param evidence of the first of them
 */
export function twoDevices(
  broken: Insertable,
  evidence: Markup | undefined,
  right: readonly string[],
  beside: Beside,
): Markup {
  return html`<div class="two">
    <div>
      <h3 class="red">✗ What this device did</h3>
      <ul>
        ${broken}
      </ul>
      ${evidence}
    </div>
    <div>
      <h3 class="green">✓ What a right device does here</h3>
      <ul>
        ${right.map((line) => html`<li>✓ ${sentence(line)}</li>`)}
      </ul>
      ${rightStory(beside)}
    </div>
  </div>`;
}

/** What the reference agent said and did, with the time since the pull. */
export function rightStory({ right }: Beside): Markup | undefined {
  if (right === undefined) return undefined;
  const tell = createTeller();
  const lines = right.observations.flatMap((seen) => {
    if (seen.kind === 'traced' && seen.trace.kind === 'step') return [];
    return tell(seen)
      .filter(({ actor }) => actor !== 'log')
      .map(({ text }) => ({ ms: seen.at - right.pulledAt, text: plainText(text) }));
  });
  const shown = lines.slice(0, linesShown);
  if (shown.length === 0) return undefined;
  return html`<p class="small">The reference agent in the same scenario, from the pull on:</p>
    <ol class="evidence">
      ${shown.map(({ ms, text }) => html`<li><span class="t">+${(ms / 1000).toFixed(2)}</span> ${text}</li>`)}
      ${lines.length > shown.length ? html`<li class="small">and ${lines.length - shown.length} more</li>` : undefined}
    </ol>`;
}

export function insideTable({ right, own }: Beside): Markup | undefined {
  const first = own ?? right;
  if (first === undefined) return undefined;
  const columns: readonly (readonly [name: string, view: DeviceView])[] = [
    ['Before the pull', first.before],
    ...(own === undefined ? [] : [[`This device, ${whenOf(own)}`, own.after] as const]),
    ...(right === undefined ? [] : [[`A right device, ${whenOf(right)}`, right.after] as const]),
  ];
  const rows = insideRows(columns.map(([, view]) => view));
  return html`<h3>Inside, before and after</h3>
    <div class="wide" tabindex="0">
      <table class="inside">
        <thead>
          <tr>
            <th scope="col"><span class="unseen">Part</span></th>
            ${columns.map(([name]) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, cells]) =>
              html`<tr>
                <th scope="row">${name}</th>
                ${cells.map((cell, index) => html`<td>${differs(cells, index, own !== undefined && right !== undefined) ? html`<b class="red">${cell}</b>` : cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/** Only where both stand there: the failed one's cell, if it is not as the right one's. */
function differs(cells: readonly string[], index: number, areBoth: boolean): boolean {
  return areBoth && index === 1 && cells[1] !== cells[2];
}

function whenOf({ pulledAt, recoveredAt }: InsideStory): string {
  return recoveredAt === undefined ? 'at the end, not recovered' : `${spanText(recoveredAt - pulledAt)} after it`;
}

function insideRows(views: readonly DeviceView[]): readonly (readonly [string, readonly string[]])[] {
  const slots = Math.max(...views.map((view) => view.slots.length));
  return [
    ...Array.from(
      { length: slots },
      (_, slot) =>
        [
          `Slot ${String.fromCodePoint(65 + slot)}`,
          views.map((view) => slotText(view.slots[slot], view.activeSlot === slot)),
        ] as const,
    ),
    ['Runs', views.map(({ runningVersion }) => runningVersion)],
    ['Works on', views.map(workText)],
    ['Checkpoint', views.map(({ checkpoint }) => (checkpoint === undefined ? 'none' : 'of a job'))],
    [
      'RAM used',
      views.map(({ ram }) => `${Math.round(ram.usedBytes / 1024)} of ${Math.round(ram.budgetBytes / 1024)} KB`),
    ],
    ['Download', views.map(({ openDownload }) => (openDownload ? 'open' : 'closed'))],
  ];
}

function workText({ step, execution }: DeviceView): string {
  return execution === undefined ? 'nothing' : `${execution.jobId}#${execution.executionNumber}, ${step}`;
}

function slotText(slot: SlotView | undefined, isActive: boolean): string {
  if (slot === undefined) return 'none';
  return `${slot.version === undefined ? '' : `${slot.version} `}${slot.state}${isActive ? ', active' : ''}`;
}

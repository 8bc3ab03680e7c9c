/**
 * A device beside a right one: what the reference agent did in the same scenario from the pull on, and what was inside of both before
 * and afterwards: slots, checkpoint, RAM. Of a device whose inside nobody sees, the right one's stands alone.
 */
import type { DeviceView, SlotView } from '../../observation/inside.ts';
import type { InsideStory } from '../virtual/inside-story.ts';
import type { Scenario } from '../scenario/contract.ts';
import { plainText } from './lines.ts';
import { momentList } from './evidence.ts';
import { type Markup, html } from './markup.ts';
import { unseen, wideTable } from './tables.ts';
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

/** What the reference agent said and did, with the time since the pull. */
export function rightStory({ right }: Beside): Markup | undefined {
  if (right === undefined) return undefined;
  const tell = createTeller();
  const lines = right.observations.flatMap((seen) => {
    if (seen.kind === 'traced' && seen.trace.kind === 'step') return [];
    return tell(seen)
      .filter(({ actor }) => actor !== 'log')
      .map(({ text }) => ({ at: seen.at, note: plainText(text) }));
  });
  const list = momentList(lines, right.pulledAt, '+');
  return (
    list &&
    html`<p class="small">The reference agent in the same scenario, from the pull on:</p>
      ${list}`
  );
}

/** @param of which of those on the page, for whoever hears it */
export function insideTable({ right, own }: Beside, of: string): Markup | undefined {
  const first = own ?? right;
  if (first === undefined) return undefined;
  const columns: readonly (readonly [name: string, view: DeviceView])[] = [
    ['Before the pull', first.before],
    ...(own === undefined ? [] : [[`This device, ${whenOf(own)}`, own.after] as const]),
    ...(right === undefined ? [] : [[`A right device, ${whenOf(right)}`, right.after] as const]),
  ];
  const isWrong = (cells: readonly string[], index: number): boolean =>
    own !== undefined && right !== undefined && index === 1 && cells[1] !== cells[2];
  const rows = insideRows(columns.map(([, view]) => view)).map(([name, cells]) => [
    name,
    ...cells.map((cell, index) => (isWrong(cells, index) ? html`<b class="red">${cell}</b>` : cell)),
  ]);
  const heads = [unseen('Part'), ...columns.map(([name]) => name)];
  return html`<h3>Inside, before and after</h3>
    ${wideTable(`Inside, before and after, ${of}`, heads, rows, { kind: 'inside', namesRows: true })}`;
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

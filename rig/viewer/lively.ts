/**
 * What a report can do in a browser: copy a command, find and filter, move the cursor over drawing and rows of a story together,
 * walk over its payloads by arrow keys, open what its address names, draw charts. Of a whole page, or of a run that is shown in one.
 */
import { type Place, drawCharts } from './load-charts.ts';

/** @returns lets go of what reaches beyond the place */
export function makeLively(place: Place): () => void {
  for (const button of all<HTMLButtonElement>(place, '.copy')) button.addEventListener('click', () => copyFrom(button));
  for (const box of all<HTMLInputElement>(place, '.filter')) filterBy(place, box);
  for (const story of all<HTMLElement>(place, '.story')) scrub(story);
  for (const talk of all<HTMLElement>(place, '.talk')) makeOneStop(talk, all<HTMLElement>(talk, 'summary'));
  for (const link of all<HTMLAnchorElement>(place, 'a[href^="#"]')) {
    // Its own goal, wherever the place is: addresses do not reach into a run that was opened.
    link.addEventListener('click', (event) => {
      if (goTo(place, link.hash)) event.preventDefault();
    });
  }
  const followAddress = (): void => void goTo(place, location.hash);
  addEventListener('hashchange', followAddress);
  const stopCharts = drawCharts(place);
  followAddress();
  return () => {
    removeEventListener('hashchange', followAddress);
    stopCharts();
  };
}

function all<E extends Element>(place: ParentNode, selector: string): readonly E[] {
  return [...place.querySelectorAll<E>(selector)];
}

function copyFrom(button: HTMLButtonElement): void {
  const text = button.previousElementSibling?.textContent ?? '';
  // Where there is no clipboard, as in a page of plain HTTP, the text is marked and Ctrl-C does it.
  const marked = (): void => {
    const selection = getSelection();
    if (button.previousElementSibling !== null) selection?.selectAllChildren(button.previousElementSibling);
    button.textContent = 'Marked';
  };
  const { clipboard } = navigator as { readonly clipboard?: Clipboard };
  if (clipboard === undefined) return marked();
  const copied = (): void => void (button.textContent = 'Copied');
  clipboard.writeText(text).then(copied).catch(marked);
}

function filterBy(place: Place, box: HTMLInputElement): void {
  const { of = '' } = box.dataset;
  const list = place.querySelector(of);
  if (list === null) return;
  const none = box.parentElement?.querySelector('.none');
  const kinds = all<HTMLButtonElement>(place, `[data-kind-of="${of}"]`);
  const filter = (): void => {
    const word = box.value.toLowerCase();
    const kind = kinds.find((one) => one.getAttribute('aria-pressed') === 'true')?.dataset['kind'] ?? '';
    let shown = 0;
    for (const item of all<HTMLElement>(list, '[data-item]')) {
      const isWanted = kind === '' || item.dataset['item'] === kind;
      item.hidden = !isWanted || !(item.textContent ?? '').toLowerCase().includes(word);
      if (!item.hidden) shown += 1;
    }
    if (none) none.textContent = shown === 0 ? 'Nothing is like that.' : `${shown} shown`;
  };
  box.addEventListener('input', filter);
  for (const one of kinds) {
    one.addEventListener('click', () => {
      for (const other of kinds) other.setAttribute('aria-pressed', String(other === one));
      filter();
    });
  }
}

/** Where the axis of an overview begins and ends, in its own units. */
const axis = { from: 80, length: 1072 - 96 };

function scrub(story: HTMLElement): void {
  const slider = story.querySelector<HTMLInputElement>('.scrub');
  const line = story.querySelector('.cursor');
  const rows = all<HTMLElement>(story, '.row[data-at]');
  const write = (selector: string, text: string): void => {
    const fact = story.querySelector(selector);
    if (fact !== null) fact.textContent = text;
  };
  slider?.addEventListener('input', () => {
    const at = Number(slider.value);
    const here = rows.findLast((row) => Number(row.dataset['at']) <= at);
    for (const row of rows) row.classList.toggle('here', row === here);
    const x = String(axis.from + (at / Number(slider.max)) * axis.length);
    line?.setAttribute('x1', x);
    line?.setAttribute('x2', x);
    const step = [...(here?.classList ?? [])].find((name) => name.startsWith('at-'))?.slice('at-'.length);
    write('.at', `${(at / 1000).toFixed(2)} s`);
    write('.step', step ?? 'at rest');
    write('.said', wordsOf(here));
  });
}

/**
 * The payloads of a conversation are one stop of the Tab key, the one that had the focus last; arrow keys, Home and End go from one to
 * another. Source: https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/ (roving tabindex).
 */
function makeOneStop(talk: HTMLElement, stops: readonly HTMLElement[]): void {
  const stopAt = (here: HTMLElement | undefined): void => {
    for (const stop of stops) stop.tabIndex = stop === here ? 0 : -1;
  };
  stopAt(stops[0]);
  for (const stop of stops) stop.setAttribute('aria-keyshortcuts', 'ArrowUp ArrowDown Home End');
  talk.addEventListener('focusin', ({ target }) => {
    const here = stops.find((stop) => stop === target);
    if (here !== undefined) stopAt(here);
  });
  talk.addEventListener('keydown', (event) => {
    const from = stops.findIndex((stop) => stop === event.target);
    const isAlone = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    const goals = { ArrowUp: stops[from - 1], ArrowDown: stops[from + 1], Home: stops[0], End: stops.at(-1) };
    const goal = from >= 0 && isAlone ? goals[event.key as keyof typeof goals] : undefined;
    if (goal === undefined) return;
    event.preventDefault();
    goal.focus();
  });
}

/** What a row says, without its payload and its explanation. */
function wordsOf(row: HTMLElement | undefined): string {
  const words = [...(row?.querySelector('.w')?.childNodes ?? [])];
  return words
    .filter(({ nodeName }) => !['DETAILS', 'P', 'EM'].includes(nodeName))
    .map(({ textContent }) => textContent)
    .join('')
    .trim();
}

function goTo(place: Place, hash: string): boolean {
  if (hash.length < 2) return false;
  let id: string;
  try {
    id = decodeURIComponent(hash.slice(1));
  } catch {
    return false;
  }
  const goal = place.querySelector(`[id="${CSS.escape(id)}"]`);
  if (goal === null) return false;
  if (goal instanceof HTMLDetailsElement) goal.open = true;
  goal.scrollIntoView();
  return true;
}

/** The script of every report: makes it lively, and shows other runs in its place; the report itself waits behind them. */
import { html } from '../report/markup.ts';
import { pageBody } from '../report/page-frame.ts';
import { makeLively } from './lively.ts';
import { type RunTaker, chooseRun, takeDrops } from './open-run.ts';
import type { OpenedRun } from './run-file.ts';

const own = document.getElementById('run');
const ownTitle = document.title;
let shown: HTMLElement | undefined;
let letGo: (() => void) | undefined;
let style: CSSStyleSheet | undefined;

const taker: RunTaker = {
  show,
  refuse(why) {
    const line = document.createElement('p');
    line.className = 'refused-file';
    line.setAttribute('role', 'alert');
    line.textContent = `✗ ${why} `;
    line.append(button('Close', () => line.remove()));
    document.querySelector('.refused-file')?.remove();
    document.body.prepend(line);
    line.scrollIntoView();
  },
};

function show({ name, content }: OpenedRun): void {
  if (own === null) return;
  const place = document.createElement('div');
  place.id = 'run';
  place.innerHTML = html`${pageBody(content)}`.text;
  document.querySelector('.refused-file')?.remove();
  leave();
  own.hidden = true;
  own.after(place);
  shown = place;
  style = new CSSStyleSheet();
  style.replaceSync(content.style ?? '');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
  document.title = `${content.title} (${name})`;
  history.replaceState(undefined, '', location.pathname + location.search);
  scrollTo(0, 0);
  letGo = makeLively(place);
  const bar = place.querySelector('.bar nav');
  const back = button('Back to this report', () => {
    leave();
    own.querySelector<HTMLElement>('.open-run')?.focus();
  });
  bar?.append(back, openButton());
  back.focus();
}

function leave(): void {
  letGo?.();
  shown?.remove();
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== style);
  [letGo, shown, style] = [undefined, undefined, undefined];
  document.title = ownTitle;
  if (own !== null) own.hidden = false;
}

function button(text: string, press: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', press);
  return made;
}

function openButton(): HTMLButtonElement {
  const made = button('Open a run', () => chooseRun(taker));
  made.className = 'open-run';
  made.title = 'Choose a run.json, or drop it anywhere on this page';
  return made;
}

if (own !== null) {
  makeLively(own);
  own.querySelector('.bar nav')?.append(openButton());
  takeDrops(taker);
}

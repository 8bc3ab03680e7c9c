/**
 * What every report has around its content: one self-contained document with its style, its script and its arrows; the bar, the
 * state of the run in one line, the command to copy. The script copies, filters and moves the cursor; without it the page says all.
 */
import { lane, laneSymbols } from './lane-symbols.ts';
import { lookStyle } from './look-style.ts';
import { type Insertable, type Markup, html, trusted } from './markup.ts';

export interface PageFrame {
  readonly title: string;
  readonly bar: Insertable;
  /** Where the bar leads: id and name of sections. */
  readonly sections: readonly (readonly [id: string, name: string])[];
  readonly body: Insertable;
  readonly foot: readonly string[];
  /** Beside the look that all reports have. */
  readonly style?: string;
  /** What scripts read, as JSON that holds no end tag, and they themselves, in order. */
  readonly data?: { readonly id: string; readonly json: string };
  readonly scripts?: readonly string[];
}

export function pageFrame({ title, bar, sections, body, foot, style = '', data, scripts = [] }: PageFrame): string {
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <style>
          ${trusted(lookStyle)} ${trusted(style)}
        </style>
      </head>
      <body>
        ${laneSymbols()}
        <header class="bar">
          <div>
            ${bar}
            <nav aria-label="Sections">${sections.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
          </div>
        </header>
        <main>${body}</main>
        <footer>${foot.map((line) => html`<span>${line}</span>`)}</footer>
        ${
          data &&
          html`<script type="application/json" id="${data.id}">
            ${trusted(data.json)}
          </script>`
        }
        ${[script, ...scripts].map(
          (each) =>
            html`<script>
              ${trusted(each)};
            </script>`,
        )}
      </body>
    </html>`;
  return `${text}\n`;
}

const signs = {
  pass: html`<span class="good">✓ Passed</span>`,
  fail: html`<span class="bad">✗ Failed</span>`,
  inconclusive: html`<span>? Inconclusive</span>`,
} as const;

/** ✗ Failed, survived 41 of 43, and a cell for each. */
export function stateLine(verdict: keyof typeof signs, survived: string, cells: readonly Markup[] = []): Markup {
  return html`<p class="state">
    ${signs[verdict]} <span>${survived}</span><span class="cells" aria-hidden="true">${cells}</span>
  </p>`;
}

export function commandLine(command: string): Markup {
  return html`<p class="command">
    <code tabindex="0">${command}</code><button type="button" class="copy">Copy</button>
  </p>`;
}

/** A reason begins with what the device does, or with what else it is about. */
export function sentence(text: string): string {
  if (text === '') return '';
  const is = /^(still|not) /.test(text) ? 'is ' : '';
  const isOfDevice = is !== '' || /^(?!it |its )[a-z]+s /.test(text) || /^(never|went) /.test(text);
  const whole = isOfDevice ? `The device ${is}${text}` : text;
  // A name with a number in it is one of the user's, and stays as it is.
  const first = /^\S*\d/.test(whole) ? whole : whole.charAt(0).toUpperCase() + whole.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** What the arrows of a story mean, said once. */
export function laneKey(): Markup {
  return html`<p class="small key">
    ${lane('to-service')} device to service ${lane('to-device')} service to device ${lane('by-operator')} operator
  </p>`;
}

const script = `
for (const button of document.querySelectorAll('.copy')) button.addEventListener('click', () => { const code = button.previousElementSibling.textContent; navigator.clipboard?.writeText(code); button.textContent = 'Copied'; });
for (const box of document.querySelectorAll('.filter')) { const list = document.querySelector(box.dataset.of), none = box.parentElement.querySelector('.none');
  const kinds = [...document.querySelectorAll('[data-kind-of="' + box.dataset.of + '"]')];
  const filter = () => { const word = box.value.toLowerCase(), kind = kinds.find((one) => one.getAttribute('aria-pressed') === 'true')?.dataset.kind ?? ''; let shown = 0;
    for (const item of list.querySelectorAll('[data-item]')) { item.hidden = !item.textContent.toLowerCase().includes(word) || (kind !== '' && item.dataset.item !== kind); if (!item.hidden) shown += 1; }
    if (none) none.textContent = shown === 0 ? 'Nothing is like that.' : shown + ' shown'; };
  box.addEventListener('input', filter);
  for (const one of kinds) one.addEventListener('click', () => { for (const other of kinds) other.setAttribute('aria-pressed', String(other === one)); filter(); }); }
const open = () => { const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (target instanceof HTMLDetailsElement) target.open = true; };
addEventListener('hashchange', open); open();
for (const story of document.querySelectorAll('.story')) {
  const scrub = story.querySelector('.scrub'), rows = [...story.querySelectorAll('.row[data-at]')], line = story.querySelector('.cursor');
  const move = () => {
    const at = Number(scrub.value), here = rows.findLast((row) => Number(row.dataset.at) <= at);
    for (const row of rows) row.classList.toggle('here', row === here);
    const x = 80 + (at / Number(scrub.max)) * (1072 - 96); line.setAttribute('x1', x); line.setAttribute('x2', x);
    const step = [...(here?.classList ?? [])].find((name) => name.startsWith('at-'));
    story.querySelector('.at').textContent = (at / 1000).toFixed(2) + ' s'; story.querySelector('.step').textContent = step ? step.slice(3) : 'at rest';
    story.querySelector('.said').textContent = here ? [...here.querySelector('.w').childNodes].filter((node) => !['DETAILS', 'P', 'EM'].includes(node.nodeName)).map((node) => node.textContent).join('').trim() : '';
  };
  scrub?.addEventListener('input', move);
}
addEventListener('beforeprint', () => { for (const one of document.querySelectorAll('details.print')) one.open = true; });
`;

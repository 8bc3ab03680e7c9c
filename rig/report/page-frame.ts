/**
 * What every report has around its content: the bar, the state of the run in one line, the command to copy, the foot. As data
 * and markup without a document, since a run that is opened on a page is drawn into that page; a file of its own is
 * page-file.ts.
 */
import type { EpochMs } from '../../protocol/time.ts';
import { lane, laneSymbols } from './lane-symbols.ts';
import { type Insertable, type Markup, html, trusted } from './markup.ts';
import { spanText } from './words.ts';

export interface PageContent {
  readonly title: string;
  readonly bar: Insertable;
  /** Where the bar leads: id and name of sections; `false` for one that this run has not. */
  readonly sections: readonly (readonly [id: string, name: string] | false)[];
  readonly body: Insertable;
  readonly foot: readonly string[];
  /** Beside the look that all reports have. */
  readonly style?: string;
  /** What charts are drawn from, as JSON. */
  readonly data?: string;
}

/** Bar, content and foot. */
export function pageBody({ bar, sections, body, foot, data }: PageContent): Markup {
  return html`${laneSymbols()}
    <header class="bar">
      <div>
        ${bar}
        <nav aria-label="Sections">
          ${sections.filter((one) => one !== false).map(([id, name]) => html`<a href="#${id}">${name}</a>`)}
        </nav>
      </div>
    </header>
    <main>${body}</main>
    <footer>${foot.map((line) => html`<span>${line}</span>`)}</footer>
    ${
      data === undefined
        ? undefined
        : html`<script type="application/json">
            ${trusted(data.replaceAll('<', String.raw`\u003c`))}
          </script>`
    }`;
}

/** Which run it is, when it began and how long it took. */
export function runBar(verb: string, about: Markup, startedAt: EpochMs, endedAt: EpochMs): Markup {
  const began = new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ');
  return html`<b>jobrig ${verb}</b>${about}<span>${began}</span> <span>${spanText(endedAt - startedAt)}</span>`;
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

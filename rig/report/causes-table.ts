/**
 * The causes of what failed, most frequent first: what is wrong in one sentence, which known bug it is like, which claim it breaks,
 * where it was found. One table for all reports; where a cause was found is the report's own to say.
 */
import { catalogName } from '../verdict/catalog.ts';
import { claimNames } from './claim-words.ts';
import { type Insertable, type Markup, html } from './markup.ts';
import { sentence } from './page-frame.ts';

export interface CauseRow {
  /** In words. */
  readonly reason: string;
  readonly claim: string;
  /** Numbers of docs/recovery-bugs.md. */
  readonly resembles: readonly string[];
  /** One cell for each of the columns. */
  readonly cells: readonly Insertable[];
  /** In a few words, where it stands among the rarer. */
  readonly short: string;
}

export interface CausesTable {
  readonly columns: readonly string[];
  readonly rows: readonly CauseRow[];
  /** So many have a story on the page. */
  readonly stories: number;
}

const rowsShown = 8;

export function causesTable({ columns, rows, stories }: CausesTable): Markup {
  const rarer = rows.slice(rowsShown);
  return html`<section id="causes">
    <h2>${rows.length === 1 ? 'One cause' : `${rows.length} causes`}</h2>
    <table class="causes">
      <thead>
        <tr>
          <th scope="col"><span class="unseen">Number</span></th>
          <th scope="col">What is wrong</th>
          <th scope="col">Claim</th>
          ${columns.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, rowsShown).map((row, index) => rowMarkup(row, index, index < stories))}
      </tbody>
    </table>
    ${
      rarer.length === 0
        ? undefined
        : html`<details class="device rarer">
            <summary><span></span><b>and ${rarer.length} rarer causes</b></summary>
            <ul>
              ${rarer.map(({ reason, claim, short }) => html`<li>${sentence(reason)} <span class="small">${claimName(claim)}, ${short}</span></li>`)}
            </ul>
          </details>`
    }
  </section>`;
}

function rowMarkup({ reason, claim, resembles, cells }: CauseRow, index: number, hasStory: boolean): Markup {
  const what = html`<b>${sentence(reason)}</b>`;
  return html`<tr>
    <td>${index + 1}</td>
    <td>
      ${hasStory ? html`<a href="#cause-${index + 1}">${what}</a>` : what}
      ${resembles.length > 0 ? html`<br /><span class="small">Like ${resembles.map(catalogName).join(', ')}</span>` : undefined}
    </td>
    <td>${claimName(claim)}</td>
    ${cells.map((cell) => html`<td>${cell}</td>`)}
  </tr>`;
}

/** V2, no zombie work; of the engine's claims the number alone. */
export function claimName(claim: string): string {
  const name = (claimNames as Readonly<Record<string, string>>)[claim];
  return name === undefined ? claim : `${claim}, ${name}`;
}

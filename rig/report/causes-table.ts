/**
 * The causes of what failed, most frequent first: what is wrong in one sentence, which known bug it is like, which claim it breaks,
 * where it was found. One table for all reports; where a cause was found is the report's own to say.
 */
import { catalogName } from '../verdict/catalog.ts';
import { claimName } from './claim-words.ts';
import { type Insertable, type Markup, html } from './markup.ts';
import { sentence } from './page-frame.ts';
import { table, unseen } from './tables.ts';

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
  const shown = rows.slice(0, rowsShown).map((row, index) => cellsOf(row, index, index < stories));
  const rarer = rows.slice(rowsShown);
  return html`<section id="causes">
    <h2>${rows.length === 1 ? 'One cause' : `${rows.length} causes`}</h2>
    ${table([unseen('Number'), 'What is wrong', 'Claim', ...columns], shown, { kind: 'causes' })}
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

function cellsOf(
  { reason, claim, resembles, cells }: CauseRow,
  index: number,
  hasStory: boolean,
): readonly Insertable[] {
  const what = html`<b>${sentence(reason)}</b>`;
  const like = html`<br /><span class="small">Like ${resembles.map(catalogName).join(', ')}</span>`;
  return [
    index + 1,
    [hasStory ? html`<a href="#cause-${index + 1}">${what}</a>` : what, resembles.length > 0 ? like : undefined],
    claimName(claim),
    ...cells,
  ];
}

/** What stands in every report in the same form: tables, lists of facts, a field that finds items of a list. */
import { type Insertable, type Markup, html, trusted } from './markup.ts';

export interface TableOptions {
  /** Its class, for the style. */
  readonly kind?: string;
  /** The first cell of a row is its head. */
  readonly namesRows?: boolean;
  /** Columns from this one on hold figures, which stand at the right. */
  readonly figuresFrom?: number;
}

export function table(
  heads: readonly Insertable[],
  rows: readonly (readonly Insertable[])[],
  { kind, namesRows = false, figuresFrom = Infinity }: TableOptions = {},
): Markup {
  const side = (column: number): Insertable => (column >= figuresFrom ? trusted(' class="r"') : undefined);
  const cellOf = (cell: Insertable, column: number): Markup =>
    namesRows && column === 0 ? html`<th scope="row">${cell}</th>` : html`<td${side(column)}>${cell}</td>`;
  return html`<table${kind === undefined ? undefined : html` class="${kind}"`}>
    <thead>
      <tr>
        ${heads.map((head, column) => html`<th scope="col" ${side(column)}>${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map(cellOf)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A table that may be wider than the page: it scrolls by itself, by keyboard too. */
export function wideTable(label: string, ...told: Parameters<typeof table>): Markup {
  return html`<div class="wide" tabindex="0" role="region" aria-label="${label}">${table(...told)}</div>`;
}

/** Names, each with what is to be said of it. */
export function facts(rows: readonly (readonly [name: string, fact: Insertable])[]): Markup {
  return html`<dl>
    ${rows.map(
      ([name, fact]) =>
        html`<dt>${name}</dt>
          <dd>${fact}</dd>`,
    )}
  </dl>`;
}

/** The head of a column that needs none to be seen. */
export function unseen(text: string): Markup {
  return html`<span class="unseen">${text}</span>`;
}

/** Finds items by their text. @param list a selector of what holds them */
export function findField(list: string, label: string): Markup {
  return html`<input type="search" class="filter" data-of="${list}" placeholder="${label}" aria-label="${label}" />`;
}

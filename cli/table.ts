/** Plain-text tables for people: columns as wide as their longest cell, figures to the right. */

/** @param figuresFrom the first column of figures; default: none is */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  figuresFrom = titles.length,
): string {
  const all = [titles, ...rows];
  const widths = titles.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  return all
    .map((cells) =>
      cells
        .map((cell, index) => (index < figuresFrom ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

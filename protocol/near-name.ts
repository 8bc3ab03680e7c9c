/** A word that is not known, and the one that was perhaps meant: what files of ours and the command line say about it. */

/** The word among `known` that was perhaps meant. */
export function nearName(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.name : undefined;
}

export function unknownWord(word: string, known: readonly string[]): string {
  const meant = nearName(word, known);
  return meant === undefined
    ? `\`${word}\` is not known here; known are ${known.join(', ')}`
    : `\`${word}\`: did you mean \`${meant}\`?`;
}

/** Levenshtein: insertions, deletions and replacements of one character. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

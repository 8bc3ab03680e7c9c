/** A word that is not known, and the one that was perhaps meant: what files of ours and the command line say about it. */

/** The word among `known` that was perhaps meant. */
export function nearName(word: string, known: readonly string[]): string | undefined {
  const [best] = byDistance(word, known);
  if (best === undefined) return undefined;
  const { name, distance } = best;
  // Something of the word must be left.
  const isNear = distance <= Math.max(2, Math.floor(word.length / 3)) && distance < Math.min(word.length, name.length);
  return isNear ? name : undefined;
}

/** @param listedBy where all of them stand, for a list that is too long to be told, e.g. `jobrig load --help` */
export function unknownWord(word: string, known: readonly string[], listedBy?: string): string {
  const joint = nearName(word, known) === undefined ? ' ' : ': ';
  return `\`${word}\`${joint}${unknownHint(word, known, listedBy)}`;
}

/** The same where the word itself stands before it. */
export function unknownHint(word: string, known: readonly string[], listedBy?: string): string {
  const meant = nearName(word, known);
  return meant === undefined ? `is not known here; ${knownAre(word, known, listedBy)}` : `did you mean \`${meant}\`?`;
}

/** The same for an operator, of names that may also be paths. */
export function namesHint(text: string, names: readonly string[]): string {
  const meant = nearName(text, names);
  const guess = meant === undefined ? '' : `Did you mean ${meant}? `;
  return `${guess}Known are ${names.join(', ')}; a file of your own has a dot or a slash in its path.`;
}

/** As many are read at a glance. */
const mostTold = 12;

/** All that are known where they are few, else those that look most like the word. */
function knownAre(word: string, known: readonly string[], listedBy?: string): string {
  if (known.length === 0) return 'nothing is';
  if (known.length <= mostTold) return `known are ${known.join(', ')}`;
  const [nearest] = byDistance(word, known);
  const all = listedBy === undefined ? '' : `; ${listedBy} names all`;
  return `the nearest of ${known.length} is \`${nearest!.name}\`${all}`;
}

function byDistance(
  word: string,
  known: readonly string[],
): readonly { readonly name: string; readonly distance: number }[] {
  return known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
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

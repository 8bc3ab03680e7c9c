/** Texts of others on a terminal: names of clients, words of a command line, paths. */

/** They must not steer it, turn a line around or begin another one. Only the lines of a stack stand by themselves. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  return text.replace(/\n(?! {4}at )|[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, '?');
}

/** Longer than any path of use. */
const longestWord = 1000;
const shownOfWord = 100;

/** A word that would hide what is said about it is told by its beginning. */
export function readable(text: string): string {
  const tooLong = new RegExp(`\\S{${longestWord + 1},}`, 'g');
  return printable(text).replace(tooLong, (word) => `${word.slice(0, shownOfWord)}… (${word.length} characters)`);
}

/**
 * Keys as SQLite keeps them. Its binding ends a text at U+0000, and UTF-8 has no lone surrogates, so a key with one of them
 * would come back as another key. These, and the character that marks them, are written as that character and four hex
 * digits; every other key, which is every name that AWS allows, is kept as it is.
 */

/** U+001B, which no name of AWS and hardly any client id has. */
const mark = '\u001b';
const plain = /^[\x20-\x7e]*$/;
// oxlint-disable-next-line no-control-regex -- these are the characters in question
const unkeepable = /[\0\u001b]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// oxlint-disable-next-line no-control-regex -- this is the mark
const marked = /\u001b([0-9a-f]{4})/g;

export function keptKey(key: string): string {
  if (plain.test(key)) return key;
  return key.replace(unkeepable, (unit) => mark + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

export function keyOf(kept: string): string {
  return kept.includes(mark)
    ? kept.replace(marked, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    : kept;
}

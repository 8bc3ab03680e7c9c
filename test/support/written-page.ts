/**
 * Pages that code and people write together: between `<!-- begin NAME -->` and `<!-- end NAME -->` stands what the code says,
 * everything else is left alone.
 */
import { formatted } from './markdown.ts';

/** Markdown lines by the name of their place. */
export type WrittenParts = Readonly<Record<string, () => readonly string[]>>;

export function writtenPage(file: string, text: string, parts: WrittenParts): Promise<string> {
  let page = text;
  for (const [name, write] of Object.entries(parts)) {
    const block = new RegExp(`(<!-- begin ${name} -->\n)[^]*?(<!-- end ${name} -->)`);
    if (!block.test(page)) throw new Error(`${file} has no place for ${name}`);
    page = page.replace(block, (_, begin: string, end: string) => `${begin}\n${write().join('\n')}\n\n${end}`);
  }
  return formatted([page.trimEnd()]);
}

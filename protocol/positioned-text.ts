/**
 * A text that a person wrote, YAML or JSON, decoded so that whatever is wrong with it can be named by line and column: its syntax
 * here, its content by whoever checks the value and knows only the path of a member (form.ts). Reading files is not done here.
 */
import { LineCounter, type Node, isMap, isNode, isSeq, parseDocument } from 'yaml';
import type { MemberPath } from './form.ts';

/** Both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export type PositionedText =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Of a member's name, or, if it is missing, where the nearest one around it begins. */
      placeOf(path: MemberPath): TextPlace;
    }
  | { readonly ok: false; readonly problems: readonly (TextPlace & { readonly message: string })[] };

export function decodeText(text: string): PositionedText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({
      ...at(pos[0]),
      message: message.split('\n', 1)[0] ?? message,
    }));
    return { ok: false, problems };
  }
  return {
    ok: true,
    value: document.toJS() as unknown,
    placeOf: (path) => at(offsetOf(document.contents, path)),
  };
}

/** @returns characters from the start of the text */
function offsetOf(contents: unknown, path: MemberPath): number {
  let node = contents;
  let offset = isNode(node) ? startOf(node) : 0;
  for (const name of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isNode(key) && String(key) === String(name));
      if (pair === undefined) return offset;
      offset = isNode(pair.key) ? startOf(pair.key) : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      if (!isNode(node)) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

function startOf({ range }: Node): number {
  return range?.[0] ?? 0;
}

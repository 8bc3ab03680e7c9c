/** Where a member stands in a YAML or JSON document, so that what is wrong with it can be named by line and column. */
import { type Node, isMap, isNode, isSeq } from 'yaml';

export type MemberPath = readonly (string | number)[];

/** At its name, or, if it is missing, where the nearest one around it begins. @returns characters from the start of the text */
export function offsetOf(contents: unknown, path: MemberPath): number {
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

/**
 * A text that a person wrote, YAML or JSON, read so that whatever is wrong with it is named by line and column: its syntax, and
 * its content, of which whoever checks the value knows only the path of a member (form.ts). Reading files is not done here.
 */
import { LineCounter, type Node, isMap, isNode, isSeq, parseDocument } from 'yaml';
import type { FormProblem, MemberPath, ReadForm } from './form.ts';

/** Both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a text; the message says all that there is to say at this place. */
export interface TextProblem extends TextPlace {
  readonly message: string;
}

export type ReadText<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: readonly TextProblem[] };

/**
 * @param check gives what the decoded text means
 * @returns first words that are not known, which explain the rest, then what is wrong, then what is missing; each in the order of the text
 */
export function readText<Value>(text: string, check: (value: unknown) => ReadForm<Value>): ReadText<Value> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [fault] = document.errors;
  if (fault !== undefined) {
    const [said = ''] = fault.message.split('\n', 1);
    return { ok: false, problems: [{ ...at(fault.pos[0]), message: inOurWords(said) }] };
  }
  if (document.contents === null)
    return { ok: false, problems: [{ line: 1, column: 1, message: 'there is nothing in it' }] };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Of aliases: one that stands for nothing, or so many that they make a short text a long value.
    const [alias = '*'] = /\*[^\s,\]}]+/.exec(text) ?? [];
    const message = inOurWords(error instanceof Error ? error.message.split('\n', 1)[0]! : String(error));
    return { ok: false, problems: [{ ...at(Math.max(0, text.indexOf(alias))), message }] };
  }
  const read = check(value);
  if (read.ok) return read;
  const problems = read.problems.map((problem) => ({
    rank: problem.known !== undefined ? 0 : document.hasIn(problem.place) ? 1 : 2,
    ...at(offsetOf(document.contents, problem.place)),
    message: textOf(problem),
  }));
  problems.sort((a, b) => a.rank - b.rank || a.line - b.line || a.column - b.column);
  return { ok: false, problems: problems.map(({ line, column, message }) => ({ line, column, message })) };
}

/** What the library says to who calls it, and how it fails where it goes deeper than it can. */
const ours: readonly (readonly [theirs: string, ours: string])[] = [
  ['Source contains multiple documents', 'here begins a second document, and one is read'],
  ['Maximum call stack size exceeded', 'it is nested too deeply'],
];

function inOurWords(said: string): string {
  return ours.find(([theirs]) => said.startsWith(theirs))?.[1] ?? said;
}

/** A message that names a word needs no other name. */
function textOf({ path, message }: FormProblem): string {
  return path === '' || message.startsWith('`') ? message : `\`${path}\`: ${message}`;
}

/** The first of what is wrong, with its place. @param name of the file */
export function placedText(name: string, problems: readonly TextProblem[]): string {
  const [{ line, column, message } = { line: 1, column: 1, message: 'is wrong' }, ...others] = problems;
  return `${name}:${line}:${column}: ${message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
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

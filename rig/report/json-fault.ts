/**
 * Where a text stops being JSON, since engines say so in words of their own or not at all. Reads as RFC 8259 says, token by token,
 * and only of a text that was refused already. Source: https://www.rfc-editor.org/rfc/rfc8259 (sections 2 to 7).
 */

export interface JsonFault {
  /** From 1, in UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  /** The text ends before its value does. */
  readonly isCutOff: boolean;
  /** What stands there, a few letters of it. */
  readonly found: string;
}

const token =
  /[\t\n\r ]*(?:([[\]{},:])|("[ !#-[\]-\u{10FFFF}]*(?:\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})[ !#-[\]-\u{10FFFF}]*)*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/uy;
const lettersTold = 24;

/** @returns `undefined` where it is JSON */
export function jsonFault(text: string): JsonFault | undefined {
  const at = faultAt(text);
  if (at === undefined) return undefined;
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: at - lineStart + 1,
    isCutOff: isCutOff(text.slice(at)),
    found: text.slice(at, at + lettersTold).split('\n', 1)[0] ?? '',
  };
}

/** A string that never ends, the beginning of a word or a number, or nothing at all. */
function isCutOff(rest: string): boolean {
  if (rest === '') return true;
  if (rest.startsWith('"')) return /^"(?:[ !#-[\]-\u{10FFFF}]|\\.)*\\?$/u.test(rest);
  return ['true', 'false', 'null'].some((word) => word.startsWith(rest)) || /^-?\d*\.?\d*(?:[eE][+-]?)?$/.test(rest);
}

type Wanted = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'more' | 'nothing';

function faultAt(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let wanted: Wanted = 'value';
  token.lastIndex = 0;
  for (;;) {
    const from = token.lastIndex;
    const match = token.exec(text);
    const start = from + (/^[\t\n\r ]*/.exec(text.slice(from, from + 4096))?.[0].length ?? 0);
    if (match === null) return wanted === 'nothing' && start >= text.length ? undefined : start;
    const [, sign, string] = match;
    const next = after(wanted, sign, string !== undefined, open);
    if (next === undefined) return start;
    wanted = next;
  }
}

/** @returns what may follow; `undefined` where this may not stand here */
function after(wanted: Wanted, sign: string | undefined, isString: boolean, open: ('{' | '[')[]): Wanted | undefined {
  const closed = (): Wanted => {
    open.pop();
    return open.length === 0 ? 'nothing' : 'more';
  };
  const inside = open.at(-1);
  switch (wanted) {
    case 'nothing':
      return undefined;
    case 'colon':
      return sign === ':' ? 'value' : undefined;
    case 'name or end':
      if (sign === '}') return closed();
      return isString ? 'colon' : undefined;
    case 'name':
      return isString ? 'colon' : undefined;
    case 'more':
      if (sign === ',') return inside === '{' ? 'name' : 'value';
      return (sign === '}' && inside === '{') || (sign === ']' && inside === '[') ? closed() : undefined;
    case 'value or end':
    case 'value':
      if (sign === ']' && wanted === 'value or end') return closed();
      if (sign === '{' || sign === '[') {
        open.push(sign);
        return sign === '{' ? 'name or end' : 'value or end';
      }
      if (sign !== undefined) return undefined;
      return open.length === 0 ? 'nothing' : 'more';
  }
}

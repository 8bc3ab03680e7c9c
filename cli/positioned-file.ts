/**
 * A file that a person wrote, JSON or YAML, read so that whatever is wrong with it is named by file, line and column: its syntax,
 * and its content by the form that the caller gives. The content itself is judged there (protocol/form.ts), not here.
 */
import { readFileSync } from 'node:fs';
import { OperationalError, type OperationalErrorCode } from '../protocol/operational-error.ts';
import { decodeText, type TextPlace } from '../protocol/positioned-text.ts';
import type { FormProblem } from '../protocol/form.ts';

const mostBytes = 1_048_576;

export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: readonly FormProblem[] };

/** @throws {OperationalError} with this code: the file cannot be read, is too large, is neither JSON nor YAML, or its content is wrong */
export function readPositionedFile<Value>(
  file: string,
  code: OperationalErrorCode,
  parse: (value: unknown) => Parsed<Value>,
): Value {
  const decoded = decodeText(read(file, code));
  const at = ({ line, column }: TextPlace): string => `${file}:${line}:${column}`;
  if (!decoded.ok) throw new OperationalError(code, `${at(decoded.problems[0]!)}: ${decoded.problems[0]!.message}`);
  const parsed = parse(decoded.value);
  if (parsed.ok) return parsed.value;
  const [{ place, path, message } = { place: [], path: '', message: 'is wrong' }, ...others] = parsed.problems;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const what = path === '' ? 'the content' : path;
  throw new OperationalError(code, `${at(decoded.placeOf(place))}: ${what} ${message}${more}`);
}

function read(file: string, code: OperationalErrorCode): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > mostBytes) throw new RangeError(`more than ${mostBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : 'unreadable';
    throw new OperationalError(code, `${file} cannot be read: ${reason}`, { cause });
  }
}

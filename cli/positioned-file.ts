/**
 * A file that a person wrote, JSON or YAML, read so that whatever is wrong with it can be named by file, line and column: its
 * syntax here, its content by whoever checks the value and knows only the path of a member. Judges no content.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { offsetOf } from '../rig/scenario/format/places.ts';
import { OperationalError, type OperationalErrorCode } from '../protocol/operational-error.ts';

/** Something wrong with a value, as checkers of decoded values tell it. */
interface Problem {
  /** e.g. `flash.sectorBytes.value` or `faults[2].kind`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export interface PositionedFile {
  readonly value: unknown;
  /** The error for what is wrong with the content: the first problem with its place, and how many there are. */
  complaint(code: OperationalErrorCode, problems: readonly Problem[]): OperationalError;
}

const mostBytes = 1_048_576;

/** @throws {OperationalError} with this code when the file cannot be read, is too large or is neither JSON nor YAML */
export function readPositionedFile(file: string, code: OperationalErrorCode): PositionedFile {
  const text = read(file, code);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new OperationalError(code, `${at(wrong.pos[0])}: ${firstLine(wrong.message)}`);
  return {
    value: document.toJS() as unknown,
    complaint(problemCode, problems) {
      const { path, message } = problems[0] ?? { path: '', message: 'is wrong' };
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
      const place = at(offsetOf(document.contents, memberPath(path)));
      return new OperationalError(problemCode, `${place}: ${path === '' ? 'the content' : path} ${message}${more}`);
    },
  };
}

function read(file: string, code: OperationalErrorCode): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > mostBytes) throw new RangeError(`more than ${mostBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? firstLine(cause.message) : 'unreadable';
    throw new OperationalError(code, `${file} cannot be read: ${reason}`, { cause });
  }
}

/** `faults[2].kind` as its members. */
function memberPath(path: string): readonly string[] {
  return path.split(/[.[\]]+/).filter((part) => part !== '');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

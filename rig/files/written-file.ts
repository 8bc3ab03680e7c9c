/**
 * A file that a person wrote, YAML or JSON, read so that whatever is wrong with it is named by file, line and column. What may stand
 * in it is said by whoever asks (protocol/form.ts).
 */
import { readFileSync } from 'node:fs';
import type { ReadForm } from '../../protocol/form.ts';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';
import { placedText, readText } from '../../protocol/positioned-text.ts';
import { mustEnd, whyUnreadable } from './named-file.ts';

const mostBytes = 1_048_576;

/**
 * @param name what to call the file
 * @throws {OperationalError} with this code: the file cannot be read, is too large, is neither JSON nor YAML, or its content is wrong
 */
export function readWrittenFile<Value>(
  file: string,
  code: OperationalErrorCode,
  check: (value: unknown) => ReadForm<Value>,
  name = file,
): Value {
  const read = readText(textOf(file, name, code), check);
  if (read.ok) return read.value;
  throw new OperationalError(code, placedText(name, read.problems));
}

function textOf(file: string, name: string, code: OperationalErrorCode): string {
  try {
    mustEnd(file);
    const bytes = readFileSync(file);
    if (bytes.length > mostBytes) throw new RangeError(`more than ${mostBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new OperationalError(code, `${name} cannot be read: ${whyUnreadable(cause)}`, { cause });
  }
}

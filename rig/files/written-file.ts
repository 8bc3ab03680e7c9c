/**
 * A file that a person wrote, YAML or JSON, read so that whatever is wrong with it is named by file, line and column. What may stand
 * in it is said by whoever asks (protocol/form.ts).
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ReadForm } from '../../protocol/form.ts';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';
import { placedText, readText } from '../../protocol/positioned-text.ts';

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

const ofShell = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/\d+)$/;

/**
 * A device may never end, nor a pipe that nobody writes; what a shell puts in the place of `<(…)` does.
 * @throws what stands behind "cannot be read"
 */
export function mustEnd(file: string): void {
  const found = statSync(file);
  if (found.isFile() || found.isDirectory() || (found.isFIFO() && ofShell.test(file))) return;
  throw new RangeError('it is a device or a pipe, and no file');
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it is not for this user to read',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is no text in UTF-8',
};

/** A file that a flag names, whatever is in it. @throws {OperationalError} with this code, naming both */
export async function readNamedFile(flag: string, file: string, code: OperationalErrorCode): Promise<Buffer> {
  try {
    mustEnd(file);
    return await readFile(file);
  } catch (cause) {
    throw new OperationalError(code, `${flag}: ${file} cannot be read: ${whyUnreadable(cause)}`, { cause });
  }
}

/** In words for a user. */
export function whyUnreadable(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return reasons[code] ?? message.split('\n', 1)[0]!;
}

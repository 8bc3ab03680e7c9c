/** A file that somebody names, whatever is in it: that it can be read to its end, and why it cannot, in words. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';

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

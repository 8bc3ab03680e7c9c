/**
 * A file of the data directory that may not be there yet: keys and certificates are made when they are first wanted. What cannot be read is
 * an error of whoever wants it, since each says what to do about it.
 */
import { readFile } from 'node:fs/promises';
import type { OperationalError } from '../protocol/operational-error.ts';

/** @throws {OperationalError} what `unusable` makes of a file that is there and cannot be read */
export async function readIfThere(
  file: string,
  unusable: (file: string, complaint: string, cause: unknown) => OperationalError,
): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, 'cannot be read', cause);
  }
}

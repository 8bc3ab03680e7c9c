/** The folder of `--out`: made before anything runs, because what cannot be written is worth nothing after a minute. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../broker/store/make-directory.ts';
import { OperationalError } from '../protocol/operational-error.ts';

/** @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export function openOutput(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw unwritable(`--out ${directory} cannot be made`, cause);
  }
}

/** @returns the file's path. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export async function writeOutput(directory: string, name: string, text: string): Promise<string> {
  const file = join(directory, name);
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw unwritable(`--out: ${file} cannot be written`, cause);
  }
  return file;
}

function unwritable(what: string, cause: unknown): OperationalError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperationalError('OUTPUT_UNWRITABLE', `${what}: ${reason}`, { cause });
}

/**
 * Files of results, by `--out` or a flag of their own. Folders are made before anything runs, because what cannot be written is worth
 * nothing after a minute; files are whole, or as they were.
 */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../broker/store/make-directory.ts';
import { writeWhole } from '../broker/store/whole-file.ts';
import { OperationalError } from '../protocol/operational-error.ts';

/** @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export function openOutput(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw unwritable(`--out ${directory} cannot be made`, cause);
  }
  try {
    // Rights say less: nobody writes where the file system is read-only.
    rmdirSync(mkdtempSync(join(directory, '.jobrig-')));
  } catch (cause) {
    throw unwritable(`--out ${directory} cannot be written to`, cause);
  }
}

/** @returns the file's path. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export function writeOutput(directory: string, name: string, text: string): string {
  const file = join(directory, name);
  writeFileOf('--out', file, text);
  return file;
}

/** Makes the folder of a file that a flag names, before anything runs. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export function openFolderOf(flag: string, file: string): void {
  try {
    makeDirectory(dirname(file));
  } catch (cause) {
    throw unwritable(`${flag}: the folder of ${file} cannot be made`, cause);
  }
}

/** A file that the user named by a flag of its own. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export function writeFileOf(flag: string, file: string, content: string | Uint8Array, mode?: number): void {
  try {
    makeDirectory(dirname(file));
    writeWhole(file, content, mode);
  } catch (cause) {
    throw unwritable(`${flag}: ${file} cannot be written`, cause);
  }
}

export interface KeptOrNot<Kept> {
  readonly kept?: Kept;
  /** To be thrown when the result has been told all the same. */
  readonly failure?: unknown;
}

/** What a run has found is told even where it cannot be written. */
export function keptOrNot<Kept>(keep: () => Kept): KeptOrNot<Kept> {
  try {
    return { kept: keep() };
  } catch (failure) {
    return { failure };
  }
}

function unwritable(what: string, cause: unknown): OperationalError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperationalError('OUTPUT_UNWRITABLE', `${what}: ${reason}`, { cause });
}

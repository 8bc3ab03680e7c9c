/**
 * Files that are whole or not there: a full disk, or an end in the middle, leaves what was there before. Written in one go without
 * giving up the turn, so that no signal that is heard comes between.
 */
import { randomBytes } from 'node:crypto';
import { readlinkSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

type Content = string | Uint8Array;

/** Writes beside the place, then renames. What is no file, as a pipe or `/dev/stdout`, is written to. @throws what the file system says */
export function writeWhole(file: string, content: Content, mode = 0o666): void {
  const place = placeOf(file);
  if (place === undefined) return writeFileSync(file, content);
  // A name of its own length would not fit where that of the file just does.
  const beside = join(dirname(place), `.jobrig-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(beside, content, { mode, flag: 'wx', flush: true });
    renameSync(beside, place);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Where a link leads, so that it stays one. @returns nothing for what is there and no file */
function placeOf(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? realpathSync(file) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const target = linkedFrom(file);
    return target === undefined ? file : placeOf(resolve(dirname(file), target));
  }
}

function linkedFrom(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}

export interface NewFile {
  readonly file: string;
  readonly content: Content;
  readonly mode: number;
}

/** What {@link writeNew} has made in this process, or in one that it has started. */
const madeFiles = new Set<string>();

/** Full paths. */
export function filesMade(): readonly string[] {
  return [...madeFiles];
}

/** @param files full paths: of a process that this one has started, which are as its own */
export function noteMade(files: readonly string[]): void {
  for (const file of files) madeFiles.add(file);
}

/**
 * Writes files that must not be there, all or none. @param onFailure makes what is thrown, from the file and what the file system says
 */
export function writeNew(files: readonly NewFile[], onFailure: (file: string, cause: unknown) => Error): void {
  const made: string[] = [];
  for (const { file, content, mode } of files) {
    try {
      writeFileSync(file, content, { mode, flag: 'wx', flush: true });
      made.push(file);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') made.push(file);
      for (const each of made) rmSync(each, { force: true });
      throw onFailure(file, cause);
    }
  }
  noteMade(made.map((file) => resolve(file)));
}

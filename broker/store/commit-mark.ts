/**
 * How many commits there were, told beside the database. A write-ahead log that has lost its end reads like one that was
 * never longer, so SQLite cannot know that something is missing. This file can: it is written after each commit, never
 * before, is there while a service runs and after one was killed, and goes with a clean end. It is not forced to disk with
 * each commit: when the machine loses power it may lag behind the database, which is no harm.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

export interface Mark {
  readonly commits: number;
  /** Who writes, or wrote, the database. */
  readonly pid: number;
}

export interface CommitMark {
  set(commits: number): void;
  /** The database has been closed in good order and speaks for itself. */
  remove(): void;
}

/** @returns `undefined` when there is none; a mark of NaN when the file is not one. */
export function readMark(file: string): Mark | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (text === '') return undefined; // made, and killed before its first commit
  const [, commits, pid] = /^(\d{16}) commits by process (\d{10})\n$/.exec(text) ?? [];
  return { commits: Number(commits), pid: Number(pid) };
}

export function openMark(file: string, commits: number): CommitMark {
  // Not truncated: an old mark is good until the new one, which is as long, is over it.
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const pid = String(process.pid).padStart(10, '0');
  const set = (count: number): void => {
    writeSync(descriptor, `${String(count).padStart(16, '0')} commits by process ${pid}\n`, 0);
  };
  set(commits);
  fsyncSync(descriptor);
  return {
    set,
    remove() {
      closeSync(descriptor);
      rmSync(file);
    },
  };
}

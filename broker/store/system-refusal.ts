/**
 * What the file system, or SQLite for it, has refused: no room, no permission, a file system that can only be read. The files are as
 * good as they were, so nobody is to move or remove one. Source: SQLite's result codes.
 */

const hintOfSystem = 'Give another directory, or make it one that this user may read and write and that has room.';

/** Each in the lowest byte of its extended codes: PERM, READONLY, IOERR, FULL, CANTOPEN, NOLFS, AUTH. */
const refusals: ReadonlySet<number> = new Set([3, 8, 10, 13, 14, 22, 23]);

/** What to do about it. @param otherwise where the cause is another, as what the files hold */
export function hintFor(cause: unknown, otherwise: string): string {
  const { syscall, errcode } = (cause ?? {}) as NodeJS.ErrnoException & { readonly errcode?: number };
  const isOfSystem = typeof syscall === 'string' || (errcode !== undefined && refusals.has(primaryCode(errcode)));
  return isOfSystem ? hintOfSystem : otherwise;
}

/** SQLite's code without what extends it. */
export function primaryCode(errcode: number): number {
  return errcode & 0xff;
}

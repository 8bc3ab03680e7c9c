/**
 * Pages of lists: a page costs what it looks at, never what the list holds, and it looks at a bounded number of entries
 * even when a filter lets few of them through (then it may be short and still have a successor). Tokens are cursors, opaque
 * to the caller, and belong to one list.
 * Source: reference http-api.md §3 (pagination), ambiguities.md A15 and A41.
 */
import { maxPageSize } from '../../protocol/limits.ts';
import type { Sequenced, SequenceList } from './sequence-list.ts';

export interface PageRequest {
  readonly nextToken?: string;
  readonly maxResults?: number;
}

export interface Page<Entry> {
  readonly entries: Entry[];
  readonly nextToken?: string;
}

/** Where an entry stands in its list: a sequence, or the sequences of a group and of a member of it. */
export type Cursor = readonly [number, number?];

export interface PageSource<Entry> {
  /** Which list it is: a token of another list is not valid here. */
  readonly list: string;
  /** Everything beyond the cursor, in the order of the list. Without a cursor: from the beginning. */
  readonly from: (cursor: Cursor | undefined) => Iterable<Entry>;
  readonly cursorOf: (entry: Entry) => Cursor;
  readonly matches?: (entry: Entry) => boolean;
}

/** Entries that one page looks at. */
const maxVisited = 5_000;

/** @returns `undefined` when the token is not one of this list. */
export function pageOf<Entry>(request: PageRequest, source: PageSource<Entry>): Page<Entry> | undefined {
  const cursor = request.nextToken === undefined ? undefined : readToken(source.list, request.nextToken);
  if (cursor === null) return undefined;
  const size = request.maxResults ?? maxPageSize;
  const entries: Entry[] = [];
  let visited = 0;
  let last: Entry | undefined;
  for (const entry of source.from(cursor)) {
    const matches = source.matches === undefined || source.matches(entry);
    if (last !== undefined && (visited === maxVisited || (matches && entries.length === size))) {
      return { entries, nextToken: writeToken(source.list, source.cursorOf(last)) };
    }
    if (matches) entries.push(entry);
    visited += 1;
    last = entry;
  }
  return { entries };
}

function writeToken(list: string, cursor: Cursor): string {
  return [list, ...cursor.map((sequence) => sequence?.toString(36))].join('.');
}

function readToken(list: string, token: string): Cursor | null {
  const match = /^([a-z-]+)\.([0-9a-z]{1,10})(?:\.([0-9a-z]{1,10}))?$/.exec(token);
  if (match?.[1] !== list) return null;
  const [, , first, second] = match;
  return second === undefined
    ? [Number.parseInt(first!, 36)]
    : [Number.parseInt(first!, 36), Number.parseInt(second, 36)];
}

/** The parts of a source that every list in order of creation has in common. */
export function inOrderOf<Entry extends Sequenced>(
  list: SequenceList<Entry>,
  order: 'oldest first' | 'newest first',
): Pick<PageSource<Entry>, 'from' | 'cursorOf'> {
  return {
    from: (cursor) => (order === 'oldest first' ? list.after(cursor?.[0] ?? 0) : list.before(cursor?.[0] ?? Infinity)),
    cursorOf: (entry) => [entry.sequence],
  };
}

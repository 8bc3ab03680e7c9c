/**
 * Pages of lists: a page costs what it looks at, never what the list holds, and it looks at a bounded number of entries
 * even when a filter lets few of them through (then it may be short and still have a successor). Tokens are cursors, opaque
 * to the caller, and belong to one list.
 * Source: reference http-api.md §3 (pagination), ambiguities.md A15 and A41.
 */
import type { Sequenced, SequenceList } from './sequence-list.ts';
import type { State } from './state.ts';

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
export function pageOf<Entry>(
  { profile }: Pick<State, 'profile'>,
  request: PageRequest,
  source: PageSource<Entry>,
): Page<Entry> | undefined {
  const cursor = request.nextToken === undefined ? undefined : readToken(source.list, request.nextToken);
  if (cursor === null) return undefined;
  const size = request.maxResults ?? profile.defaultPageSize;
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

/** The same for the lists that call a token a marker. */
export function markedPageOf<Entry>(
  state: Pick<State, 'profile'>,
  { marker, pageSize }: { readonly marker?: string; readonly pageSize?: number },
  source: PageSource<Entry>,
): { readonly entries: Entry[]; readonly nextMarker?: string } | undefined {
  const page = pageOf(state, { nextToken: marker, maxResults: pageSize }, source);
  return page && { entries: page.entries, nextMarker: page.nextToken };
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

/**
 * Jobs and executions, newest first. Where the profile wants them by status (A15), the list is gone through once for each
 * status, so that a page still looks at a bounded number of entries.
 */
export function newestFirst<Entry extends Sequenced, Status extends string>(
  { profile }: Pick<State, 'profile'>,
  list: SequenceList<Entry>,
  statuses: readonly Status[],
  statusOf: (entry: Entry) => Status,
  isWanted: (entry: Entry) => boolean,
): Omit<PageSource<Pass<Entry>>, 'list'> {
  const passes: readonly (Status | undefined)[] = profile.listOrder === 'by status' ? statuses : [undefined];
  return {
    *from([first = 0, before = Infinity] = [0]) {
      for (let pass = first; pass < passes.length; pass += 1) {
        for (const entry of list.before(pass === first ? before : Infinity)) yield { pass, entry };
      }
    },
    cursorOf: ({ pass, entry }) => [pass, entry.sequence],
    matches: ({ pass, entry }) => (passes[pass] === undefined || passes[pass] === statusOf(entry)) && isWanted(entry),
  };
}

/** An entry as it is come across in one of the passes through its list. */
interface Pass<Entry> {
  readonly pass: number;
  readonly entry: Entry;
}

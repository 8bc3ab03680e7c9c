/**
 * The table of rooms in ARCHITECTURE.md, read as data: what is printed there is what test/architecture.test.ts enforces. A row
 * is `room, pure or not | what lives there | may import | packages`. The words that a cell may use are those below; any other
 * word is an error, so that the table cannot say what nothing holds.
 */
export interface Room {
  /** Folder; a file belongs to the longest folder that matches. */
  readonly folder: string;
  readonly pure: boolean;
  /** Rooms whose values and types may be imported. */
  readonly uses: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly usesTypesOf: readonly string[];
  /** Packages and `node:` modules; `*` is any. */
  readonly packages: readonly string[];
}

/** `bench/` and `test/` may import anything, and nothing imports them: they have no row of arrows. */
export interface Rooms {
  readonly rooms: readonly Room[];
  readonly unbound: readonly string[];
}

export function parseRooms(page: string): Rooms {
  const rows = /^\| Room .*\n\|[ :|-]+\n((?:\|.*\n)+)/m.exec(page)?.[1];
  if (rows === undefined) throw new Error('ARCHITECTURE.md has no table that begins with "| Room"');
  const rooms: Room[] = [];
  const unbound: string[] = [];
  for (const row of rows.trim().split('\n')) {
    const [name = '', , imports = '', packages = ''] = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [, folder, kind] = /^`([\w/-]+?)\/(?:\*\.ts)?`( pure)?$/.exec(name) ?? [];
    if (folder === undefined) throw new Error(`ARCHITECTURE.md: "${name}" names no room`);
    if (imports === 'anything') unbound.push(folder);
    else rooms.push({ folder, pure: kind !== undefined, ...arrows(imports, rooms), packages: packagesIn(packages) });
  }
  // "all of broker" also means rooms below its row.
  const names = rooms.map((room) => room.folder);
  const complete = rooms.map((room) => ({ ...room, uses: room.uses.flatMap((use) => whole(use, names)) }));
  for (const { folder, uses, usesTypesOf } of complete) {
    const unknown = [...uses, ...usesTypesOf].find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`ARCHITECTURE.md: ${folder} may import "${unknown}", which is no room`);
  }
  return { rooms: complete, unbound };
}

function whole(use: string, names: readonly string[]): readonly string[] {
  const all = /^all of (\S+)$/.exec(use)?.[1];
  return all === undefined ? [use] : names.filter((name) => name === all || name.startsWith(`${all}/`));
}

function arrows(cell: string, above: readonly Room[]): Pick<Room, 'uses' | 'usesTypesOf'> {
  const words = listIn(cell);
  const types = words.filter((word) => word.startsWith('types of ')).map((word) => word.slice('types of '.length));
  const uses = words
    .filter((word) => !word.startsWith('types of '))
    .flatMap((word) => (word === 'everything above' ? above.map((room) => room.folder) : [word]));
  return { uses, usesTypesOf: types };
}

function packagesIn(cell: string): readonly string[] {
  return listIn(cell).map((word) => (word === 'any' ? '*' : word === 'node' ? 'node:' : word));
}

function listIn(cell: string): readonly string[] {
  return cell === '–' ? [] : cell.split(', ');
}

/**
 * The table of rooms in ARCHITECTURE.md, enforced: which room may import what, and what a pure room may not touch. Reads the
 * sources as text, so that a wrong arrow is named with file, line and how to mend it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Room, parseRooms } from './rooms.ts';

/** What a pure room may not name: time, chance, the process and everything asynchronous come in as values. */
const impure =
  /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process|performance|console|async|await|Promise|fetch)\b(?!\s*:)/;
const importOf =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/;

const root = resolve(import.meta.dirname, '..');
const { rooms, unbound } = parseRooms(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return []; // a room that is not built yet
  }
}

function roomOf(file: string): Room | undefined {
  return rooms
    .filter((room) => file.startsWith(`${room.folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** The text with comments and literals blanked, line by line, so that words in prose are not taken for code. */
function codeOnly(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g,
    (match) => match.replace(/[^\n]/g, ' '),
  );
}

interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(text: string): Import[] {
  const statements = text.replace(/^(import|export)\s+(type\s+)?\{[^}]*\}/gm, (match) => match.replace(/\s+/g, ' '));
  return statements.split('\n').flatMap((line, index) => {
    const match = importOf.exec(line);
    const specifier = match?.[2] ?? match?.[3];
    return specifier === undefined ? [] : [{ line: index + 1, specifier, typeOnly: match?.[1] !== undefined }];
  });
}

function objection(file: string, room: Room, found: Import): string | undefined {
  const { specifier, typeOnly } = found;
  if (!specifier.startsWith('.')) {
    const allowed = room.packages.some(
      (name) => name === '*' || (name === 'node:' ? specifier.startsWith('node:') : isPackage(specifier, name)),
    );
    return allowed ? undefined : `${room.folder}/ may not use the package ${specifier}: do it in an adapter room`;
  }
  const target = relative(root, resolve(root, dirname(file), specifier));
  if (target === 'package.json') return undefined;
  const other = roomOf(target);
  if (other === undefined) return `${target} is in no room: nothing imports test/, bench/ or the top level`;
  if (other.folder === room.folder || room.uses.includes(other.folder)) return undefined;
  if (typeOnly && room.usesTypesOf.includes(other.folder)) return undefined;
  return `${room.folder}/ may not import ${typeOnly ? 'types' : 'values'} of ${other.folder}/: move what both need to protocol/, or pass it in`;
}

function isPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** One circle for each way back that a walk through all files meets. */
function circlesIn(needs: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) for (const other of needs.get(file) ?? []) visit(other, [...way, file]);
    done.add(file);
  };
  for (const file of needs.keys()) visit(file, []);
  return circles;
}

/** Every source but for those of rooms that may import anything. */
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(?:\.|node_modules$|dist$|coverage$)/.test(entry.name))
  .map((entry) => entry.name)
  .filter((folder) => !unbound.includes(folder))
  .flatMap(sourcesIn);

describe('architecture', () => {
  it('sees the sources', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it('imports run one way only', () => {
    const wrong = files.flatMap((file) => {
      const room = roomOf(file);
      if (room === undefined) return [`${file}: belongs to no room`];
      return importsOf(readFileSync(join(root, file), 'utf8')).flatMap((found) => {
        const why = objection(file, room, found);
        return why === undefined ? [] : [`${file}:${found.line}: ${why}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('no file needs one that needs it, types included', () => {
    const needs = new Map(
      files.map((file) => [
        file,
        importsOf(readFileSync(join(root, file), 'utf8'))
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => relative(root, resolve(root, dirname(file), specifier))),
      ]),
    );
    expect(circlesIn(needs)).toEqual([]);
  });

  it('finds a circle and names its files', () => {
    const needs = { a: ['b'], b: ['c', 'd'], c: [], d: ['e'], e: ['b'], f: ['f'] };
    expect(circlesIn(new Map(Object.entries(needs)))).toEqual(['b → d → e → b', 'f → f']);
  });

  it('pure rooms know no clock, no chance, no process and nothing asynchronous', () => {
    const wrong = files
      .filter((file) => roomOf(file)?.pure)
      .flatMap((file) =>
        codeOnly(readFileSync(join(root, file), 'utf8'))
          .split('\n')
          .flatMap((line, index) => {
            const word = impure.exec(line)?.[0];
            return word === undefined
              ? []
              : [`${file}:${index + 1}: ${word} — a pure room gets it passed in as a value`];
          }),
      );
    expect(wrong).toEqual([]);
  });

  it('hears of an abort that came before it listened: nothing adds a bare listener', () => {
    const bare = /addEventListener\(\s*['"]abort['"]/;
    expect(files.filter((file) => bare.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('has no room without a name of its own', () => {
    const nameless = /(^|\/)(utils?|helpers?|common|misc|manager)(\.ts$|\/)/;
    expect(files.filter((file) => nameless.test(file))).toEqual([]);
  });

  it.each([
    ['a room that is none', '| `x/` | | everything | – |', '"everything", which is no room'],
    ['a room that comes later', '| `x/` | | y | – |\n| `y/` | | – | – |', undefined],
    ['a name without a folder', '| x | | – | – |', '"x" names no room'],
  ])('the table is read to the letter: %s', (_, rows, error) => {
    const page = `| Room | What | May import | Packages |\n|--|--|--|--|\n${rows}\n`;
    if (error === undefined) expect(parseRooms(page).rooms).toHaveLength(2);
    else expect(() => parseRooms(page)).toThrow(error);
  });

  it('finds a wrong arrow and an impure word when there is one', () => {
    const engine = roomOf('broker/engine/x.ts');
    const door = roomOf('broker/mqtt/x.ts');
    if (engine === undefined || door === undefined) throw new Error('rooms are missing');
    const [arrow] = importsOf("import {\n  a,\n} from '../mqtt/mqtt-door.ts';");
    expect(arrow && objection('broker/engine/x.ts', engine, arrow)).toContain('may not import values of broker/mqtt/');
    const [types] = importsOf("import type { Engine } from '../engine/contract.ts';");
    expect(types && objection('broker/mqtt/x.ts', door, types)).toBeUndefined();
    const [value] = importsOf("import { createEngine } from '../engine/engine.ts';");
    expect(value && objection('broker/mqtt/x.ts', door, value)).toContain('may not import values of broker/engine/');
    expect(impure.test(codeOnly("const a = 'Date'; // Promise"))).toBe(false);
    expect(impure.test(codeOnly('const now = Date.now();'))).toBe(true);
  });
});

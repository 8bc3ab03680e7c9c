/**
 * The map in ARCHITECTURE.md, enforced: which room may import what, and what a pure room may not touch. Reads the sources as
 * text, so that a wrong arrow is named with file, line and how to mend it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Room {
  /** Folder; a file belongs to the longest folder that matches. */
  readonly folder: string;
  readonly pure?: true;
  /** Rooms whose values and types may be imported. */
  readonly uses: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly usesTypesOf?: readonly string[];
  /** Packages and `node:` modules; `*` is any. */
  readonly packages: readonly string[];
}

const brokerRooms = ['broker', 'broker/engine', 'broker/store', 'broker/mqtt', 'broker/http'];
const agentRooms = ['agent', 'agent/core', 'agent/device', 'agent/board', 'agent/station', 'agent/zoo', 'agent/mqtt'];
const machines = ['agent/core', 'agent/device', 'agent/board', 'agent/station', 'agent/zoo', 'broker/engine'];
const rigRooms = ['rig/verdict', 'rig/scenario', 'rig/virtual', 'rig/live', 'rig/report'];
const everythingBelow = ['protocol', 'observation', 'faults', ...brokerRooms, ...agentRooms];

const rooms: readonly Room[] = [
  { folder: 'protocol', pure: true, uses: [], packages: [] },
  { folder: 'observation', pure: true, uses: ['protocol'], packages: [] },
  { folder: 'faults', pure: true, uses: ['protocol'], packages: ['pure-rand'] },
  { folder: 'broker/engine', pure: true, uses: ['protocol'], packages: [] },
  {
    folder: 'broker/store',
    uses: ['protocol'],
    usesTypesOf: ['broker/engine'],
    packages: ['@photostructure/sqlite', 'node:'],
  },
  {
    folder: 'broker/mqtt',
    uses: ['protocol', 'observation'],
    usesTypesOf: ['broker/engine'],
    packages: ['aedes', 'aedes-persistence', 'aedes-packet', 'mqtt-packet', 'ws', 'node:'],
  },
  {
    folder: 'broker/http',
    uses: ['protocol', 'observation'],
    usesTypesOf: ['broker/engine'],
    packages: ['hono', '@hono/node-server', '@smithy/signature-v4', 'send', 'node:'],
  },
  { folder: 'broker', uses: ['protocol', 'observation', 'faults', ...brokerRooms], packages: ['*'] },
  { folder: 'agent/core', pure: true, uses: ['protocol', 'observation'], packages: [] },
  { folder: 'agent/device', pure: true, uses: ['protocol', 'observation', 'faults'], packages: [] },
  {
    folder: 'agent/board',
    pure: true,
    uses: ['protocol', 'observation', 'faults', 'agent/core', 'agent/device'],
    packages: [],
  },
  {
    folder: 'agent/station',
    pure: true,
    uses: ['protocol', 'observation', 'faults', 'agent/core', 'agent/device', 'agent/board'],
    packages: [],
  },
  { folder: 'agent/zoo', pure: true, uses: ['observation', 'agent/core'], packages: [] },
  { folder: 'agent/mqtt', uses: ['protocol', 'faults'], packages: ['mqtt', 'node:'] },
  { folder: 'agent', uses: ['protocol', 'observation', 'faults', ...agentRooms], packages: ['p-queue', 'node:'] },
  {
    folder: 'rig/verdict',
    pure: true,
    uses: ['protocol', 'observation'],
    usesTypesOf: machines,
    packages: [],
  },
  {
    folder: 'rig/scenario',
    pure: true,
    uses: ['protocol', 'observation', 'faults', 'rig/verdict'],
    packages: ['zod', 'yaml'],
  },
  {
    folder: 'rig/virtual',
    pure: true,
    uses: ['protocol', 'observation', 'faults', ...machines, 'rig/verdict', 'rig/scenario'],
    packages: [],
  },
  {
    folder: 'rig/live',
    uses: [...everythingBelow, ...rigRooms],
    packages: ['yaml', 'zod', '@aws-sdk/client-iot', 'p-queue', 'execa', 'node:'],
  },
  { folder: 'rig/report', uses: [...everythingBelow, ...rigRooms], packages: ['node:'] },
  { folder: 'cli', uses: [...everythingBelow, ...rigRooms], packages: ['*'] },
];

/** What a pure room may not name: time, chance, the process and everything asynchronous come in as values. */
const impure =
  /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process|performance|console|async|await|Promise|fetch)\b/;
const importOf =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/;

const root = resolve(import.meta.dirname, '..');

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
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
  if (typeOnly && room.usesTypesOf?.includes(other.folder)) return undefined;
  return `${room.folder}/ may not import ${typeOnly ? 'types' : 'values'} of ${other.folder}/: move what both need to protocol/, or pass it in`;
}

function isPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}

const files = ['protocol', 'observation', 'faults', 'broker', 'agent', 'rig', 'cli'].flatMap(sourcesIn);

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

  it('has no room without a name of its own', () => {
    const nameless = /(^|\/)(utils?|helpers?|common|misc|manager)(\.ts$|\/)/;
    expect(files.filter((file) => nameless.test(file))).toEqual([]);
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

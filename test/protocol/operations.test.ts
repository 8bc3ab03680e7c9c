/**
 * The operation table against its two sources: the reference that it is generated from, and the schemas that AWS's own SDK
 * carries, which is how a change of the services will be noticed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as control from '@aws-sdk/client-iot';
import * as shadow from '@aws-sdk/client-iot-data-plane';
import * as data from '@aws-sdk/client-iot-jobs-data-plane';
import { describe, expect, it } from 'vitest';
import {
  type OperationEntry,
  type ServiceName,
  operationsOf,
  serviceNames,
  shapeOf,
} from '../../protocol/operations.ts';
import { testFolder } from '../support/folders.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the generated files', () => {
  it.each(['operations.json', ...serviceNames.map((service) => `${service}.ts`)])(
    '%s is what generate.mjs makes of the reference',
    (file) => {
      const folder = testFolder();
      try {
        execFileSync(process.execPath, [join(root, 'protocol/aws/generate.mjs'), folder]);
        expect(readFileSync(join(root, 'protocol/aws', file), 'utf8')).toBe(readFileSync(join(folder, file), 'utf8'));
      } finally {
      }
    },
  );
});

const sdks: Readonly<Record<ServiceName, Readonly<Record<string, unknown>>>> = {
  iot: control,
  'iot-jobs-data': data,
  'iot-data': shadow,
};

/** A schema of the SDK: `[kind, namespace, name, traits, …]`. */
type Schema = readonly unknown[];

function schemaOf(service: ServiceName, name: string): Schema {
  const schema = sdks[service][`${name}$`];
  if (!Array.isArray(schema)) throw new Error(`the SDK has no schema ${name}`);
  return schema;
}

/** Schemas refer to each other through functions, so that they may be recursive. */
function resolved(schema: unknown): unknown {
  return typeof schema === 'function' ? (schema as () => unknown)() : schema;
}

/** What the SDK knows of a member: its kind, and where in the request it stands. */
function memberOf(reference: unknown): { kind: string; place: string; schema: unknown } {
  const wrapped = Array.isArray(reference) && !isStructureLike(reference);
  const [schema, traits] = wrapped ? (reference as [unknown, unknown]) : [reference, 0];
  return { kind: kindOf(resolved(schema)), place: placeOf(traits), schema: resolved(schema) };
}

function placeOf(traits: unknown): string {
  if (traits === 1) return 'path';
  if (traits === 16) return 'payload';
  const { httpQuery, httpHeader } = traits as { readonly httpQuery?: string; readonly httpHeader?: string };
  if (httpQuery !== undefined) return 'query';
  return httpHeader === undefined ? 'body' : 'header';
}

function isStructureLike(schema: readonly unknown[]): boolean {
  return typeof schema[1] === 'string';
}

function kindOf(schema: unknown): string {
  // A type of its own for a plain one: `[0, namespace, name, traits, type]`.
  if (Array.isArray(schema) && schema[0] === 0) return kindOf(schema[4]);
  if (Array.isArray(schema)) return ['', 'list', 'map', 'structure'][Number(schema[0])] ?? 'unknown';
  const code = Number(schema);
  if (code >= 128) return 'map';
  if (code >= 64) return 'list';
  if (code >= 4 && code <= 7) return 'timestamp';
  if (code === 21) return 'string'; // a blob: JSON text, here
  return ['string', 'number', 'boolean'][code] ?? 'unknown';
}

function kindOfShape(service: ServiceName, name: string): string {
  const { type } = shapeOf(service, name);
  return type === 'integer' || type === 'long' || type === 'double' ? 'number' : type;
}

/** Compares a structure of the table with the SDK's, and what it is made of. */
function expectSameStructure(service: ServiceName, name: string, schema: Schema, seen = new Set<string>()): void {
  if (seen.has(name)) return;
  seen.add(name);
  const shape = shapeOf(service, name);
  if (shape.type !== 'structure') throw new Error(`${name} is a ${shape.type}`);
  const names = schema[4] as readonly string[];
  expect(Object.keys(shape.members).sort(), name).toEqual([...names].sort());
  names.forEach((member, index) => {
    const known = memberOf((schema[5] as readonly unknown[])[index]);
    const ours = shape.members[member]?.shape ?? '';
    expect(kindOfShape(service, ours), `${name}.${member}`).toBe(known.kind);
    if (known.kind === 'structure') expectSameStructure(service, ours, known.schema as Schema, seen);
    const element = shapeOf(service, ours);
    if (element.type === 'list' && Array.isArray(known.schema)) {
      const inner = resolved(known.schema[4]);
      if (kindOf(inner) === 'structure') expectSameStructure(service, element.member, inner as Schema, seen);
    }
  });
}

const operations = serviceNames.flatMap(operationsOf);
const named = operations.map((entry): [string, OperationEntry] => [`${entry.service} ${entry.name}`, entry]);

describe.each(named)('%s', (_, entry) => {
  const [, , , traits, input, output] = schemaOf(entry.service, entry.name);
  const request = resolved(input) as Schema;

  it('has the method and path of the SDK', () => {
    expect(traits).toEqual({ http: [entry.method, entry.uri, 200] });
  });

  it('takes and gives the members of the SDK, of the same types', () => {
    expectSameStructure(entry.service, entry.requestShape, request);
    const response = resolved(output);
    if (entry.responseShape === undefined) expect(response).toBe('unit');
    else expectSameStructure(entry.service, entry.responseShape, response as Schema);
  });

  it('finds each member where the SDK puts it', () => {
    const places = Object.entries(entry.request).flatMap(([place, members]) =>
      members.map(({ name }): [string, string] => [name, place]),
    );
    const known = (request[4] as readonly string[]).map((name, index): [string, string] => [
      name,
      memberOf((request[5] as readonly unknown[])[index]).place,
    ]);
    expect(Object.fromEntries(places)).toEqual(Object.fromEntries(known));
  });

  it('names errors with the statuses of the SDK', () => {
    for (const [exception, status] of Object.entries(entry.errors)) {
      expect(schemaOf(entry.service, exception)[3], exception).toMatchObject({ httpError: status });
    }
  });
});

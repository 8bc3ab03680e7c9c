/** What an update makes of a shadow document, as laws and as a table; and that rows are all that a shadow is. */
import { array, assert, constantFrom, dictionary, letrec, oneof, property, record } from 'fast-check';
import type { JsonObject } from '../../protocol/json.ts';
import { describe, expect, it } from 'vitest';
import {
  deltaOf,
  emptyDocument,
  updatedDocument,
  type ShadowPatch,
} from '../../broker/engine/shadow/shadow-document.ts';
import { rowsOf, Rows, World } from './world.ts';

const at = 1_700_000_000;

function reported(...patches: readonly string[]): unknown {
  const document = patches.reduce(
    (before, patch, index) => updatedDocument(before, { reported: JSON.parse(patch) as JsonObject }, at + index),
    emptyDocument,
  );
  return [document.state.reported, document.metadata.reported];
}

const t = (timestamp: number): object => ({ timestamp: at + timestamp });

describe('an update of a section', () => {
  it.each<readonly [string, readonly string[], unknown, unknown]>([
    ['adds members', ['{"a":1}', '{"b":2}'], { a: 1, b: 2 }, { a: t(0), b: t(1) }],
    ['merges objects', ['{"a":{"b":1,"c":2}}', '{"a":{"c":3}}'], { a: { b: 1, c: 3 } }, { a: { b: t(0), c: t(1) } }],
    ['replaces arrays whole', ['{"a":[1,2]}', '{"a":[3]}'], { a: [3] }, { a: [t(1)] }],
    ['times what is in arrays', ['{"a":[{"b":1},[2]]}'], { a: [{ b: 1 }, [2]] }, { a: [{ b: t(0) }, [t(0)]] }],
    ['puts an object in the place of a value', ['{"a":1}', '{"a":{"b":2}}'], { a: { b: 2 } }, { a: { b: t(1) } }],
    ['puts a value in the place of an object', ['{"a":{"b":2}}', '{"a":1}'], { a: 1 }, { a: t(1) }],
    [
      'knows a member called timestamp',
      ['{"timestamp":1}', '{"timestamp":{"timestamp":2}}'],
      { timestamp: { timestamp: 2 } },
      { timestamp: { timestamp: t(1) } },
    ],
    ['removes what is null', ['{"a":1,"b":2}', '{"a":null}'], { b: 2 }, { b: t(0) }],
    ['removes what is not there', ['{"a":1}', '{"b":null,"c":{"d":null}}'], { a: 1 }, { a: t(0) }],
    ['leaves no empty objects', ['{"a":{"b":1},"c":1}', '{"a":{"b":null}}'], { c: 1 }, { c: t(0) }],
    ['leaves no empty section', ['{"a":1}', '{"a":null}'], undefined, undefined],
    ['keeps what an empty object names', ['{"a":{"b":1}}', '{"a":{}}'], { a: { b: 1 } }, { a: { b: t(0) } }],
    [
      'takes false, zero and empty texts as values',
      ['{"a":false,"b":0,"c":""}'],
      { a: false, b: 0, c: '' },
      { a: t(0), b: t(0), c: t(0) },
    ],
  ])('%s: %j', (_what, patches, state, metadata) => {
    expect(reported(...patches)).toEqual([state, metadata]);
  });

  it('takes any name for a member, those of every object too', () => {
    const [state, metadata] = reported(
      '{"__proto__":{"a":1},"constructor":2,"toString":{"b":3}}',
      '{"__proto__":{"c":4}}',
    ) as object[];
    expect(JSON.stringify(state)).toBe('{"__proto__":{"a":1,"c":4},"constructor":2,"toString":{"b":3}}');
    const [first, second] = [`{"timestamp":${at}}`, `{"timestamp":${at + 1}}`];
    expect(JSON.stringify(metadata)).toBe(
      `{"__proto__":{"a":${first},"c":${second}},"constructor":${first},"toString":{"b":${first}}}`,
    );
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

const names = constantFrom('a', 'b', 'c', '__proto__', 'timestamp');
const { section } = letrec<{ value: unknown; section: Record<string, unknown> }>((tie) => ({
  value: oneof({ depthSize: 'small' }, constantFrom(null, 0, 1, 'x', true, [1], [{ a: 1 }]), tie('section')),
  section: dictionary(names, tie('value'), { maxKeys: 4 }),
}));
const patches = array(record<ShadowPatch>({ desired: section, reported: section }, { requiredKeys: [] }), {
  maxLength: 6,
});

/** As a door hands it over: `__proto__` is an own member. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

const applied = (given: readonly ShadowPatch[]) =>
  plain(given).reduce((document, patch) => updatedDocument(document, patch, at), emptyDocument);

/** The paths of a value's leaves. */
function paths(value: unknown, isLeaf: (object: object) => boolean): string[] {
  if (typeof value !== 'object' || value === null || isLeaf(value)) return [''];
  return Object.entries(value).flatMap(([name, member]) => paths(member, isLeaf).map((path) => `${name}/${path}`));
}

const isTime = (object: object): boolean => typeof (object as { timestamp?: unknown }).timestamp === 'number';

describe('whatever is updated', () => {
  it('every leaf has its time, and nothing else has', () => {
    assert(
      property(patches, (given) => {
        const { state, metadata } = applied(given);
        expect(paths(metadata, isTime).sort()).toEqual(paths(state, () => false).sort());
      }),
    );
  });

  it('the same again changes no value, and null takes it all back', () => {
    assert(
      property(patches, (given) => {
        const document = applied(given);
        expect(plain(updatedDocument(document, document.state, at).state)).toEqual(plain(document.state));
        expect(updatedDocument(document, null, at)).toEqual(emptyDocument);
        expect(updatedDocument(document, { desired: null, reported: null }, at)).toEqual(emptyDocument);
      }),
    );
  });

  it('reporting the delta leaves none, and none is left before there is nothing to report', () => {
    assert(
      property(patches, (given) => {
        const document = applied(given);
        const delta = deltaOf(document);
        if (delta === undefined) return;
        expect(Object.keys(delta.state).length).toBeGreaterThan(0);
        const after = updatedDocument(document, { reported: delta.state }, at);
        expect(deltaOf(after)).toBeUndefined();
      }),
    );
  });
});

const update = (shadowName: string | undefined, state: object) => ({
  thingName: 'lamp',
  ...(shadowName !== undefined && { shadowName }),
  payload: JSON.stringify({ state }),
});

describe('shadows', () => {
  it('come back from their rows, with the versions of those that were deleted', () => {
    const world = new World();
    const kept = new Rows();
    const run = (...command: Parameters<World['apply']>) => kept.keep(world.apply(...command).changes);
    run('iot:UpdateThingShadow', update(undefined, { reported: { a: 1 } }));
    run('iot:UpdateThingShadow', update('config', { desired: { a: 1 } }));
    run('iot:UpdateThingShadow', update('gone', { desired: { a: 1 } }));
    run('iot:DeleteThingShadow', { thingName: 'lamp', shadowName: 'gone' });
    expect(kept.all()).toEqual(rowsOf(world.engine));
    const again = new World(kept.all(), world.now);
    expect(again.ok('iot:GetThingShadow', { thingName: 'lamp' })).toEqual(
      world.ok('iot:GetThingShadow', { thingName: 'lamp' }),
    );
    const { payload = '' } = again.ok('iot:UpdateThingShadow', update('gone', {}));
    expect(JSON.parse(payload)).toMatchObject({ version: 3 });
  });

  it('are listed by name, without the classic one and the deleted ones, page by page', () => {
    const world = new World();
    for (const shadowName of [undefined, 'c', 'a', '$b', 'd', 'gone']) {
      world.ok('iot:UpdateThingShadow', update(shadowName, {}));
    }
    world.ok('iot:DeleteThingShadow', { thingName: 'lamp', shadowName: 'gone' });
    const timestamp = world.now / 1000;
    const list = { thingName: 'lamp', pageSize: 3 };
    expect(world.ok('iot:ListNamedShadowsForThing', { thingName: 'lamp' })).toEqual({
      results: ['$b', 'a', 'c', 'd'],
      timestamp,
    });
    const first = world.ok('iot:ListNamedShadowsForThing', list);
    expect(first).toMatchObject({ results: ['$b', 'a', 'c'], nextToken: expect.any(String) as string });
    expect(world.ok('iot:ListNamedShadowsForThing', { ...list, nextToken: first.nextToken })).toEqual({
      results: ['d'],
      timestamp,
    });
    expect(world.ok('iot:ListNamedShadowsForThing', { thingName: 'door' })).toEqual({ results: [], timestamp });
    expect(world.refused('iot:ListNamedShadowsForThing', { ...list, nextToken: 'x' })).toMatchObject({
      code: 'InvalidRequest',
    });
  });

  it('outlive their thing, and are not needed by it', () => {
    const world = new World();
    world.things('lamp');
    world.ok('iot:UpdateThingShadow', update(undefined, { reported: { a: 1 } }));
    world.ok('iot:DeleteThing', { thingName: 'lamp' });
    expect(world.ok('iot:GetThingShadow', { thingName: 'lamp' }).payload).toContain('"a":1');
  });
});

function codeOf(payload: object): string {
  const { reply } = new World().apply('iot:UpdateThingShadow', { thingName: 't', payload: JSON.stringify(payload) });
  return reply.accepted ? 'accepted' : reply.code;
}

/** Its text has so many bytes: braces, quotes, a colon and a name beside the value. */
function sectionOf(bytes: number): JsonObject {
  return { a: 'x'.repeat(bytes - '{"a":""}'.length) };
}

describe('an update of a shadow', () => {
  it('may have 8 KiB, of both sections together', () => {
    const all = 8 * 1024;
    expect([all, all + 1].map((bytes) => codeOf({ state: { desired: sectionOf(bytes) } }))).toEqual([
      'accepted',
      'RequestEntityTooLarge',
    ]);
    expect(
      [all, all + 1].map((bytes) => codeOf({ state: { desired: sectionOf(bytes - 1000), reported: sectionOf(1000) } })),
    ).toEqual(['accepted', 'RequestEntityTooLarge']);
  });

  it('may have a token of 64 bytes', () => {
    const state = { desired: { a: 1 } };
    expect([64, 65].map((length) => codeOf({ state, clientToken: 'x'.repeat(length) }))).toEqual([
      'accepted',
      'InvalidRequest',
    ]);
  });

  it.each(['{"a":[null]}', '{"a":[1,[null]]}', '{"a":{"b":[{"c":[null]}]}}'])('has no null in an array: %s', (text) => {
    expect(codeOf({ state: { reported: JSON.parse(text) as JsonObject } })).toBe('InvalidRequest');
  });

  it.each(['{"a":null}', '{"a":[1,{"b":2}]}', '{"a":{"b":null}}'])('may have %s', (text) => {
    expect(codeOf({ state: { reported: JSON.parse(text) as JsonObject } })).toBe('accepted');
  });

  it('tells of what is to be done with the times at which it was desired', () => {
    const desired = updatedDocument(emptyDocument, { desired: { a: 1, b: { c: 2, d: 3 } } }, at);
    const document = updatedDocument(desired, { reported: { b: { c: 2 } } }, at + 1);
    expect(deltaOf(document)).toEqual({ state: { a: 1, b: { d: 3 } }, metadata: { a: t(0), b: { d: t(0) } } });
  });
});

/**
 * Device shadows, whichever door they are asked through: get, update and delete told as stories against the real engine. A
 * refusal has a code, which is a number over MQTT and the status over HTTP, and a text (reference
 * shadow-and-provisioning.md §1).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../broker/engine/engine.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { createRuntime, type Runtime } from '../../broker/runtime.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

export interface ShadowAsk {
  readonly operation: 'get' | 'update' | 'delete';
  readonly thingName: string;
  readonly shadowName?: string;
  readonly payload?: string | Buffer;
}

export type ShadowAnswer =
  { readonly accepted: Readonly<Record<string, unknown>> } | { readonly code: number; readonly message: string };

export interface ShadowDoor {
  ask(request: ShadowAsk): Promise<ShadowAnswer>;
  close(): Promise<void>;
}

const startedAt = 1_700_000_000_000;
const seconds = startedAt / 1000;
const hour = 3_600_000;

/** A value that fills half of what a shadow may hold. */
const half = (letter: string): string => letter.repeat(8192 / 2 - '{"a":""}'.length);

export function shadowContract(openDoor: (port: ServicePort) => Promise<ShadowDoor>): void {
  let clock: ManualClock;
  let runtime: Runtime;
  let door: ShadowDoor;
  let said: { readonly topic: string; readonly payload: unknown }[];

  beforeEach(async () => {
    clock = createManualClock(startedAt);
    const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
    runtime = createRuntime({ engine, clock });
    door = await openDoor(runtime);
    said = [];
    runtime.onEffect((effect) => {
      if (effect.kind !== 'event') return;
      said.push({ topic: effect.topic, payload: JSON.parse(JSON.stringify(effect.payload)) as unknown });
    });
  });

  afterEach(async () => {
    await door.close();
    await runtime.close();
  });

  describe.each([
    ['the classic shadow', undefined, "No shadow exists with name: 'lamp'", '$aws/things/lamp/shadow'],
    ['a named shadow', 'config', "No shadow exists with name: 'config'", '$aws/things/lamp/shadow/name/config'],
    ['a shadow named $a:_-', '$a:_-', "No shadow exists with name: '$a:_-'", '$aws/things/lamp/shadow/name/$a:_-'],
  ])('%s', (_what, shadowName, missing, space) => {
    const about = { thingName: 'lamp', ...(shadowName !== undefined && { shadowName }) };
    const get = () => door.ask({ operation: 'get', ...about });
    const update = (request: unknown) =>
      door.ask({
        operation: 'update',
        ...about,
        payload: typeof request === 'string' ? request : JSON.stringify(request),
      });
    const remove = () => door.ask({ operation: 'delete', ...about });

    it('is not there before it is updated', async () => {
      expect(await get()).toEqual({ code: 404, message: missing });
      expect(await remove()).toEqual({ code: 404, message: missing });
      expect(said).toEqual([]);
    });

    it('is made by an update, which is answered with what it named', async () => {
      const state = { reported: { version: '1.0.0' } };
      const metadata = { reported: { version: { timestamp: seconds } } };
      expect(await update({ state, clientToken: 't-1', other: 'dropped' })).toEqual({
        accepted: { state, metadata, version: 1, timestamp: seconds, clientToken: 't-1' },
      });
      expect(said).toEqual([
        {
          topic: `${space}/update/accepted`,
          payload: { state, metadata, version: 1, timestamp: seconds, clientToken: 't-1' },
        },
        {
          topic: `${space}/update/documents`,
          payload: {
            previous: null,
            current: { state, metadata, version: 1 },
            timestamp: seconds,
            clientToken: 't-1',
          },
        },
      ]);
      expect(await get()).toEqual({ accepted: { state, metadata, version: 1, timestamp: seconds } });
    });

    it('tells what is desired and not reported, with each update until nothing is left', async () => {
      await update({ state: { reported: { led: 'off', level: 3 } } });
      clock.advance(5000);
      said.length = 0;
      await update({ state: { desired: { led: 'on', level: 3, mode: { fast: true } } }, clientToken: 't-2' });
      const timestamp = seconds + 5;
      const state = { led: 'on', mode: { fast: true } };
      const metadata = { led: { timestamp }, mode: { fast: { timestamp } } };
      expect(said.map(({ topic }) => topic)).toEqual([
        `${space}/update/accepted`,
        `${space}/update/documents`,
        `${space}/update/delta`,
      ]);
      expect(said[2]!.payload).toEqual({ version: 2, timestamp, state, metadata, clientToken: 't-2' });
      clock.advance(1000);
      expect(await get()).toEqual({
        accepted: {
          state: {
            desired: { led: 'on', level: 3, mode: { fast: true } },
            reported: { led: 'off', level: 3 },
            delta: state,
          },
          metadata: {
            desired: { led: { timestamp }, level: { timestamp }, mode: { fast: { timestamp } } },
            reported: { led: { timestamp: seconds }, level: { timestamp: seconds } },
          },
          version: 2,
          timestamp: timestamp + 1,
        },
      });
      said.length = 0;
      await update({ state: { reported: { led: 'on' } } });
      expect(said[2]).toEqual({
        topic: `${space}/update/delta`,
        payload: {
          version: 3,
          timestamp: timestamp + 1,
          state: { mode: { fast: true } },
          metadata: { mode: { fast: { timestamp } } },
        },
      });
      said.length = 0;
      await update({ state: { reported: { mode: { fast: true } } } });
      expect(said.map(({ topic }) => topic)).toEqual([`${space}/update/accepted`, `${space}/update/documents`]);
    });

    it('takes an update for the version that it has, and no other', async () => {
      await update({ state: { reported: { step: 1 } } });
      said.length = 0;
      const stale = await update({ state: { reported: { step: 3 } }, version: 2 });
      expect(stale).toEqual({ code: 409, message: 'Version conflict' });
      expect(said).toEqual([]);
      expect(await update({ state: { reported: { step: 2 } }, version: 1 })).toMatchObject({
        accepted: { version: 2 },
      });
      expect(await get()).toMatchObject({ accepted: { state: { reported: { step: 2 } }, version: 2 } });
    });

    it('counts an update that changes nothing', async () => {
      await update({ state: { reported: { step: 1 } } });
      expect(await update({ state: { reported: { step: 1 } } })).toMatchObject({ accepted: { version: 2 } });
      expect(await update({ state: {} })).toMatchObject({ accepted: { state: {}, metadata: {}, version: 3 } });
    });

    it('loses members and sections that are set to null, and not itself', async () => {
      await update({ state: { desired: { a: 1, b: { c: 2, d: 3 } }, reported: { e: 4 } } });
      expect(await update({ state: { desired: { a: null, b: { c: null } } } })).toMatchObject({
        accepted: { state: { desired: { a: null, b: { c: null } } }, metadata: {} },
      });
      expect(await get()).toMatchObject({ accepted: { state: { desired: { b: { d: 3 } }, reported: { e: 4 } } } });
      await update({ state: { desired: null } });
      const { state, metadata } = ((await get()) as { accepted: Record<string, unknown> }).accepted;
      expect({ state, metadata }).toEqual({
        state: { reported: { e: 4 } },
        metadata: { reported: { e: { timestamp: seconds } } },
      });
      await update({ state: null });
      expect(await get()).toEqual({ accepted: { state: {}, metadata: {}, version: 4, timestamp: seconds } });
    });

    it('goes when it is deleted; one of the same name goes on with its version for two days', async () => {
      await update({ state: { reported: { step: 1 } } });
      await update({ state: { reported: { step: 2 } } });
      said.length = 0;
      expect(await remove()).toEqual({ accepted: { version: 2, timestamp: seconds } });
      expect(said).toEqual([{ topic: `${space}/delete/accepted`, payload: { version: 2, timestamp: seconds } }]);
      expect(await get()).toEqual({ code: 404, message: missing });
      clock.advance(48 * hour - 1);
      said.length = 0;
      expect(await update({ state: { reported: { step: 1 } } })).toMatchObject({ accepted: { version: 4 } });
      expect(said[1]!.payload).toMatchObject({ previous: null });
      await remove();
      clock.advance(48 * hour);
      expect(await update({ state: { reported: { step: 1 } } })).toMatchObject({ accepted: { version: 1 } });
    });

    it.each([
      ['', 'Invalid JSON'],
      ['{"state":', 'Invalid JSON'],
      ['[]', 'Invalid JSON'],
      ['{}', 'Missing required node: state'],
      ['{"state":1}', 'State node must be an object'],
      ['{"state":[]}', 'State node must be an object'],
      ['{"state":{"desired":"on"}}', 'Desired node must be an object'],
      ['{"state":{"reported":[1]}}', 'Reported node must be an object'],
      ['{"state":{"delta":{}}}', 'State contains an invalid node'],
      ['{"state":{"reported":{"a":[1,null]}}}', 'State contains an invalid node'],
      ['{"state":{},"version":"two"}', 'Invalid version'],
      ['{"state":{},"version":1.5}', 'Invalid version'],
      ['{"state":{},"clientToken":7}', 'Invalid clientToken'],
      [`{"state":{},"clientToken":"${'é'.repeat(33)}"}`, 'Invalid clientToken'],
      [
        '{"state":{"desired":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}}}',
        'JSON contains too many levels of nesting; maximum is 6',
      ],
    ])('refuses %s: %s', async (payload, message) => {
      await update({ state: { reported: { step: 1 } } });
      said.length = 0;
      expect(await update(payload)).toEqual({ code: 400, message });
      expect(said).toEqual([]);
      expect(await get()).toMatchObject({ accepted: { version: 1, state: { reported: { step: 1 } } } });
    });

    it('refuses what is not UTF-8', async () => {
      const payload = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
      expect(await door.ask({ operation: 'update', ...about, payload })).toEqual({
        code: 415,
        message: 'Unsupported documented encoding; supported encoding is UTF-8',
      });
    });

    it('holds 8 KB of state, counted after the merge and without metadata', async () => {
      expect(await update({ state: { desired: { a: half('x') } } })).toMatchObject({ accepted: { version: 1 } });
      expect(await update({ state: { reported: { a: half('y') } } })).toMatchObject({ accepted: { version: 2 } });
      const tooLarge = { code: 413, message: 'The payload exceeds the maximum size allowed' };
      expect(await update({ state: { reported: { b: 1 } } })).toEqual(tooLarge);
      expect(await update({ state: { desired: null, reported: { b: 1 } } })).toMatchObject({
        accepted: { version: 3 },
      });
    });

    it('is no other thing’s, and no other shadow', async () => {
      await update({ state: { reported: { step: 1 } } });
      const others = [
        { ...about, thingName: 'door' },
        { ...about, shadowName: 'other' },
      ];
      for (const other of others) expect(await door.ask({ operation: 'get', ...other })).toMatchObject({ code: 404 });
    });
  });

  it.each(['a b', 'n'.repeat(65), 'ü'])('refuses the shadow name %s', async (shadowName) => {
    const answer = await door.ask({ operation: 'get', thingName: 'lamp', shadowName });
    expect(answer).toMatchObject({ code: 400 });
  });
}

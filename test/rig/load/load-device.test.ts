/** A thing of a load whose service says nothing: it gives up, says why, and comes back. */
import { generate } from 'mqtt-packet';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FleetCounts } from '../../../rig/load/fleet-counts.ts';
import type { LineListener, OpenLine } from '../../../rig/load/line.ts';
import { LoadDevice } from '../../../rig/load/load-device.ts';
import { workOf } from '../../../rig/load/job-document.ts';
import { createLoadFleet } from '../../../rig/load/load-fleet.ts';

const connack = Buffer.from([0x20, 2, 0, 0]);
const suback = Buffer.from([0x90, 5, 0, 1, 1, 1, 1]);
const pong = Buffer.from([0xd0, 0]);
function published(topic: string, payload: string): Buffer {
  return generate({
    cmd: 'publish',
    topic: `$aws/things/thing-1/jobs/${topic}`,
    payload,
    qos: 0,
    dup: false,
    retain: false,
  });
}

/** Of what it asks first. */
const nothing = published('start-next/accepted', '{"timestamp":1}');

function deviceOn(told: LineListener[]) {
  const counts = new FleetCounts();
  const dropped: number[] = [];
  const written: string[] = [];
  const settled: (string | undefined)[] = [];
  let now = 0;
  const write = (bytes: Buffer): boolean => written.push(bytes.toString('latin1')) > 0;
  const open: OpenLine = (_index, listener) => {
    const place = told.push(listener) - 1;
    return { write, end() {}, drop: () => void dropped.push(place) };
  };
  const device = new LoadDevice(0, 'thing-1', {
    counts,
    open,
    keepAliveSeconds: 20,
    reconnectMs: 0,
    chance: () => 0,
    now: () => now,
    intendedAt: () => undefined,
    settled: (failure) => settled.push(failure),
  });
  const look = (at: number): void => {
    now = at;
    device.look(at);
  };
  return { device, counts, dropped, written, settled, look };
}

describe('a thing whose service says nothing', () => {
  it.each<[string, readonly Buffer[], readonly number[], string]>([
    ['to its connection', [], [19_000, 20_001], 'connect failed: no CONNACK for 20 s'],
    ['to its subscriptions', [connack], [19_000, 20_001], 'connect failed: no SUBACK for 20 s'],
    ['to its ping', [connack, suback, nothing], [15_001, 25_000, 25_002], 'disconnected: no PINGRESP for 10 s'],
  ])('%s gives the connection up, and comes back', async (_, answers, looks, failure) => {
    const told: LineListener[] = [];
    const { device, counts, dropped, settled, look } = deviceOn(told);
    device.connect();
    told[0]!.opened();
    for (const answer of answers) told[0]!.received(answer);
    for (const at of looks.slice(0, -1)) {
      look(at);
      expect(counts.report(false).failures).toEqual({});
    }
    look(looks.at(-1)!);
    expect(counts.report(false).failures).toEqual({ [failure]: 1 });
    expect(dropped).toEqual([0]);
    expect(settled).toHaveLength(1);
    await expect.poll(() => told.length).toBe(2);
    device.close();
  });

  it.each([
    [true, undefined, 3],
    [false, 'ECONNRESET', 1],
  ])('where the first is refused at a service of its own (%s) a fleet says %s', async (isOwnService, said, tried) => {
    const told: LineListener[] = [];
    const open: OpenLine = (index, listener) => {
      told.push(listener);
      setImmediate(() =>
        index === 0 ? listener.gone('ECONNRESET') : listener.received(Buffer.concat([connack, suback])),
      );
      return { write: () => true, end() {}, drop() {} };
    };
    const fleet = createLoadFleet({
      first: 0,
      count: 3,
      prefix: 'thing-',
      connectRate: 1000,
      attempts: 10,
      keepAliveMs: 0,
      reconnectMs: 10_000,
      seed: 1,
      isOwnService,
      open,
      now: () => 0,
    });
    expect(await fleet.connect()).toBe(said);
    expect(told).toHaveLength(tried);
    await fleet.close();
  });

  it('keeps a connection whose pings are answered', () => {
    const told: LineListener[] = [];
    const { device, counts, dropped, look } = deviceOn(told);
    device.connect();
    told[0]!.opened();
    for (const answer of [connack, suback, nothing]) told[0]!.received(answer);
    for (const at of [15_001, 31_000, 47_000, 63_000]) {
      look(at);
      told[0]!.received(pong);
    }
    expect(dropped).toEqual([]);
    expect(counts.connected).toBe(1);
    device.close();
  });
});

describe('a thing that its service refuses', () => {
  afterEach(() => void vi.useRealTimers());

  it.each(['ResourceNotFound', 'InvalidRequest', 'RequestThrottled'])(
    'with %s asks again after longer and longer pauses',
    async (code) => {
      vi.useFakeTimers();
      const told: LineListener[] = [];
      const { device, written } = deviceOn(told);
      const asked = (): number => written.filter((bytes) => bytes.includes('/start-next')).length;
      device.connect();
      told[0]!.opened();
      for (const answer of [connack, suback]) told[0]!.received(answer);
      await vi.advanceTimersByTimeAsync(0);
      const before = asked();
      for (let second = 0; second < 60; second += 0.01) {
        if (written.at(-1)?.includes('/start-next'))
          told[0]!.received(published('start-next/rejected', `{"code":"${code}"}`));
        written.push('');
        await vi.advanceTimersByTimeAsync(10);
      }
      expect(before).toBeGreaterThan(0);
      expect(asked() - before).toBeGreaterThan(5);
      expect(asked() - before).toBeLessThan(20);
      device.close();
    },
  );
});

describe('a thing whose service says what it does not say', () => {
  const accepted = 'start-next/accepted';
  const job = { jobId: 'j', versionNumber: 1 };

  it.each([
    [accepted, '{{{'],
    [accepted, 'null'],
    [accepted, '[]'],
    [accepted, '{"execution":null}'],
    [accepted, '{"execution":{"versionNumber":1}}'],
    [accepted, '{"execution":{"jobId":"j"}}'],
    ['start-next/rejected', 'no'],
    ['start-next/rejected', '{"code":7}'],
    ['notify-next', '{{{'],
    ['notify-next', '{"execution":[]}'],
  ])('%s %s drops it, and asks again in time', (topic, text) => {
    const told: LineListener[] = [];
    const { device, counts, look } = deviceOn(told);
    device.connect();
    told[0]!.opened();
    for (const answer of [connack, suback, published(topic, text)]) told[0]!.received(answer);
    expect(counts.report(false)).toMatchObject({ failures: { 'malformed message': 1 }, jobs: {} });
    look(10_001);
    told[0]!.received(published(accepted, JSON.stringify({ execution: job })));
    expect(counts.job('j')).toMatchObject({ started: 1 });
    expect(counts.connected).toBe(1);
    device.close();
  });

  it.each([
    [{ updates: 'many', pauseMs: 'long', holds: 'yes' }],
    [{ updates: 1e9, pauseMs: 1e12 }],
    [{ updates: -1, pauseMs: Number.MAX_VALUE, holds: 1 }],
    [{ updates: null, pauseMs: [] }],
    [{}],
    [undefined],
  ])('works a job whose document means something else by our words as any other: %j', (document) => {
    expect(workOf(document)).toEqual({ updates: 3, pauseMs: 0, holds: false });
  });
});

/** The hardware on its own: what a power cut leaves, what fits, what boots. */
import { readFileSync, readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootLoader, type SlotImage } from '../../agent/device/boot-loader.ts';
import { Device } from '../../agent/device/device.ts';
import { honestOrigin } from '../../agent/device/image.ts';
import { SlotFlash } from '../../agent/device/flash.ts';
import { MemoryBudget } from '../../agent/device/memory.ts';
import { NonVolatileRecord } from '../../agent/device/non-volatile-record.ts';
import { assumedFigures, freeForJobs, parseHardwareProfile } from '../../agent/device/profile.ts';
import { seededChance } from '../../faults/chance.ts';
import { hardware } from '../support/virtual-world.ts';

const profile = hardware('esp32-s3');
const { flash: geometry } = profile;
const digest = 'd'.repeat(64);
const counters = () => ({ erases: 0, wear: 0 });
const pace = { eraseSectorMs: 45, programPageMs: 0.4 };

describe('flash', () => {
  const sizeBytes = 32_768;
  const whole = { offset: 0, bytes: sizeBytes, content: digest, eraseBytes: sizeBytes };

  it('holds an image that was written whole, and no other', () => {
    const flash = new SlotFlash(geometry, counters());
    flash.write(whole, pace);
    expect(flash.holds(digest, sizeBytes)).toBe(true);
    expect(flash.holds(digest, sizeBytes + 1)).toBe(false);
    expect(flash.holds('e'.repeat(64), sizeBytes)).toBe(false);
  });

  it('never holds an image whose write was cut, and erases no more than the image covers', () => {
    const fullMs = new SlotFlash(geometry, counters()).writeMs(whole, pace);
    fc.assert(
      fc.property(fc.double({ min: 0, max: fullMs, maxExcluded: true, noNaN: true }), (elapsedMs) => {
        const seen = counters();
        const flash = new SlotFlash(geometry, seen);
        flash.write(whole, pace, elapsedMs);
        expect(flash.holds(digest, sizeBytes)).toBe(false);
        expect(seen.erases).toBeLessThanOrEqual(sizeBytes / geometry.sectorBytes);
      }),
    );
  });

  it('holds an image again after a cut write was repeated, wherever it was cut', () => {
    const segments = [0, 16_384].map((offset) => ({
      offset,
      bytes: 16_384,
      content: digest,
      eraseBytes: 16_384,
    }));
    fc.assert(
      fc.property(fc.nat(1), fc.double({ min: 0, max: 250, noNaN: true }), (cut, elapsedMs) => {
        const flash = new SlotFlash(geometry, counters());
        for (const [index, segment] of segments.entries()) {
          if (index === cut) flash.write(segment, pace, elapsedMs);
          flash.write(segment, pace);
        }
        expect(flash.holds(digest, sizeBytes)).toBe(true);
      }),
    );
  });

  it('refuses what lies outside the slot, starts inside a sector or is worn out', () => {
    const flash = new SlotFlash({ ...geometry, enduranceErases: 2 }, counters());
    expect(flash.canWrite({ ...whole, offset: geometry.slotBytes })).toBe(false);
    expect(flash.canWrite({ ...whole, offset: 256 })).toBe(false);
    for (let erases = 0; erases < 2; erases += 1) {
      expect(flash.canWrite(whole)).toBe(true);
      flash.write(whole, pace);
    }
    expect(flash.canWrite(whole)).toBe(false);
  });
});

describe('non-volatile record', () => {
  it('reads what was last written whole, whatever was torn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ value: fc.option(fc.nat(), { nil: undefined }), isWhole: fc.boolean() })),
        (writes) => {
          const record = new NonVolatileRecord<number>();
          let expected: number | undefined;
          for (const { value, isWhole } of writes) {
            record.write(value, isWhole);
            if (isWhole) expected = value;
            expect(record.read()).toBe(expected);
          }
        },
      ),
    );
  });
});

describe('boot loader', () => {
  const initial: SlotImage = { version: '1.0.0', digest: 'factory', sizeBytes: 1, health: 'good' };
  const image: SlotImage = { version: '2.0.0', digest, sizeBytes: 16_384, health: 'good' };

  type Action = 'write' | 'select' | 'discard' | 'confirm' | 'boot';
  const act: Readonly<Record<Action, (loader: BootLoader) => void>> = {
    write(loader) {
      loader.openSpare();
      const { sizeBytes } = image;
      loader.spare.flash.write({ offset: 0, bytes: sizeBytes, content: digest, eraseBytes: sizeBytes }, pace);
    },
    select: (loader) => loader.select(image),
    discard: (loader) => loader.discardSpare(),
    confirm: (loader) => loader.confirm(),
    boot: (loader) => void loader.boot(),
  };

  it('always has one confirmed image, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...(Object.keys(act) as Action[]))), (actions) => {
        const loader = new BootLoader(geometry, counters(), initial);
        for (const action of actions) {
          // A running image is only replaced by way of the spare slot, and only when it is confirmed.
          if (loader.running.state === 'pending-verify' && action !== 'confirm' && action !== 'boot') continue;
          act[action](loader);
          expect(loader.slots.filter(({ state }) => state === 'confirmed')).toHaveLength(1);
        }
      }),
    );
  });

  it('tries a new image once and gives it up at the next reset unless it was confirmed', () => {
    const loader = new BootLoader(geometry, counters(), initial);
    act.write(loader);
    act.select(loader);
    expect(loader.boot()).toMatchObject({ running: { version: '2.0.0' }, isConfirmed: false, isNew: true });
    expect(loader.boot()).toMatchObject({ running: { version: '1.0.0' }, isConfirmed: true, isNew: false });
    expect(loader.failedVersion).toBe('2.0.0');
  });

  it('does not boot a broken image', () => {
    const loader = new BootLoader(geometry, counters(), initial);
    loader.openSpare();
    loader.select(image);
    expect(loader.boot()).toMatchObject({ running: { version: '1.0.0' }, isConfirmed: true });
  });
});

describe('memory', () => {
  it('refuses what does not fit and changes nothing then', () => {
    const memory = new MemoryBudget(100);
    expect(memory.reserve('firmware', 60)).toBe(true);
    expect(memory.reserve('document', 50)).toBe(false);
    expect(memory.usedBytes).toBe(60);
    expect(memory.reserve('firmware', 100)).toBe(true);
    memory.release('firmware');
    memory.release('download');
    expect(memory.usedBytes).toBe(0);
  });
});

describe('power', () => {
  it('takes everything volatile and leaves the record', () => {
    const device = new Device<string>({
      profile,
      initialVersion: '1.0.0',
      origin: honestOrigin,
      chance: seededChance(1),
    });
    device.powerOn(0);
    const bootedAt = device.nextDeadline()!;
    expect(device.advance(bootedAt)).toMatchObject({ kind: 'booted' });
    device.keep('one', bootedAt);
    const keptAt = device.nextDeadline()!;
    expect(device.advance(keptAt)).toEqual({ kind: 'ended' });
    device.keep('two', keptAt);
    device.powerCut(keptAt + 1);
    expect(device.record.read()).toBe('one');
    expect(device.memory.usedBytes).toBe(0);
    expect(device.nextDeadline()).toBeUndefined();
    expect(device.advance(keptAt + 1000)).toBeUndefined();
  });
});

describe('profiles', () => {
  const names = readdirSync('fixtures/hardware').filter((name) => name.endsWith('.json'));

  it.each(names)('%s is valid, says what is assumed and holds a firmware job', (name) => {
    const parsed = parseHardwareProfile(JSON.parse(readFileSync(`fixtures/hardware/${name}`, 'utf8')));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(`${parsed.value.name}.json`).toBe(name);
    expect(assumedFigures(parsed.value).length).toBeGreaterThan(0);
    const { ram } = parsed.value;
    expect(freeForJobs(parsed.value)).toBeGreaterThan(ram.tlsBytes + ram.segmentBytes + ram.mqttBufferBytes);
  });

  /** Path of the member to spoil, what to put there (`undefined`: take it away), and the member that is then named. */
  const broken: readonly [string, unknown, string][] = [
    ['flash.pageBytes', undefined, 'flash.pageBytes.value'],
    ['ram.tlsBytes.value', '20 KB', 'ram.tlsBytes.value'],
    ['ram.tlsBytes.source', undefined, 'ram.tlsBytes.source'],
    ['flash.eraseSectorMs.value', -1, 'flash.eraseSectorMs.value'],
    ['flash.eraseSectorMs.value', Number.NaN, 'flash.eraseSectorMs.value'],
    ['ram.colour', { value: 1, source: 'x' }, 'ram.colour'],
    ['paint', {}, 'paint'],
    ['boot', undefined, 'boot'],
    ['name', 'My Board!', 'name'],
    ['description', 7, 'description'],
    ['flash.slotBytes.value', 5000, 'flash.slotBytes'],
    ['ram.segmentBytes.value', 1000, 'ram.segmentBytes'],
    ['ram.usableBytes.value', 1000, 'ram.usableBytes'],
    ['ram.usableBytes.value', 300_000.5, 'ram.usableBytes.value'],
    ['flash.eraseStallsCpu.value', 0.5, 'flash.eraseStallsCpu.value'],
    ['flash.eraseSectorMaxMs.value', 1, 'flash.eraseSectorMaxMs'],
    ['flash.programPageMaxMs.value', 0, 'flash.programPageMaxMs'],
    ['link.latencyMaxMs.value', 0, 'link.latencyMaxMs'],
    ['link.keepAliveMs.value', 1000, 'link.keepAliveMs.value'],
    ['link.sleepMs.value', 1000, 'link.activeMs'],
    ['cpu.watchdogMs.value', 400, 'cpu.watchdogMs'],
    ['power.burstSagMv.value', 1, 'power.burstSagMv'],
    ['power.supplyMv.value', 2700, 'power.supplyMv'],
    ['boot.timeSyncMs', undefined, 'boot.timeSyncMs.value'],
  ];

  it.each(broken)('%s as %j is refused by name', (spoiled, content, path) => {
    const value = JSON.parse(readFileSync('fixtures/hardware/esp32-s3.json', 'utf8')) as Record<string, unknown>;
    const members = spoiled.split('.');
    const last = members.pop()!;
    let place = value;
    for (const member of members) place = place[member] as Record<string, unknown>;
    if (content === undefined) delete place[last];
    else place[last] = content;
    const parsed = parseHardwareProfile(value);
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.path)).toContain(path);
  });

  it.each([null, 7, 'esp32', [], undefined])('%s is no profile', (value) => {
    expect(parseHardwareProfile(value)).toEqual({
      ok: false,
      problems: [{ place: [], path: '', message: 'must be an object' }],
    });
  });
});

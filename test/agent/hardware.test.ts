/** What the hardware does to the agent on it: stalls, bites, sags, sleeps and forgets the time; every profile does its job. */
import { readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgentBehaviour, referenceAgent } from '../../agent/core/behaviour.ts';
import { Device } from '../../agent/device/device.ts';
import { honestOrigin } from '../../agent/device/image.ts';
import { Pace } from '../../agent/device/pace.ts';
import { PowerSupply } from '../../agent/device/power-supply.ts';
import type { HardwareProfile } from '../../agent/device/profile.ts';
import { Radio } from '../../agent/device/radio.ts';
import { freeAt, longestStallMs } from '../../agent/device/task.ts';
import { seededChance } from '../../faults/chance.ts';
import { type WorldOptions, VirtualWorld, firmwareDocument, hardware } from '../support/virtual-world.ts';

const esp32 = hardware('esp32-s3');

/** A world whose device is connected and has nothing to do. */
function idleWorld(options: WorldOptions = {}): VirtualWorld {
  const world = new VirtualWorld(options);
  world.powerOn();
  const isIdle = () => world.sent('DescribeJobExecution').length > 0;
  if (!world.runUntil(isIdle, 600_000)) throw new Error('the device never asked');
  world.run(1000);
  return world;
}

function finish(world: VirtualWorld, jobId = 'job-1', withinMs = 3_600_000): string {
  world.runUntil(() => ['SUCCEEDED', 'FAILED', 'REJECTED'].includes(world.statusOf(jobId)), withinMs);
  return world.statusOf(jobId);
}

function withLink(profile: HardwareProfile, link: Partial<HardwareProfile['link']>): HardwareProfile {
  return { ...profile, link: { ...profile.link, ...link } };
}

const crashes = (world: VirtualWorld, cause: string): number =>
  world.traces('crash').filter((trace) => trace.kind === 'crash' && trace.cause === cause).length;
const isAsleep = (world: VirtualWorld): boolean => world.traces('asleep').length > world.traces('awake').length;

describe('profiles', () => {
  const names = readdirSync('fixtures/hardware').map((name) => name.replace('.json', ''));

  it('are at least eight', () => expect(names.length).toBeGreaterThanOrEqual(8));

  it.each(names)('%s installs firmware without a crash, whatever its flash takes', (name) => {
    for (const seed of [1, 2, 3]) {
      const world = idleWorld({ hardware: hardware(name), seed });
      world.createJob('job-1', firmwareDocument('2.0.0'));
      expect(finish(world)).toBe('SUCCEEDED');
      expect(world.board.view()).toMatchObject({
        runningVersion: '2.0.0',
        flash: { wear: 1 },
      });
      expect(world.traces('crash')).toEqual([]);
    }
  });
});

describe('pace', () => {
  it('keeps every time between the typical and the longest, and repeats itself for a seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const paces = [1, 2].map(() => new Pace(esp32, seededChance(seed)));
        const [times, again] = paces.map((pace) => Array.from({ length: 20 }, () => pace.flash()));
        expect(times).toEqual(again);
        for (const { eraseSectorMs, programPageMs } of times ?? []) {
          expect(eraseSectorMs).toBeGreaterThanOrEqual(esp32.flash.eraseSectorMs);
          expect(eraseSectorMs).toBeLessThanOrEqual(esp32.flash.eraseSectorMaxMs);
          expect(programPageMs).toBeLessThanOrEqual(esp32.flash.programPageMaxMs);
        }
      }),
    );
  });

  it('comes close to the longest now and then', () => {
    const pace = new Pace(esp32, seededChance(1));
    const longest = Math.max(...Array.from({ length: 1000 }, () => pace.flash().eraseSectorMs));
    expect(longest).toBeGreaterThan(0.9 * esp32.flash.eraseSectorMaxMs);
  });
});

describe('a stalled CPU', () => {
  const stalls = fc.record({
    eachMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
    count: fc.integer({ min: 1, max: 300 }),
    isSliced: fc.boolean(),
  });

  it('is free at an instant or becomes so, no later than its longest stall', () => {
    fc.assert(
      fc.property(stalls, fc.nat(200_000), (stall, elapsedMs) => {
        const task = {
          startedAt: 1000,
          endsAt: 1_000_000,
          failure: undefined,
          settle: undefined,
          stall,
          ends: 'operation',
          isDownload: false,
          goesOn: undefined,
        } as const;
        const at = 1000 + elapsedMs;
        const free = freeAt(task, at);
        expect(free).toBeGreaterThanOrEqual(at);
        expect(free).toBeLessThanOrEqual(at + Math.ceil(longestStallMs(stall)) + 1);
        expect(freeAt(task, free)).toBe(free);
      }),
    );
  });

  it('hears of what arrives during an erase at the end of that sector', () => {
    const world = idleWorld({
      hardware: { ...esp32, flash: { ...esp32.flash, eraseSectorMaxMs: esp32.flash.eraseSectorMs } },
    });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'write');
    const startedAt = world.now;
    world.run(50);
    const asked = world.sent('DescribeJobExecution').length;
    world.deliver({
      kind: 'notification',
      name: 'JobExecutionsChanged',
      bytes: 30,
      payload: { timestamp: Math.floor(world.now / 1000), jobs: {} },
    });
    expect(world.sent('DescribeJobExecution')).toHaveLength(asked);
    world.runUntil(() => world.sent('DescribeJobExecution').length > asked, 60_000);
    expect(world.now).toBe(startedAt + 2 * esp32.flash.eraseSectorMs);
  });

  it('goes on where flash is erased beside it', () => {
    const dualBank = hardware('stm32u5');
    const device = new Device<string>({
      profile: dualBank,
      initialVersion: '1.0.0',
      origin: honestOrigin,
      chance: seededChance(1),
    });
    device.keep('one', 0);
    expect(device.freeAt(1)).toBe(1);
  });
});

describe('the watchdog', () => {
  const erasesAhead: AgentBehaviour = { ...referenceAgent, erasesAhead: true };
  const megabyte = 1_048_576;

  it('bites whoever erases a whole slot in one go, again and again', () => {
    const world = idleWorld({ agent: erasesAhead });
    world.createJob('job-1', firmwareDocument('2.0.0', megabyte));
    world.runUntil(() => crashes(world, 'watchdog') >= 3, 600_000);
    expect(crashes(world, 'watchdog')).toBe(3);
    expect(world.traces('crash')).toContainEqual({ kind: 'crash', cause: 'watchdog' });
    expect(world.statusOf('job-1')).toBe('IN_PROGRESS');
  });

  it('lets an erase pass that is shorter than its patience, or sliced', () => {
    for (const [agent, sizeBytes] of [
      [erasesAhead, 65_536],
      [referenceAgent, megabyte],
    ] as const) {
      const world = idleWorld({ agent });
      world.createJob('job-1', firmwareDocument('2.0.0', sizeBytes));
      expect(finish(world)).toBe('SUCCEEDED');
      expect(world.board.view()).toMatchObject({ flash: { wear: 1 } });
      expect(crashes(world, 'watchdog')).toBe(0);
    }
  });

  it('ends the hang of an image that does not boot, and the old one runs again', () => {
    const world = idleWorld({ origin: ({ sha256 }) => ({ digest: sha256, health: 'does-not-boot' }) });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('FAILED');
    const atOf = (kind: string, step?: string) =>
      world.happenings.findLast(
        (event) =>
          event.kind === 'trace' &&
          event.trace.kind === kind &&
          (event.trace.kind !== 'step' || event.trace.step === step),
      )?.at ?? 0;
    const { loaderMs, applicationMs } = esp32.boot;
    const hungMs = loaderMs + esp32.cpu.watchdogMs;
    expect(atOf('boot') - atOf('step', 'reboot')).toBe(hungMs + loaderMs + applicationMs);
    expect(world.board.view()).toMatchObject({ runningVersion: '1.0.0' });
  });
});

describe('the supply', () => {
  const profile = hardware('stm32l4');
  /** Rested, it just holds; bursts bring it down. */
  const dropMv = profile.power.supplyMv - profile.power.brownOutMv - profile.power.sagMv;

  it('holds any burst as long as it is what its profile says', () => {
    const supply = new PowerSupply(profile, seededChance(1));
    for (let at = 0; at < 1000; at += 1) expect(supply.holds(at)).toBe(true);
  });

  it('that is weak holds only after a rest', () => {
    const supply = new PowerSupply(profile, seededChance(1));
    supply.weaken(dropMv);
    const { restMs } = profile.power;
    expect([0, 1, 1 + restMs, 1 + 2 * restMs].map((at) => supply.holds(at))).toEqual([true, false, true, true]);
  });

  /** @returns boots within half an hour of a weak battery */
  function bootsOnWeakBattery(agent: AgentBehaviour): number {
    const world = idleWorld({ hardware: profile, agent });
    world.board.apply({ kind: 'supply-drop', byMv: dropMv + 1 }, world.now);
    world.createJob('job-1', { operation: 'reboot' });
    world.run(1_800_000);
    expect(crashes(world, 'brown-out')).toBeGreaterThan(0);
    const boots = world.board.view().boots;
    world.board.apply({ kind: 'supply-drop', byMv: 0 }, world.now);
    expect(finish(world)).toMatch(/SUCCEEDED/);
    return boots;
  }

  it('brings a device into a loop of resets that does not rest, and not one that does', () => {
    expect(bootsOnWeakBattery(referenceAgent)).toBeLessThan(25);
    expect(bootsOnWeakBattery({ ...referenceAgent, restsAfterCrash: false })).toBeGreaterThan(100);
  });
});

describe('a sleeping radio', () => {
  const nrf9160 = hardware('nrf9160');

  it('hears at the end of a cycle, once, whatever the instant', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (elapsedMs) => {
        const radio = new Radio(nrf9160);
        radio.wake(0, true);
        const { activeMs, sleepMs } = nrf9160.link;
        const heard = radio.hearsAt(elapsedMs);
        if (elapsedMs < activeMs) expect(heard).toBe(elapsedMs);
        else {
          expect(heard).toBeGreaterThanOrEqual(Math.max(elapsedMs, activeMs + sleepMs));
          expect(heard - elapsedMs).toBeLessThanOrEqual(sleepMs);
          expect((heard - activeMs) % sleepMs).toBe(0);
        }
        expect(radio.hearsAt(heard)).toBe(heard);
      }),
    );
  });

  it('delays a notification by up to a cycle, and the job is done', () => {
    const world = idleWorld({ hardware: nrf9160 });
    world.runUntil(() => isAsleep(world), 60_000);
    world.run(1000);
    const createdAt = world.now;
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.sent('UpdateJobExecution').length > 0);
    expect(world.now - createdAt).toBeGreaterThan(10_000);
    expect(world.now - createdAt).toBeLessThan(nrf9160.link.sleepMs + 1000);
    expect(world.traces('awake')).toHaveLength(1);
    expect(finish(world)).toBe('SUCCEEDED');
  });

  it('that sleeps longer than the service waits loses the connection, and finds what it missed', () => {
    const deepSleep = withLink(nrf9160, { keepAliveMs: 60_000, sleepMs: 600_000 });
    const world = idleWorld({ hardware: deepSleep });
    world.runUntil(() => isAsleep(world), 60_000);
    const asleepAt = world.now;
    world.run(1000);
    world.createJob('job-1', firmwareDocument('2.0.0'));
    const asked = world.sent('DescribeJobExecution').length;
    world.runUntil(() => !isAsleep(world), 3_600_000);
    expect(world.now - asleepAt).toBe(600_000);
    expect(world.board.view().connected).toBe(false);
    expect(world.sent('DescribeJobExecution')).toHaveLength(asked);
    expect(finish(world)).toBe('SUCCEEDED');
  });
});

describe('a clock without time', () => {
  it('is set before the device connects', () => {
    const world = new VirtualWorld({ hardware: { ...esp32, boot: { ...esp32.boot, timeSyncMs: 5000 } } });
    world.powerOn();
    world.runUntil(() => world.traces('boot').length > 0);
    const bootedAt = world.now;
    world.runUntil(() => world.board.view().connected);
    expect(world.now).toBe(bootedAt + 5000 + 40);
  });

  it('rolls a good image back in an agent that keeps its deadlines in it', () => {
    const world = idleWorld({ agent: { ...referenceAgent, timeBase: 'wall-clock' } });
    world.createJob('job-1', firmwareDocument('2.0.0'));
    expect(finish(world)).toBe('FAILED');
    expect(world.board.view().runningVersion).toBe('1.0.0');
  });
});

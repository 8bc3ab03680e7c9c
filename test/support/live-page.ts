/**
 * A service with simulated devices and a browser that shows its live page, for the browser tests: time runs fast, nothing else is
 * different from `jobrig demo`. Every request to another host than the service fails the test that made it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createDeviceClock } from '../../agent/device-clock.ts';
import { type Fleet, startFleet } from '../../agent/fleet.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import { type Service, startService } from '../../broker/start-service.ts';

export interface LivePageBench extends AsyncDisposable {
  readonly service: Service;
  readonly fleet: Fleet;
  readonly names: readonly string[];
  /** A firmware job for these devices. */
  createJob(jobId: string, things: readonly string[]): Promise<void>;
}

/** A firmware job then takes a quarter of a minute: a busy machine clicks slowly. */
const timeScale = 4;
const quiet = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;
export const firmware = readFileSync(
  join(import.meta.dirname, '../../fixtures/job-documents/jobrig-firmware.json'),
  'utf8',
);

export async function openLivePageBench(things: number): Promise<LivePageBench> {
  const service = await startService({ ...quiet, timeScale, keepsPage: true });
  const names = Array.from({ length: things }, (_, index) => `thing-${index + 1}`);
  const started: { fleet?: Fleet } = {};
  const each = (chosen: readonly string[], fault: 'power-cut' | 'link-lost', forMs: number): void => {
    for (const name of chosen) started.fleet?.devices.get(name)?.inject({ kind: fault, forMs });
  };
  service.page.present({
    verb: 'demo',
    about: 'seed 1 · faults: none',
    things: names,
    seesDevices: true,
    speed: timeScale,
    viewOf: (name) => started.fleet?.devices.get(name)?.view(),
    hardwareOf: (name) => started.fleet?.hardwareOf(name)?.name,
    powerCut: (chosen, forMs) => each(chosen, 'power-cut', forMs),
    dropLink: (chosen, forMs) => each(chosen, 'link-lost', forMs),
  });
  await Promise.all(names.map((thingName) => ask(service, { name: 'iot:CreateThing', request: { thingName } })));
  const fleet = await startFleet({
    endpoint: service.mqttUrl!,
    things,
    hardware: 'esp32-s3',
    clock: createDeviceClock(timeScale, () => service.port.now()),
    connectRate: 5000,
    observer: service.page.observer,
  });
  started.fleet = fleet;
  return {
    service,
    fleet,
    names,
    async createJob(jobId, chosen) {
      const targets = chosen.map((name) => `arn:aws:iot:us-east-1:000000000000:thing/${name}`);
      for (let from = 0; from < targets.length; from += 100) {
        const id = targets.length > 100 ? `${jobId}-${from / 100 + 1}` : jobId;
        const request = { jobId: id, document: firmware, targets: targets.slice(from, from + 100) };
        await ask(service, { name: 'iot:CreateJob', request });
      }
    },
    async [Symbol.asyncDispose]() {
      await fleet.close();
      await service.close();
    },
  };
}

/** @throws when it is refused */
export function ask<Name extends OperationName>(
  { port }: Pick<Service, 'port'>,
  command: CommandOf<Name>,
): Promise<ResponseOf<Name>> {
  return new Promise((resolve, reject) => {
    port.submit(command, (reply: Reply<ResponseOf<Name>>) => {
      if (reply.accepted) resolve(reply.response);
      else reject(new Error(`${command.name}: ${reply.message}`));
    });
  });
}

export interface OpenedPage {
  readonly page: Page;
  /** What went wrong in it: errors, refusals of the policy, requests to other hosts. */
  readonly troubles: string[];
}

export async function openPage(
  browser: Browser,
  { pageUrl }: Pick<Service, 'pageUrl'>,
  options: BrowserContextOptions = {},
  /** So many are connected before anybody acts. */
  things?: number,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 920 }, ...options });
  const page = await context.newPage();
  // Shorter than a test may take, so that it is said what was waited for.
  page.setDefaultTimeout(12_000);
  const troubles: string[] = [];
  page.on('pageerror', ({ message }) => troubles.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(new URL(pageUrl!).origin) && !url.startsWith('data:')) troubles.push(`asked for ${url}`);
  });
  await page.goto(pageUrl!);
  await page.locator('.legend').waitFor();
  const all = new RegExp(`${things}\\s*of ${things}`);
  if (things !== undefined) await page.locator('.figures').filter({ hasText: all }).waitFor();
  return { page, troubles };
}

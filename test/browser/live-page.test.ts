/** The live page in a real browser: what a person sees of devices, and does to them, with a mouse or with keys alone. */
import { statSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService } from '../../broker/start-service.ts';
import { violationsIn } from '../support/axe.ts';
import { browserFile, noBrowser, openBrowser } from '../support/browser.ts';
import { isForReadme, pictureFile } from '../support/pictures.ts';
import { type LivePageBench, ask, firmware, openLivePageBench, openPage } from '../support/live-page.ts';

/** As an operator would; one that has no such job is left alone. */
async function pullFrom({ service }: LivePageBench, thingName: string): Promise<void> {
  const { inProgress } = await ask(service, {
    name: 'iotjobsdata:GetPendingJobExecutions',
    request: { thingName },
  });
  const [job] = inProgress;
  if (job === undefined) return;
  const { jobId, executionNumber } = job;
  await ask(service, { name: 'iot:DeleteJobExecution', request: { jobId, thingName, executionNumber, force: true } });
}

const quiet = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;

describe.skipIf(browserFile === undefined)(`in a browser${browserFile === undefined ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  let bench: LivePageBench;

  beforeAll(async () => {
    [browser, bench] = await Promise.all([openBrowser(), openLivePageBench(isForReadme ? 400 : 40)]);
  });

  afterAll(async () => {
    await browser?.close();
    await bench?.[Symbol.asyncDispose]();
  });

  it('a person pulls a job by clicking, sees the tile turn red and the device recover', async () => {
    const { page, troubles } = await openPage(browser, bench.service, {}, bench.names.length);
    await bench.createJob('pull-me', ['thing-1']);
    // The first tile is the first device.
    await page.locator('.field canvas').click({ position: { x: 8, y: 8 } });
    const panel = page.getByRole('complementary', { name: 'thing-1' });
    await panel.getByText('starts pull-me').waitFor();
    await page.getByRole('button', { name: 'Pull job' }).click();
    await panel.getByText('Operator deletes the execution of pull-me, by force').waitFor();
    await panel
      .getByRole('status')
      .getByText(/^Recovered in/)
      .waitFor();
    await panel.getByText(/^Idle again, .* after the pull/).waitFor();
    await expect.poll(() => page.locator('.figures').innerText(), { timeout: 60_000 }).toMatch(/recovered\s+1 of 1/);
    await expect.poll(() => page.locator('h1').innerText(), { timeout: 60_000 }).toContain('1 recovered');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('keys alone choose a device, read what it says as it was written, and pull its job', async () => {
    const { page } = await openPage(browser, bench.service, {}, bench.names.length);
    await bench.createJob('by-keys', ['thing-2']);
    await page.getByRole('listbox', { name: 'Devices' }).focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option').filter({ hasText: 'thing-2' }).waitFor({ state: 'attached' });
    const panel = page.getByRole('complementary', { name: 'thing-2' });
    await panel.getByText('starts by-keys').waitFor();
    await page.getByRole('button', { name: 'Pull job' }).focus();
    await page.keyboard.press('Enter');
    await panel
      .getByRole('status')
      .getByText(/^Recovered in/)
      .waitFor();
    await panel.getByRole('button', { name: 'The message as it was written' }).first().focus();
    await page.keyboard.press('Enter');
    expect(await panel.locator('pre').first().innerText()).toContain('$aws/things/thing-2/jobs/');
    for (const [button, pressed] of [
      ['The message as it was written', 'Escape'],
      ['Close this device', 'Enter'],
    ] as const) {
      await panel.getByRole('button', { name: button }).first().focus();
      await page.keyboard.press(pressed);
      await panel.waitFor({ state: 'detached' });
      expect([button, await page.locator('[role="listbox"]:focus').count()]).toEqual([button, 1]);
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowDown');
      await panel.waitFor();
    }
    await page.context().close();
  });

  it('a job is created from the documents at hand for those that were chosen; what cannot be is said', async () => {
    const { page } = await openPage(browser, bench.service, {}, bench.names.length);
    const canvas = page.locator('.field canvas');
    await canvas.click({ position: { x: 8, y: 40 }, modifiers: ['Shift'] });
    await canvas.click({ position: { x: 8, y: 8 }, modifiers: ['Shift'] });
    await page.getByRole('button', { name: 'Create job' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Job id').fill('from-page');
    await dialog.getByText('the 2 that are chosen').click();
    await dialog.getByLabel('Text of the document').fill('{');
    await dialog.getByRole('button', { name: 'Create job' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Text of the document').fill(firmware);
    await dialog.getByRole('button', { name: 'Create job' }).click();
    await page.getByText('The job from-page is created for 2 devices').waitFor();
    await page.getByRole('button', { name: 'Whole job' }).click();
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByText('The job from-page is cancelled by force').waitFor();
    await page.context().close();
  });

  it('power, link and what is gone: the outcome of an action is one line', async () => {
    const { page } = await openPage(browser, bench.service, {}, bench.names.length);
    await page.getByLabel('Find a device').fill('thing-40');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: 'thing-40' });
    await page.getByRole('button', { name: 'Cut power' }).click();
    await panel.getByText('Power is cut').waitFor();
    await panel.getByText('Power is on').last().waitFor();
    await page.getByRole('button', { name: 'Pull job' }).click();
    await page.getByText('✗ thing-40 has no job').waitFor();
    await page.context().close();
  });

  it.each([
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['on a phone', 'light', 375],
  ] as const)(
    'axe-core finds nothing wrong, and nothing is wider than the screen: %s',
    async (_, colorScheme, width) => {
      const { page } = await openPage(
        browser,
        bench.service,
        { colorScheme, viewport: { width, height: 800 } },
        bench.names.length,
      );
      await page.getByLabel('Find a device').fill('thing-1');
      await page.keyboard.press('Enter');
      await page.getByRole('complementary', { name: 'thing-1' }).getByText('is told of a new job').first().waitFor();
      expect(await violationsIn(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.context().close();
    },
  );

  it('the picture of the README: a job rolls over the fleet, some lose it', async () => {
    const { page } = await openPage(browser, bench.service, {}, bench.names.length);
    const things = bench.names.slice(2, isForReadme ? 260 : 38);
    // In parts, so that they are not all at one step.
    for (let from = 0; from < things.length; from += 60) {
      await bench.createJob(`firmware-${from}`, things.slice(from, from + 60));
      await page.getByText('at work').first().waitFor();
      await page.waitForTimeout(isForReadme ? 2500 : 0);
      await page.getByLabel('Find a device').fill(`thing-${from + 8}`);
      await page.keyboard.press('Enter');
      const chosen = things.slice(from, from + 60).filter((_, index) => index % 8 === 5);
      await Promise.all(chosen.map((name) => pullFrom(bench, name)));
    }
    await expect.poll(() => page.locator('h1').innerText(), { timeout: 60_000 }).toContain('had the job deleted');
    await page.screenshot({ path: pictureFile('live') });
    expect(statSync(pictureFile('live')).size).toBeGreaterThan(20_000);
    await page.context().close();
  });

  it('a page that was hidden hangs up, and knows everything when it is seen again; two pages do not disturb each other', async () => {
    const [{ page }, { page: other }] = [
      await openPage(browser, bench.service, {}, bench.names.length),
      await openPage(browser, bench.service, {}, bench.names.length),
    ];
    const hide = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, 'visibilityState', { value: '${isHidden ? 'hidden' : 'visible'}', configurable: true });
         document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await hide(true);
    // Switched off: a device that has the version already would end its job before anybody can click.
    bench.fleet.devices.get('thing-20')?.inject({ kind: 'power-cut', forMs: 3_600_000 });
    await bench.createJob('while-hidden', ['thing-20']);
    await other.getByRole('button', { name: 'Whole job' }).click();
    await other.getByRole('button', { name: 'Pull job' }).click();
    await other.getByText(/^The job .+ is deleted by force/).waitFor();
    await hide(false);
    const headlines = async (): Promise<boolean> =>
      (await page.locator('h1').innerText()) === (await other.locator('h1').innerText());
    await expect.poll(headlines, { timeout: 60_000 }).toBe(true);
    await page.context().close();
    await other.context().close();
  });
});

describe.skipIf(browserFile === undefined)('a service of its own, in a browser', () => {
  it('a device that connects appears, is told apart by its remarks, and the page waits for a service that ended', async () => {
    await using browser = { it: await openBrowser(), [Symbol.asyncDispose]: () => browser.it.close() };
    const service = await startService({ ...quiet, keepsPage: true });
    const { page } = await openPage(browser.it, service);
    expect(await page.locator('h1').innerText()).toBe('No device yet');
    await ask(service, { name: 'iot:CreateThing', request: { thingName: 'my-board' } });
    const device = await connectAsync(service.mqttUrl!, { clientId: 'my-board', protocolVersion: 4 });
    await page.getByText('1 device is connected and waits for a job.').waitFor();
    const targets = ['arn:aws:iot:us-east-1:000000000000:thing/my-board'];
    await ask(service, { name: 'iot:CreateJob', request: { jobId: 'J', document: '{}', targets } });
    await device.subscribeAsync('$aws/things/my-board/jobs/notify');
    await device.publishAsync('$aws/things/my-board/jobs/$next/get', '{}', { qos: 1 });
    await device.publishAsync('$aws/things/my-board/jobs/J/update', '{"status":"IN_PROGRESS"}', { qos: 1 });
    await page.locator('.field canvas').click({ position: { x: 8, y: 8 } });
    const panel = page.getByRole('complementary', { name: 'my-board' });
    await panel.getByText('accepted: J is QUEUED, version 1').waitFor();
    await panel.getByText('starts J').waitFor();
    await panel.getByText('updates without clientToken: an answer cannot be told from another').waitFor();
    await panel.getByText('subscribes to notify, but not to notify-next').waitFor();
    await page.getByRole('button', { name: 'Pull job' }).click();
    await panel
      .getByRole('status')
      .getByText(/^Not recovered for/)
      .waitFor();
    await device.publishAsync('$aws/things/my-board/jobs/J/update', '{"status":"IN_PROGRESS"}', { qos: 1 });
    await panel.getByText('updates an execution that no longer exists').waitFor();
    await panel.getByText('refused: ResourceNotFound, the execution is gone').waitFor();
    await device.publishAsync('$aws/things/my-board/jobs/$next/get', '{}', { qos: 1 });
    await panel.getByText(/^Asks for work again, .* after the pull/).waitFor();
    device.end(true);
    await service.close();
    await page.getByRole('alert').getByText('The service does not answer').waitFor();
    await page.getByRole('button', { name: 'Throttle service' }).click();
    await page.getByText('✗ The service does not answer').waitFor();
    // Another one at the same place, with another thing.
    await using next = await startService({
      ...quiet,
      keepsPage: true,
      httpPort: Number(new URL(service.httpUrl!).port),
    });
    await ask(next, { name: 'iot:CreateThing', request: { thingName: 'your-board' } });
    await page.getByText('1 device is not connected.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    // What it looked at is not there; what it does reaches the new service.
    await page.getByRole('complementary', { name: 'my-board' }).getByText('Nothing is known of it.').waitFor();
    await page.getByRole('button', { name: 'Throttle service' }).click();
    await page.getByText('The service throttles every device').waitFor();
  });

  it('shows 1,000 devices, and each of them', async () => {
    await using browser = { it: await openBrowser(), [Symbol.asyncDispose]: () => browser.it.close() };
    await using service = await startService({ ...quiet, keepsPage: true });
    const names = Array.from({ length: 1000 }, (_, index) => `unit-${index + 1}`);
    await Promise.all(names.map((thingName) => ask(service, { name: 'iot:CreateThing', request: { thingName } })));
    service.page.present({ verb: 'serve', about: '', things: names });
    const { page, troubles } = await openPage(browser.it, service);
    await page.getByText('0 of 1000 devices are connected.').waitFor();
    await page.getByLabel('Find a device').fill('unit-1000');
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'unit-1000' }).waitFor();
    expect(await page.getByRole('option').innerText()).toBe('unit-1000, away');
    expect(troubles).toEqual([]);
  });
});

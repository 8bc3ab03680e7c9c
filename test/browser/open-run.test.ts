/** A run.json that is dropped or chosen on any page shows that run; what is none is said, and nothing on the page is lost. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, FileChooser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../broker/start-service.ts';
import { checkForm } from '../../rig/live/check/check-result.ts';
import { checkPage, demoPage, loadPage, shownLoad } from '../../rig/report/pages.ts';
import { violationsIn } from '../support/axe.ts';
import { browserFile, noBrowser, openBrowser } from '../support/browser.ts';
import { sampleCheck } from '../support/sample-check.ts';
import { sampleLoadRun } from '../support/sample-load.ts';
import { sampleReport } from '../support/sample-report.ts';
import { sharedFolder } from '../support/folders.ts';

const load = { ...shownLoad(sampleLoadRun(), []).run, ...keptLoad() };

function keptLoad(): object {
  const { latencies: latencyMs, percentiles } = shownLoad(sampleLoadRun(), []);
  return { latencyMs, percentiles };
}

/** Name, content, what is said. */
const noRuns: readonly (readonly [string, string | number[], string])[] = [
  ['empty.json', '', 'empty.json is empty: it has 0 bytes.'],
  ['photo.png', [0x89, 0x50, 0x4e, 0x47, 0, 1], 'photo.png is a picture (image/png)'],
  ['firmware.bin', [1, 0, 2], 'firmware.bin is no text'],
  ['latin.json', [0xe9, 0x31], 'latin.json is no text in UTF-8'],
  ['notes.json', 'Dear diary', 'notes.json is not JSON: at line 1, column 1'],
  ['half.json', JSON.stringify(load).slice(0, 200), 'half.json is cut off'],
  ['package.json', '{"name":"x"}', 'package.json is JSON, but no run of jobrig: it has no member "form"'],
  ['later.json', '{"form":"jobrig check run 2"}', 'later.json is of a later version'],
  ['torn.json', '{"form":"jobrig load run 1"}', 'torn.json is not whole: shape is no text'],
];

async function drop(page: Page, name: string, content: string | number[]): Promise<void> {
  const type = name.endsWith('.png') ? 'image/png' : 'application/json';
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const given = ${JSON.stringify(content)};
    const part = typeof given === 'string' ? given : new Uint8Array(given);
    transfer.items.add(new File([part], ${JSON.stringify(name)}, { type: ${JSON.stringify(type)} }));
    return transfer;
  })()`);
  await page.dispatchEvent('body', 'dragover', { dataTransfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer });
}

describe.skipIf(browserFile === undefined)(
  `a run that is opened${browserFile === undefined ? ` (${noBrowser})` : ''}`,
  () => {
    const folder = sharedFolder('runs');
    const checkFile = join(folder, 'check', 'run.json');
    const addresses = new Map<string, string>();
    let browser: Browser;
    let service: Service;

    beforeAll(async () => {
      const check = await sampleCheck();
      const pages = {
        demo: demoPage(sampleReport(20)),
        check: checkPage(check),
        load: loadPage(shownLoad(sampleLoadRun(), [])),
      };
      for (const [name, page] of Object.entries(pages)) {
        const file = join(folder, `${name}.html`);
        writeFileSync(file, page);
        addresses.set(name, pathToFileURL(file).href);
      }
      mkdirSync(join(folder, 'check'));
      writeFileSync(checkFile, JSON.stringify({ form: checkForm, ...check }));
      service = await startService({ mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' });
      addresses.set('live', service.pageUrl!);
      browser = await openBrowser();
    });

    afterAll(async () => {
      await browser?.close();
      await service?.close();
    });

    it.each([
      ['demo', 'light', 1280],
      ['check', 'dark', 375],
      ['load', 'dark', 1280],
      ['live', 'light', 375],
      ['live', 'dark', 1280],
    ] as const)('on the page %s, in %s at %d pixels', async (name, colorScheme, width) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
      const page = await context.newPage();
      page.setDefaultTimeout(12_000);
      // From the start: to wait for one only takes hold after a while.
      const choosers: FileChooser[] = [];
      page.on('filechooser', (chooser) => choosers.push(chooser));
      const troubles: string[] = [];
      page.on('pageerror', ({ message }) => troubles.push(message));
      page.on('console', (message) => {
        if (message.type() === 'error') troubles.push(message.text());
      });
      const address = addresses.get(name)!;
      page.on('request', (request) => {
        if (!request.url().startsWith(new URL('.', address).href)) troubles.push(request.url());
      });
      await page.goto(address);
      const own = page.locator('h1:visible').first();
      const before = await own.innerText();

      for (const [file, content, says] of noRuns) {
        await drop(page, file, content);
        await page.getByRole('alert').getByText(says).waitFor();
        expect(await own.innerText()).toBe(before);
      }
      await page.getByRole('button', { name: 'Close', exact: true }).click();
      expect(await page.getByRole('alert').count()).toBe(0);

      await drop(page, 'run.json', JSON.stringify(load));
      const shown: Locator =
        name === 'live' ? page.getByRole('dialog', { name: /^jobrig load/ }) : page.locator('#run:not([hidden])');
      await shown.getByText('executions succeeded').waitFor();
      expect(await shown.locator('.plot canvas').count()).toBe(6);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await violationsIn(page)).toEqual([]);

      // Another one over it, by keys alone.
      const again = shown.getByRole('button', { name: 'Open a run' });
      await again.focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => choosers.length).toBe(1);
      await choosers[0]!.setFiles(checkFile);
      const other: Locator =
        name === 'live' ? page.getByRole('dialog', { name: /^jobrig check/ }) : page.locator('#run:not([hidden])');
      await other
        .getByRole('heading', { level: 2, name: /^What happened/ })
        .first()
        .waitFor();
      expect(await other.locator('.plot').count()).toBe(0);
      const story = other.locator('.story').first();
      await story.getByLabel('Moment of the run').focus();
      await page.keyboard.press('End');
      expect(await story.locator('.row.here').count()).toBe(1);

      await other.getByRole('button', { name: /^Back to/ }).click();
      expect(await page.locator('h1:visible').first().innerText()).toBe(before);
      expect(troubles).toEqual([]);
      await context.close();
    });

    it('several files at once are none, and what is no file is left alone', async () => {
      const page = await browser.newPage();
      page.setDefaultTimeout(12_000);
      await page.goto(addresses.get('check')!);
      const dataTransfer = await page.evaluateHandle(`(() => {
        const transfer = new DataTransfer();
        for (const name of ['a.json', 'b.json']) transfer.items.add(new File(['{}'], name));
        return transfer;
      })()`);
      await page.dispatchEvent('body', 'drop', { dataTransfer });
      await page.getByRole('alert').getByText('These are 2 files: drop one run.json.').waitFor();
      const words = await page.evaluateHandle(`(() => {
        const transfer = new DataTransfer();
        transfer.setData('text/plain', 'words');
        return transfer;
      })()`);
      await page.dispatchEvent('body', 'dragover', { dataTransfer: words });
      expect(await page.locator('.drop-here').count()).toBe(0);
      await page.close();
    });
  },
);

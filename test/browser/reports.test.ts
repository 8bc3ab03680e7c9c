/** Reports in a real browser: nothing needs a network, a filter filters, print keeps its colours on a few pages, a phone can read it. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besideBy } from '../../cli/beside.ts';
import { checkPage, demoPage, loadPage, shownLoad } from '../../rig/report/pages.ts';
import { violationsIn } from '../support/axe.ts';
import { browserFile, noBrowser, openBrowser } from '../support/browser.ts';
import { pictureFile } from '../support/pictures.ts';
import { sampleAgent, sampleCheck } from '../support/sample-check.ts';
import { sampleLoadRun } from '../support/sample-load.ts';
import { sampleReport } from '../support/sample-report.ts';
import { sharedFolder } from '../support/folders.ts';

type Name = 'demo' | 'check' | 'load';

describe.skipIf(browserFile === undefined)(
  `reports in a browser${browserFile === undefined ? ` (${noBrowser})` : ''}`,
  () => {
    const folder = sharedFolder('reports');
    let browser: Browser;

    beforeAll(async () => {
      writeFileSync(join(folder, 'demo.html'), demoPage(sampleReport(1000)));
      writeFileSync(
        join(folder, 'check.html'),
        checkPage(await sampleCheck(), { besideOf: besideBy({ hardware: [], agent: sampleAgent }) }),
      );
      writeFileSync(join(folder, 'load.html'), loadPage(shownLoad(sampleLoadRun(), [])));
      browser = await openBrowser();
    });

    afterAll(async () => {
      await browser?.close();
    });

    async function open(name: Name, options: BrowserContextOptions = {}): Promise<{ page: Page; troubles: string[] }> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(12_000);
      const troubles: string[] = [];
      page.on('pageerror', ({ message }) => troubles.push(message));
      page.on('request', (request) => {
        if (!request.url().startsWith('file:')) troubles.push(request.url());
      });
      await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
      return { page, troubles };
    }

    it.each([
      ['demo', 'light', 1280],
      ['demo', 'dark', 375],
      ['check', 'dark', 1280],
      ['check', 'light', 375],
      ['load', 'light', 1280],
      ['load', 'dark', 375],
    ] as const)(
      '%s in %s at %d pixels: nothing wrong by axe-core, nothing wider than the screen',
      async (name, colorScheme, width) => {
        const { page, troubles } = await open(name, { colorScheme, viewport: { width, height: 800 } });
        expect(await page.locator('h1').isVisible()).toBe(true);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        // Of a thousand devices a few say as much as all.
        await page.evaluate(`document.querySelectorAll('.devices > :nth-child(n+20)').forEach((one) => one.remove())`);
        expect(await violationsIn(page)).toEqual([]);
        expect(troubles).toEqual([]);
        await page.context().close();
      },
    );

    it('finds a device among 1,000, shows those of one outcome, and opens a story by its address', async () => {
      const { page } = await open('demo');
      await page.getByLabel('Find a device').fill('thing-1000');
      await page.getByText('1 shown').waitFor();
      expect(await page.locator('#device-thing-1000').isVisible()).toBe(true);
      expect(await page.locator('#device-thing-1').isVisible()).toBe(false);
      await page.getByLabel('Find a device').fill('');
      await page.getByRole('button', { name: /not valid$/ }).click();
      await page.getByText(/^\d+ shown$/).waitFor();
      expect(await page.locator('#device-thing-7').isVisible()).toBe(true);
      expect(await page.locator('#device-thing-1').isVisible()).toBe(false);
      await page.evaluate(`location.hash = '#device-thing-7'`);
      await page.locator('#device-thing-7 .row.pull').waitFor();
      await page.context().close();
    });

    it('a story shows the inside before and after, and what a right device has there', async () => {
      const { page } = await open('check');
      const inside = page.locator('.story').first().locator('table.inside');
      await inside.scrollIntoViewIfNeeded();
      expect(await inside.locator('thead').innerText()).toMatch(/Before the pull.*This device.*A right device/s);
      expect(await inside.getByRole('rowheader').allInnerTexts()).toEqual(
        expect.arrayContaining(['Slot A', 'Slot B', 'Checkpoint', 'RAM used']),
      );
      await page.context().close();
    });

    it('a scrubber moves a cursor over drawing and rows together', async () => {
      const { page } = await open('check');
      const story = page.locator('.story').first();
      await story.getByLabel('Moment of the run').focus();
      await page.keyboard.press('End');
      expect(await story.locator('.row.here').count()).toBe(1);
      expect(await story.locator('.facts .at').innerText()).not.toBe('0.00 s');
      await page.context().close();
    });

    it.each(['demo', 'check'] as const)(
      '%s: payloads are one stop of the Tab key, walked by arrow keys',
      async (name) => {
        const { page } = await open(name);
        const payloads = page.locator('.story').first().locator('.talk summary');
        const count = await payloads.count();
        expect(count).toBeGreaterThan(2);
        const focused = (): Promise<string | null> => page.locator(':focus').getAttribute('aria-label');
        const isThere = (): Promise<boolean> => page.evaluate(`document.activeElement.matches('.talk summary')`);
        await page.locator('.story').first().getByLabel('Moment of the run').focus();
        await page.keyboard.press('Tab');
        const names = [await focused()];
        for (let n = 1; n < count; n += 1) {
          await page.keyboard.press('ArrowDown');
          names.push(await focused());
        }
        expect(names).toEqual(await payloads.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))));
        expect(names).toContainEqual(expect.stringMatching(/^payload at \d+\.\d\d s: \w/));
        expect(new Set(names).size).toBe(count);
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('Enter');
        expect(await page.locator('.talk details[open] summary').getAttribute('aria-label')).toBe(names.at(-2));
        expect(await page.locator(':focus').evaluate('(one) => getComputedStyle(one).outlineStyle')).not.toBe('none');
        expect(await violationsIn(page)).toEqual([]);
        await page.keyboard.press('Tab');
        expect(await isThere()).toBe(false);
        await page.keyboard.press('Shift+Tab');
        expect(await focused()).toBe(names.at(-2));
        await page.keyboard.press('Home');
        expect(await focused()).toBe(names[0]);
        await page.keyboard.press('End');
        expect(await focused()).toBe(names.at(-1));
        await page.context().close();
      },
    );

    it('without scripts every payload is a stop of its own', async () => {
      const { page } = await open('check', { javaScriptEnabled: false });
      expect(await page.locator('.talk summary[tabindex]').count()).toBe(0);
      await page.context().close();
    });

    it('the picture of the README: what is wrong, first', async () => {
      const { page } = await open('check');
      await page.screenshot({ path: pictureFile('report') });
      expect(statSync(pictureFile('report')).size).toBeGreaterThan(20_000);
      await page.context().close();
    });

    it('charts of a load tell each moment to who has no pointer', async () => {
      const { page, troubles } = await open('load');
      for (const name of ['Latency over time', 'Latency by percentile', 'Memory of each process']) {
        const chart = page.getByRole('slider', { name });
        await chart.focus();
        const told = new Set<string | null>();
        for (const key of ['Home', 'ArrowRight', 'End']) {
          await page.keyboard.press(key);
          await chart.locator('.said', { hasText: ':' }).waitFor();
          expect(await chart.getAttribute('aria-valuetext')).toBe(await chart.locator('.said').innerText());
          told.add(await chart.getAttribute('aria-valuetext'));
        }
        expect(told.size).toBe(3);
        expect(await chart.evaluate('(place) => getComputedStyle(place).outlineStyle')).not.toBe('none');
      }
      expect(await violationsIn(page)).toEqual([]);
      expect(troubles).toEqual([]);
      await page.context().close();
    });

    it.each([
      ['demo', 'A4'],
      ['check', 'A4'],
      ['load', 'A4'],
      ['demo', 'Letter'],
      ['check', 'Letter'],
      ['load', 'Letter'],
    ] as const)('%s prints on three pages of %s at most', async (name, format) => {
      const { page } = await open(name);
      const pdf = (await page.pdf({ format, printBackground: true })).toString('latin1');
      const counts = [...pdf.matchAll(/\/Type\s*\/Pages[^]*?\/Count (\d+)/g)].map(([, count]) => Number(count));
      expect(Math.max(...counts)).toBeLessThanOrEqual(3);
      await page.context().close();
    });

    it.each(['demo', 'check'] as const)('%s prints in colours', async (name) => {
      const { page } = await open(name);
      await page.emulateMedia({ media: 'print' });
      const style = `getComputedStyle(document.querySelector('.row.pull'))`;
      expect(await page.evaluate(`${style}.printColorAdjust + ' ' + ${style}.backgroundColor`)).toBe(
        'exact rgb(253, 240, 238)',
      );
      await page.context().close();
    });
  },
);

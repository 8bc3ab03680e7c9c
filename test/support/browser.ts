/**
 * A real browser for tests of the pages: Debian's Chromium, found by name, driven by playwright-core. Where there is none, the
 * tests that need it are skipped, with the reason.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

function findBrowser(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter);
  return places
    .flatMap((place) => names.map((name) => join(place, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export const browserFile = findBrowser();
export const noBrowser = 'no Chromium on the PATH (apt-get install chromium)';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserFile!,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

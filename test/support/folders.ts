/** Folders for tests, which go when they are done. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { endAfterTest } from './after-test.ts';

function made(name: string): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), `jobrig-${name}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** For all tests of a file, or of the `describe` in which it is made. */
export function sharedFolder(name: string): string {
  const { folder, remove } = made(name);
  afterAll(remove);
  return folder;
}

/** For the test that makes it. */
export function testFolder(name = 'test'): string {
  const { folder, remove } = made(name);
  endAfterTest(remove);
  return folder;
}

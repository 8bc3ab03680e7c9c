/**
 * Tests import the modules of jobrig as they were built for users: Node loads them itself, soon, and calls between them cost what
 * they cost a user. What tests name is the source, which is what is taken where tests are watched (nothing would build it anew), where
 * coverage is counted, and for what is not built.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { Plugin } from 'vite';

const root = resolve(import.meta.dirname, '../..');
const tests = [join(root, 'test') + sep, join(root, 'fixtures') + sep];
const isOfTests = (path: string): boolean => tests.some((folder) => path.startsWith(folder));

/** What vitest is to leave to Node. */
export const built = /^(?!.*\/node_modules\/).*\/dist\/.*\.js$/;

export function asBuilt(): Plugin {
  let isOn = false;
  return {
    name: 'as-built',
    enforce: 'pre',
    configureVitest({ vitest: { config } }) {
      isOn = !config.watch && !config.coverage.enabled;
    },
    resolveId(name, importer) {
      if (!isOn || importer === undefined || !isOfTests(importer) || !/^\..*\.ts$/.test(name)) return undefined;
      const source = resolve(dirname(importer), name);
      const path = join(root, 'dist', `${source.slice(root.length, -'.ts'.length)}.js`);
      return isOfTests(source) || !existsSync(path) ? undefined : path;
    },
  };
}

/**
 * Before any test: builds dist/, so that tests which start `jobrig` as a process start what a user would, and start it soon. The
 * live page is built again only where one of its sources is newer.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** What the live page is made of. */
const pageSources = [
  'rig/page',
  'rig/viewer',
  'rig/report',
  'rig/verdict',
  'broker/live',
  'protocol',
  'observation',
  'vite.config.ts',
];

export function setup(): void {
  run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
  if (!isPageOld()) return;
  run('vite/bin/vite.js', 'build');
  run('vite/bin/vite.js', 'build', '--mode', 'viewer');
}

function run(program: string, ...given: readonly string[]): void {
  execFileSync(process.execPath, [join(root, 'node_modules', program), ...given], { cwd: root, stdio: 'inherit' });
}

function isPageOld(): boolean {
  try {
    const builtAt = statSync(join(root, 'dist/page/viewer.js')).mtimeMs;
    return pageSources.some((source) => newestIn(join(root, source)) > builtAt);
  } catch {
    return true;
  }
}

function newestIn(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(path, file)).mtimeMs));
}

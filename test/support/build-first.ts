/**
 * Before any test: builds dist/, so that tests meet what a user would, and start it soon. What is newer than its sources is not built
 * again, so that tests that run already find it as it was.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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

const project = 'tsconfig.build.json';
const bundles = 'rolldown.config.mjs';
/** Written when the compilers had nothing to say; what it wrote otherwise is not to be taken. */
const stamp = join(root, 'node_modules/.cache/jobrig-compiled');

export function setup(): void {
  if (isOld(stamp, compiledSources()) || !existsSync(join(root, 'dist/cli/main.js'))) {
    const begunAt = new Date();
    run('typescript/bin/tsc', '-p', project);
    run('rolldown/bin/cli.mjs', '-c', bundles);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, '');
    // What was written meanwhile is newer.
    utimesSync(stamp, begunAt, begunAt);
  }
  if (!isOld(join(root, 'dist/page/viewer.js'), pageSources)) return;
  run('vite/bin/vite.js', 'build');
  run('vite/bin/vite.js', 'build', '--mode', 'viewer');
}

function run(program: string, ...given: readonly string[]): void {
  execFileSync(process.execPath, [join(root, 'node_modules', program), ...given], { cwd: root, stdio: 'inherit' });
}

function compiledSources(): readonly string[] {
  const { include } = JSON.parse(readFileSync(join(root, project), 'utf8')) as { readonly include: readonly string[] };
  return [...include, project, bundles, 'tsconfig.json', 'package-lock.json'];
}

function isOld(file: string, sources: readonly string[]): boolean {
  try {
    const builtAt = statSync(file).mtimeMs;
    return sources.some((source) => newestIn(join(root, source)) > builtAt);
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

/**
 * What the package ships beside its compiled code: one file of types for the library, tables without their blanks, and each process in
 * few files, since to load some three hundred small ones takes longer than to start. Runs after the compiler, on what that wrote to
 * dist/.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/** What is started as a process or a thread of its own. */
const processes = [
  'cli/main',
  'broker/processes/engine-process',
  'broker/processes/door-process',
  'broker/store/sqlite-thread',
  'rig/load/process/load-part',
  'rig/live/simulation/player-process',
];

/** Keeps the bundled types alone, and writes each table as one line. */
const slim = {
  name: 'slim',
  closeBundle() {
    for (const path of readdirSync('dist', { recursive: true }).map(String)) {
      const file = join('dist', path);
      if (file.endsWith('.d.ts') && path !== 'index.d.ts') rmSync(file);
      if (file.endsWith('.json')) writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
    }
  },
};

/** Nothing of an earlier build stays. */
const fresh = {
  name: 'fresh',
  writeBundle({ dir }, bundle) {
    for (const file of readdirSync(join(dir, 'chunks'))) {
      if (!(`chunks/${file}` in bundle)) rmSync(join(dir, 'chunks', file));
    }
  },
};

const quiet = { logLevel: 'warn', checks: { pluginTimings: false, bundlerTimings: false } };

export default defineConfig([
  {
    input: './dist/index.d.ts',
    output: { dir: 'dist', format: 'es' },
    external: [/^[^./]/],
    plugins: [dts({ dtsInput: true }), slim],
    ...quiet,
  },
  {
    input: Object.fromEntries(processes.map((name) => [name, `./dist/${name}.js`])),
    // In the place of what the compiler wrote; what several share is beside.
    output: { dir: 'dist', format: 'es', chunkFileNames: 'chunks/[name]-[hash].js', keepNames: true },
    platform: 'node',
    // Packages stay as they are installed; what the bundler itself brings does not.
    external: [/^(?!@oxc-project)[a-z@]/],
    plugins: [fresh],
    ...quiet,
  },
]);

/**
 * What the package ships beside its compiled code: one file of types for the library, and tables without their blanks. Runs after
 * the compiler, on what that wrote to dist/.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

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

export default defineConfig({
  input: './dist/index.d.ts',
  output: { dir: 'dist', format: 'es' },
  external: [/^[^./]/],
  plugins: [dts({ dtsInput: true }), slim],
  logLevel: 'warn',
  checks: { pluginTimings: false, bundlerTimings: false },
});

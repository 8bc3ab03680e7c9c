import { defineConfig } from 'vitest/config';
import { SkipReasons } from './test/support/skip-reasons.ts';

const counted = process.env['CI'] === 'true';
const jsonResults: ['json', { outputFile: string }][] = [['json', { outputFile: 'test-results.json' }]];

export default defineConfig({
  test: {
    // The example for tests of one's own is one of them.
    include: ['test/**/*.test.ts', 'fixtures/own-tests/*.test.mts'],
    // A browser wants the machine for itself: `npm run test:browser`.
    exclude: ['**/node_modules/**', ...(process.env['JOBRIG_BROWSER'] === '1' ? [] : ['test/browser/**'])],
    globalSetup: ['test/support/build-first.ts', 'test/support/postgres-home.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // One core is not left idle: tests wait for events, never for time.
    maxWorkers: '100%',
    // The SDK's notice about Node versions to come, on every run.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: ['default', new SkipReasons(), ...(counted ? jsonResults : [])],
    coverage: {
      provider: 'v8',
      include: ['protocol/**', 'faults/**', 'broker/**', 'agent/**', 'rig/**', 'cli/**'],
    },
  },
});

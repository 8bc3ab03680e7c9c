import { availableParallelism } from 'node:os';
import { type TestProjectInlineConfiguration, defineConfig } from 'vitest/config';
import { asBuilt, built } from './test/support/as-built.ts';
import { LongestFirst } from './test/support/longest-first.ts';
import { SkipReasons } from './test/support/skip-reasons.ts';

const counted = process.env['CI'] === 'true';
const jsonResults: ['json', { outputFile: string }][] = [['json', { outputFile: 'test-results.json' }]];

// The example for tests of one's own is one of them.
const every = ['test/**/*.test.ts', 'fixtures/own-tests/*.test.mts'];
/** What is only played where it is asked for, by an environment variable. */
const askedFor: Readonly<Record<string, string>> = {
  // A browser wants the machine for itself: `npm run test:browser`.
  JOBRIG_BROWSER: 'test/browser/**',
  // All agents of the zoo under `demo`: many minutes.
  JOBRIG_ZOO: 'test/rig/live/zoo-live.test.ts',
};
const notAskedFor = Object.entries(askedFor).flatMap(([name, pattern]) => (process.env[name] === '1' ? [] : [pattern]));
const never = ['**/node_modules/**', ...notAskedFor];
/** One puts another module in the place of one of ours, one ends a thread that all stores of a process share. */
const alone = ['test/broker/engine-failure.test.ts', 'test/store/sqlite-store.test.ts'];

function files(
  name: string,
  about: { readonly isolate: boolean; readonly include: string[]; readonly exclude: string[] },
): TestProjectInlineConfiguration {
  return {
    // What is replaced in one test would have to be replaced in what Node has loaded.
    plugins: about.isolate ? [] : [asBuilt()],
    test: {
      name,
      ...about,
      server: { deps: { external: [built] } },
      setupFiles: ['test/support/set-up.ts'],
      // No bet on the host: tests wait for events, and this only ends what hangs.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 60_000 } },
      pool: 'forks',
      env: {
        // The SDK's notice about Node versions to come, on every run.
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        // What is printed is compared, here and in processes that are started.
        NO_COLOR: '1',
      },
    },
  };
}

export default defineConfig({
  test: {
    // Files share what they import: most of the time of a file of its own would go into loading it again.
    projects: [
      files('shared', { isolate: false, include: every, exclude: [...never, ...alone] }),
      files('alone', { isolate: true, include: alone, exclude: never }),
    ],
    globalSetup: ['test/support/build-first.ts', 'test/support/postgres-home.ts'],
    sequence: { sequencer: LongestFirst },
    // More than cores: many files wait for devices and limits of time more than they compute.
    maxWorkers: 2 * availableParallelism(),
    reporters: ['default', new SkipReasons(), ...(counted ? jsonResults : [])],
    coverage: {
      provider: 'v8',
      include: ['package/**', 'protocol/**', 'faults/**', 'broker/**', 'agent/**', 'rig/**', 'cli/**'],
    },
  },
});

import { defineConfig } from 'vitest/config';

const counted = process.env['CI'] === 'true';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/compat/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    reporters: counted ? ['default', ['json', { outputFile: 'test-results.json' }]] : ['default'],
    coverage: {
      provider: 'v8',
      include: ['protocol/**', 'faults/**', 'broker/**', 'agent/**', 'scenario/**', 'cli/**'],
    },
  },
});

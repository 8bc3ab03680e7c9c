/** How the tests of a room are run, whoever asks: one file after the other, in one process that keeps what it has loaded. */
import type { createVitest } from 'vitest/node';

export const roomTests: NonNullable<Parameters<typeof createVitest>[1]> = {
  config: false,
  watch: false,
  include: ['test/**/*.test.ts'],
  setupFiles: ['test/support/set-up.ts'],
  reporters: [{}],
  pool: 'forks',
  maxWorkers: 1,
  isolate: false,
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

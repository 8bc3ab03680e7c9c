/** Where jobrig is installed: what comes with it lies below. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

export const packageRoot = dirname(createRequire(import.meta.url).resolve('jobrig/package.json'));

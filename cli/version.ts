/** The version of jobrig, as its package says. */
import { createRequire } from 'node:module';

export const { version } = createRequire(import.meta.url)('jobrig/package.json') as { readonly version: string };

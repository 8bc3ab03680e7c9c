/** jobrig as it is installed: its version, what comes with it, and its programs. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// By its name: whoever runs this may be a source, a compiled file or a part of a bundle.
const require = createRequire(import.meta.url);
const root = dirname(require.resolve('jobrig/package.json'));

export const { version } = require('jobrig/package.json') as { readonly version: string };

/** @param path inside the package, as `fixtures/load` */
export function packageFile(path: string): string {
  return join(root, path);
}

/** What is started as a process or a thread of its own, as it was built. @param module its source without the ending */
export function builtProgram(module: string): string {
  return packageFile(`dist/${module}.js`);
}

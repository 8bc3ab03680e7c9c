/**
 * One text of the verdict and all that it needs, made from the sources with one of them changed. Nothing on disk is touched, and what
 * a mutant changes in types alone gives the same text as no mutant.
 */
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { Mutant } from './mutants.ts';

/** @returns a CommonJS module that exports what verdict.ts does */
export async function bundleVerdict(root: string, mutant?: Pick<Mutant, 'file' | 'text'>): Promise<string> {
  const bundle = await rolldown({
    input: join(root, 'bench/mutation/verdict.ts'),
    platform: 'node',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutant',
        load: (id) => (mutant !== undefined && id === join(root, mutant.file) ? mutant.text : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
  await bundle.close();
  return output[0].code;
}

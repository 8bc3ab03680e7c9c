/**
 * Where the pictures of the README go: into docs/images where JOBRIG_PICTURES is set, else into a folder that goes away, so that
 * they are always made and seldom changed.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isForReadme = process.env['JOBRIG_PICTURES'] !== undefined;

const folder = isForReadme ? join(import.meta.dirname, '../../docs/images') : mkdtempSync(join(tmpdir(), 'jobrig-'));

export function pictureFile(name: string): string {
  return join(folder, `${name}.png`);
}

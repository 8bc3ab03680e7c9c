/** A folder for temporary files of a process that may be killed, which goes with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const usual = process.env['TMPDIR'];

/** Where a test looks into a temporary folder of its own it is that one, which the test removes. */
export function scratchFolder(): { readonly path: string; readonly remove: () => void } {
  if (process.env['TMPDIR'] !== usual) return { path: tmpdir(), remove: () => {} };
  const path = mkdtempSync(join(tmpdir(), 'jobrig-scratch-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

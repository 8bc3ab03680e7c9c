/** The shapes that come with jobrig, in `fixtures/load/`, and those of a user's own. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../package/package.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { namesHint } from '../../protocol/near-name.ts';
import type { LoadShape } from './contract.ts';
import { readWrittenFile } from '../files/written-file.ts';
import { checkShape } from './shape-file.ts';

const folder = packageFile('fixtures/load');
const extension = '.yaml';

export function shapeNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

/**
 * A shape by name, or a file, which has a dot or a slash in its path.
 * @throws {OperationalError} `SHAPE_UNKNOWN`, or `SHAPE_INVALID` naming file, line and column
 */
export function loadShape(text: string): LoadShape {
  const names = shapeNames();
  if (names.includes(text)) return readWrittenFile(join(folder, text + extension), 'SHAPE_INVALID', checkShape);
  if (/[./\\]/.test(text)) return readWrittenFile(text, 'SHAPE_INVALID', checkShape);
  throw new OperationalError('SHAPE_UNKNOWN', `--shape ${text}: there is no such shape`, {
    hint: namesHint(text, names),
  });
}

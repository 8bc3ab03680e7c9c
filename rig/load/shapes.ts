/** The shapes that come with jobrig, in `fixtures/load/`, and those of a user's own. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OperationalError } from '../../protocol/operational-error.ts';
import { nearName } from '../../protocol/near-name.ts';
import type { LoadShape } from './contract.ts';
import { readShape } from './shape-file.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('jobrig/package.json')), 'fixtures', 'load');
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
  if (names.includes(text)) return read(join(folder, text + extension), text + extension);
  if (/[./\\]/.test(text)) return read(text, text);
  const meant = nearName(text, names);
  throw new OperationalError('SHAPE_UNKNOWN', `--shape ${text}: there is no such shape`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}Known are ${names.join(', ')}; a file of your own has a dot or a slash in its path.`,
  });
}

function read(file: string, name: string): LoadShape {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'unreadable';
    throw new OperationalError('SHAPE_INVALID', `${name} cannot be read: ${reason}`, { cause });
  }
  const result = readShape(text);
  if (result.ok) return result.shape;
  const [{ line, column, message }] = result.problems as [(typeof result.problems)[number]];
  const more = result.problems.length > 1 ? ` (and ${result.problems.length - 1} more)` : '';
  throw new OperationalError('SHAPE_INVALID', `${name}:${line}:${column}: ${message}${more}`);
}

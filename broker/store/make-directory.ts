/**
 * Makes a directory and those above it, as `mkdir -p` does. Node's own `recursive` never ends where a parent is there and
 * takes no directory (/proc, some network mounts): it makes the parent again and again. Seen with Node 20.20.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A directory that is there already is left as it is. @throws what the file system says */
export function makeDirectory(directory: string): void {
  if (attempt(directory) === 'made') return;
  makeDirectory(dirname(directory));
  mkdirSync(directory);
}

function attempt(directory: string): 'made' | 'parent missing' {
  try {
    mkdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(directory) !== directory) return 'parent missing';
    if (code !== 'EEXIST' || !statSync(directory).isDirectory()) throw error;
  }
  return 'made';
}

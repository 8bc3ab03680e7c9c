/**
 * Says at the start where a process may have too few open files. Modules are read side by side, so that with few of them Node ends
 * in the middle of its start, with the name of some module.
 */
import { readFileSync } from 'node:fs';

/** Verbs that load more modules need more. */
const fewest = { serve: 256, others: 512 } as const;

/** @param limits as Linux tells them. Node has raised the soft limit to the hard one. @returns one line, or `undefined` where they do */
export function tooFewOpenFiles(limits: string, verb: string | undefined): string | undefined {
  const needed = verb === 'serve' ? fewest.serve : fewest.others;
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  if (limit >= needed) return undefined;
  return `a process may have ${limit} open files here (ulimit -n), and at least ${needed} are needed`;
}

/** Of this process; other systems than Linux do not tell. */
export function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

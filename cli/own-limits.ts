/**
 * Says at the start what a process may have too little of. Modules are read side by side, so that with few open files Node ends in the
 * middle of its start, with the name of some module; without address space, data or heap it ends with a stack of its own.
 */
import { readFileSync } from 'node:fs';

interface Limit {
  /** As Linux calls it; absent: of Node's heap. */
  readonly name?: string;
  readonly what: (figure: number) => string;
  /** How it was set. */
  readonly by: string;
  readonly least: (words: readonly string[]) => number;
}

const megabyte = 1024 * 1024;
const megabytesOf = (what: string) => (bytes: number) => `${Math.floor(bytes / megabyte)} MB of ${what}`;

/** Those whose service has an HTTP port. */
const withService: ReadonlySet<string | undefined> = new Set(['serve', 'demo', 'fleet', 'load']);
const isOfDevice = (words: readonly string[]): boolean => words.includes('--') || words.includes('--attach');

/** Measured, rounded up. Node's HTTP reserves 10 GB of addresses, which costs no memory, for a parser in WebAssembly. */
const limits: readonly Limit[] = [
  {
    name: 'Max open files',
    what: (files) => `${files} open files`,
    by: 'ulimit -n',
    least: ([verb]) => (verb === 'serve' ? 256 : 512),
  },
  {
    name: 'Max address space',
    what: megabytesOf('address space'),
    by: 'ulimit -v',
    least: (words) => (withService.has(words[0]) || isOfDevice(words) ? 16_384 : 1536) * megabyte,
  },
  { name: 'Max data size', what: megabytesOf('data'), by: 'ulimit -d', least: () => 256 * megabyte },
  { what: megabytesOf('heap'), by: '--max-old-space-size', least: () => 64 * megabyte },
];

/**
 * @param words of the command line
 * @param told as Linux tells limits. Node has raised the soft limit on files to the hard one
 * @param heapBytes that Node may use
 * @returns one line, or `undefined` where all suffice
 */
export function tooLittle(words: readonly string[], told: string, heapBytes: number): string | undefined {
  for (const { name, what, by, least } of limits) {
    const allowed = name === undefined ? heapBytes : softLimit(told, name);
    const needed = least(words);
    if (allowed < needed)
      return `a process may have ${what(allowed)} here (${by}), and at least ${what(needed)} are needed`;
  }
  return undefined;
}

function softLimit(told: string, name: string): number {
  return Number(new RegExp(String.raw`^${name}\s+(\d+)`, 'm').exec(told)?.[1] ?? Infinity);
}

/** Of this process; other systems than Linux do not tell. */
export function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/**
 * How long a process was ready to go on and no core was free for it. Linux counts that for each thread. An answer that is waited for
 * beside other programs is judged without it: it says how busy the machine is, and nothing of who answers.
 * Source: Documentation/scheduler/sched-stats.rst of the Linux kernel, "/proc/<pid>/schedstat".
 */
import { openSync, readSync } from 'node:fs';

const maxBytes = 128;

/** @returns tells the milliseconds so far, of the process's main thread; always 0 where the system does not tell. */
export function runDelayOf(pid: number): () => number {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/schedstat`, 'r');
  } catch {
    return () => 0;
  }
  const bytes = Buffer.alloc(maxBytes);
  let told = 0;
  return () => {
    try {
      const [, waitedNs] = bytes.toString('latin1', 0, readSync(file, bytes, 0, maxBytes, 0)).split(' ');
      told = Number(waitedNs) / 1e6;
    } catch {
      // It has ended.
    }
    return told;
  };
}

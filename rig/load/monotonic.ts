/** A clock that never goes back and is the same for all processes of this machine, so that one can time what another began. */
import { performance } from 'node:perf_hooks';
import type { DurationMs } from '../../protocol/time.ts';

const offsetMs = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();

export function monotonicMs(): DurationMs {
  return offsetMs + performance.now();
}

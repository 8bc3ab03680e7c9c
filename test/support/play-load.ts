/** A load run with all its parts in this process, small and fast. */
import type { LoadRun, LoadShape } from '../../rig/load/contract.ts';
import { type LoadOptions, runLoad } from '../../rig/load/run-load.ts';
import { loadShape } from '../../rig/load/shapes.ts';
import { localPart } from './local-part.ts';

/** Options of a run of twelve things; @param given what of the shape is otherwise */
export function loadOptions(shape: string | LoadShape, given: Partial<LoadShape['given']> = {}): LoadOptions {
  const read = typeof shape === 'string' ? loadShape(shape) : shape;
  return {
    jobrig: '0.1.0',
    seed: 1,
    shape: { ...read, given: { ...read.given, things: 12, connectRate: 5000, reconnectMs: 50, ...given } },
    pacing: { kind: 'window', window: 8 },
    prefix: 'thing-',
    hardwareName: 'none',
    transport: 'tcp',
    processes: 1,
    signal: new AbortController().signal,
    startPart: () => localPart(),
    lookEveryMs: 20,
  };
}

export function playLoad(shape: string | LoadShape, changes: Partial<LoadOptions> = {}): Promise<LoadRun> {
  return runLoad({ ...loadOptions(shape), ...changes });
}

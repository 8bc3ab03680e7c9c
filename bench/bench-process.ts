/** Starts one of `processes/` beside this file, built or not as its parent is. */
import { extname, join } from 'node:path';
import { type Child, type Questions, startChild } from '../rig/process/child.ts';

export function startBenchProcess<Q extends Questions>(name: string): Child<Q> {
  return startChild<Q>(join(import.meta.dirname, 'processes', `${name}${extname(import.meta.filename)}`));
}

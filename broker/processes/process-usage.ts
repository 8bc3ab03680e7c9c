/** What a process of the service has used, told by itself: its own answer needs no second way to look at processes. */
import { performance } from 'node:perf_hooks';
import type { DurationMs } from '../../protocol/time.ts';

export interface ProcessUsage {
  /** `engine`, or a door with its number from 1. */
  readonly name: string;
  readonly cpuMs: DurationMs;
  readonly bytes: number;
  /** Share of the time since the last answer in which its event loop was busy. */
  readonly busy: number;
}

/** @returns tells the usage of this process */
export function usageOf(name: string): () => ProcessUsage {
  let last = performance.eventLoopUtilization();
  return () => {
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, last);
    last = loop;
    const { user, system } = process.cpuUsage();
    return { name, cpuMs: (user + system) / 1000, bytes: process.memoryUsage.rss(), busy: utilization };
  };
}

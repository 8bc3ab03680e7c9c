/**
 * What of the fleet changed from one frame to the next, computed once for all browsers: tiles, counters, jobs, and a point of the
 * charts each second. What goes over all devices is not counted anew for every frame.
 */
import type { EpochMs } from '../../protocol/time.ts';
import { type ChartPoint, type Counters, type Delta, type PendingJob, noCounters } from './contract.ts';
import type { FleetFold } from './fleet-fold.ts';

const pointMs = 1000;
const pointsKept = 180;
const ticksACount = 2;
const ticksAJobCount = 5;

export class FleetFrames {
  chart: ChartPoint[] = [];
  counters: Counters = noCounters;
  jobs: readonly PendingJob[] = [];
  #ticks = -1;
  #lastPointAt = -Infinity;
  #lastCounters = '';
  #lastJobs = '';

  /** @param more what else changed @returns the frame; `undefined` where nothing changed */
  next(fold: FleetFold, now: EpochMs, more: Pick<Delta, 'run'>): Delta | undefined {
    const moved = fold.takeMoved();
    this.#ticks += 1;
    if (this.#ticks % ticksACount === 0) this.counters = fold.counters();
    if (this.#ticks % ticksAJobCount === 0) this.jobs = fold.jobs();
    const countersText = JSON.stringify(this.counters);
    const jobsText = JSON.stringify(this.jobs);
    const point = this.#point(fold);
    const changed = {
      ...more,
      ...(moved.length > 0 && { moved }),
      ...(countersText !== this.#lastCounters && { counters: this.counters, unseen: fold.unseen }),
      ...(jobsText !== this.#lastJobs && { jobs: this.jobs }),
      ...(point && { point }),
    };
    this.#lastCounters = countersText;
    this.#lastJobs = jobsText;
    return Object.keys(changed).length === 0 ? undefined : { kind: 'delta', at: now, ...changed };
  }

  #point(fold: FleetFold): ChartPoint | undefined {
    const wallNow = performance.now();
    if (wallNow - this.#lastPointAt < pointMs) return undefined;
    this.#lastPointAt = wallNow;
    const point = fold.takePoint(this.counters.connected, Math.round(process.memoryUsage.rss() / 1_048_576));
    this.chart.push(point);
    if (this.chart.length > pointsKept) this.chart.shift();
    return point;
  }
}

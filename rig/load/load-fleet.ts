/** The part of the fleet that one process has: things without hardware, connected at a pace, each on its own line. */
import { addAbortListener } from 'node:events';
import { setInterval as every } from 'node:timers';
import type { DurationMs } from '../../protocol/time.ts';
import { seededChance } from '../../faults/chance.ts';
import { thingNameOf } from '../../agent/fleet-names.ts';
import { startPaced } from '../../agent/paced.ts';
import { FleetCounts, type FleetReport } from './fleet-counts.ts';
import type { OpenLine } from './line.ts';
import { type FleetContext, LoadDevice } from './load-device.ts';

/** A share of the fleet, with hardware or without. */
export interface FleetPart {
  /** Resolves when every device has connected or failed to once. @returns why the first one could not, at a service of somebody else */
  connect(): Promise<string | undefined>;
  /** Cuts the connections of so many of a hundred devices, all at once. */
  cut(percent: number, at: DurationMs): void;
  /** The jobs whose ids begin so are taken away by the operator now. */
  takeAway(base: string, at: DurationMs): void;
  intend(intent: Intent): void;
  report(takesLatencies: boolean): FleetReport;
  close(): Promise<void>;
}

/** When each execution of a rollout in an open loop is meant to begin. */
export interface Intent {
  /** Ids of its jobs are this and the number of the round. */
  readonly base: string;
  readonly fromMs: DurationMs;
  readonly perSecond: number;
  /** Index of its first thing, and how many there are in all processes. */
  readonly first: number;
  readonly things: number;
}

/** Which things, and how they connect. */
export interface FleetShare {
  /** Index of the first thing, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly prefix: string;
  readonly connectRate: number;
  readonly keepAliveMs: DurationMs;
  readonly reconnectMs: DurationMs;
  readonly seed: number;
  /** Of the run: a thing that cannot connect there comes back, and whether the service is gone others see. */
  readonly isOwnService: boolean;
}

export interface FleetPartOptions extends FleetShare {
  readonly open: OpenLine;
  /** How many may be connecting at a time. */
  readonly attempts: number;
  /** Monotonic, the same for all processes of this machine. */
  readonly now: () => DurationMs;
}

const lookEveryMs = 1000;

export function createLoadFleet(options: FleetPartOptions): FleetPart {
  const { first, count, prefix, open, connectRate, keepAliveMs, reconnectMs, seed, isOwnService, now, attempts } =
    options;
  const counts = new FleetCounts();
  const chance = seededChance(seed).fork(`load ${first}`);
  const intents: Intent[] = [];
  const ended = new AbortController();
  let settled = 0;
  let firstFailure: string | undefined;
  let onSettled: (() => void) | undefined;
  const context: FleetContext = {
    counts,
    open,
    keepAliveSeconds: Math.round(keepAliveMs / 1000),
    reconnectMs,
    chance: () => chance.between(0, 999_999) / 1_000_000,
    now,
    intendedAt: (jobId, index) => intendedAt(intents, jobId, index),
    settled(failure) {
      settled += 1;
      firstFailure ??= failure;
      onSettled?.();
    },
  };
  const devices = Array.from(
    { length: count },
    (_, n) => new LoadDevice(first + n, thingNameOf(prefix, first + n + 1), context),
  );
  const looking = every(() => {
    const at = now();
    for (const device of devices) device.look(at);
  }, lookEveryMs);

  return {
    async connect() {
      const whenSettled = (wanted: number): Promise<void> =>
        new Promise((resolve) => {
          onSettled = () => settled >= wanted && resolve();
          addAbortListener(ended.signal, () => resolve());
          onSettled();
        });
      // The first goes alone: where it cannot connect, a thousand more would only say the same.
      devices[0]?.connect();
      await whenSettled(Math.min(1, count));
      if (ended.signal.aborted || (firstFailure !== undefined && !isOwnService)) return firstFailure;
      await startPaced({
        count: count - 1,
        perSecond: connectRate,
        start: (n) => devices[n + 1]!.connect(),
        hasRoom: () => counts.connecting < attempts,
        signal: ended.signal,
      }).catch(() => {});
      await whenSettled(count);
      return undefined;
    },
    cut(percent, at) {
      const cut = Math.ceil((devices.length * percent) / 100);
      for (const device of devices.slice(0, cut)) device.cut(at);
    },
    takeAway: (base, at) => counts.takeAway(base, at),
    intend: (intent) => void intents.push(intent),
    report: (takes) => counts.report(takes),
    async close() {
      ended.abort();
      clearInterval(looking);
      for (const device of devices) device.close();
    },
  };
}

function intendedAt(intents: readonly Intent[], jobId: string, index: number): DurationMs | undefined {
  const intent = intents.find(({ base }) => jobId.startsWith(base));
  if (intent === undefined) return undefined;
  const round = Number(jobId.slice(intent.base.length));
  const n = round * intent.things + index - intent.first;
  return intent.fromMs + (n * 1000) / intent.perSecond;
}

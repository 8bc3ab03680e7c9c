/**
 * The faults of a running service, by a plan: what its doors ask for each request of a device (faults/service-faults.ts), and
 * the jumps of its clock. Operators are left alone. Source: docs/reference/mqtt-api.md §6.
 */
import { seededChance } from '../faults/chance.ts';
import type { FaultPlan } from '../faults/plan.ts';
import { type AnswerFaults, ServiceFaults } from '../faults/service-faults.ts';
import { type InjectedFault, serviceTimedFaults } from '../faults/thing-faults.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { Clock } from './clock.ts';

export interface ServiceFaultOptions {
  readonly plan: FaultPlan;
  /** The same seed gives the same faults. */
  readonly seed: number;
  /** Steady; the plan's times count from when this is made. */
  readonly clock: Clock;
  /** Called as each fault is injected. */
  readonly onFault: FaultListener;
}

/** Without a thing: the service itself has the fault. */
export type FaultListener = (fault: InjectedFault, thingName?: string) => void;

export interface RunningFaults extends AnswerFaults {
  /** Answers that are still late never come. */
  close(): void;
}

export function injectFaults({ plan, seed, clock, onFault }: ServiceFaultOptions): RunningFaults {
  const startedAt = clock.now();
  const chance = seededChance(seed).fork('faults');
  const faults = new ServiceFaults(plan, chance, startedAt);
  /** Timers of late answers, and of jumps that are to be told. */
  const timers = new Set<() => void>();

  function at(instant: EpochMs, happen: () => void): void {
    const cancel = clock.setTimer(instant, () => {
      timers.delete(cancel);
      happen();
    });
    timers.add(cancel);
  }

  for (const { atMs } of serviceTimedFaults(plan, chance)) {
    at(startedAt + atMs, () => onFault({ name: 'service-clock-jump' }));
  }

  return {
    of(thingName, operation, asksNext) {
      const fault = faults.of(thingName, operation, asksNext, clock.now());
      if (fault !== undefined) onFault({ name: fault.name, operation }, thingName);
      return fault;
    },
    later: (lateMs, answer) => at(clock.now() + lateMs, answer),
    close() {
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}

/** The clock with the jumps that the plan has for the service's own: each at its instant, all of them forward. */
export function jumping(clock: Clock, { plan, seed }: Pick<ServiceFaultOptions, 'plan' | 'seed'>): Clock {
  const startedAt = clock.now();
  const jumps = serviceTimedFaults(plan, seededChance(seed).fork('faults')).flatMap((fault) =>
    fault.kind === 'clock-jump' ? [{ at: startedAt + fault.atMs, byMs: fault.byMs }] : [],
  );
  if (jumps.length === 0) return clock;

  const now = (): EpochMs => {
    const steady = clock.now();
    return jumps.reduce((time, { at, byMs }) => (at <= steady ? time + byMs : time), steady);
  };
  /** When the steady clock shows what the jumping one calls `time`, or jumps over it. */
  const steadyInstantOf = (time: EpochMs): EpochMs => {
    let aheadMs = 0;
    for (const { at, byMs } of jumps) {
      if (time - aheadMs < at) break;
      aheadMs += byMs;
      if (time - aheadMs <= at) return at;
    }
    return time - aheadMs;
  };
  return { now, setTimer: (at, fire) => clock.setTimer(steadyInstantOf(at), fire) };
}

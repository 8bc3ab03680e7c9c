/**
 * A service that has bad days: a port in front of the real one that, where a fault plan says so, refuses what devices ask,
 * answers late, twice or not at all. MQTT and HTTP go through it alike, so what is InternalError on the one is 503 on the
 * other. Of a request that is refused or passed over the engine never hears, as in the simulation. Leaves operators alone.
 * Breaks on purpose the promise of {@link ServicePort} that an answer comes exactly once. Source: reference mqtt-api.md §6.
 */
import { seededChance } from '../faults/chance.ts';
import {
  type ServiceFault,
  type InjectedFault,
  type ThingFaults,
  faultsOf,
  serviceTimedFaults,
} from '../faults/thing-faults.ts';
import { type FaultPlan, type Operation, operations } from '../faults/plan.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { Clock } from './clock.ts';
import type { CommandOf, OperationName, Rejected, Reply, ResponseOf } from './engine/contract.ts';
import type { ServicePort } from './engine/port.ts';

export interface ServiceFaultOptions {
  readonly plan: FaultPlan;
  /** The same seed gives the same faults. */
  readonly seed: number;
  /** Steady; the plan's times count from when this is made. */
  readonly clock: Clock;
  /** Called as each fault is injected. */
  readonly onFault?: FaultListener;
}

/** Without a thing: the service itself has the fault. */
export type FaultListener = (fault: InjectedFault, thingName?: string) => void;

export interface UnreliablePort extends ServicePort {
  /** Answers that are still late never come. */
  close(): void;
}

// Assumed: AWS does not publish its messages for these two.
const throttled: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Too many requests.' };
const failed: Rejected = { accepted: false, code: 'InternalError', message: 'Internal error.' };

const operationByCommand: ReadonlyMap<string, Operation> = new Map(
  operations.map((operation) => [`iotjobsdata:${operation}`, operation]),
);

export function unreliable(port: ServicePort, { plan, seed, clock, onFault }: ServiceFaultOptions): UnreliablePort {
  const startedAt = clock.now();
  const chance = seededChance(seed).fork('faults');
  const byThing = new Map<string, ThingFaults>();
  /** Timers of late answers, and of leaps that are to be told. */
  const timers = new Set<() => void>();

  function faultsFor(thingName: string): ThingFaults {
    const known = byThing.get(thingName);
    if (known !== undefined) return known;
    const drawn = faultsOf(plan, thingName, chance);
    byThing.set(thingName, drawn);
    return drawn;
  }

  function messageFault({ name, request }: CommandOf<OperationName>): ServiceFault | undefined {
    const operation = operationByCommand.get(name);
    if (operation === undefined || !('thingName' in request)) return undefined;
    const thingName = String(request.thingName);
    const fault = faultsFor(thingName).ofAnswer(operation, clock.now() - startedAt);
    if (fault !== undefined) onFault?.({ name: `service ${fault.answer}`, operation }, thingName);
    return fault;
  }

  function at(instant: EpochMs, happen: () => void): void {
    const cancel = clock.setTimer(instant, () => {
      timers.delete(cancel);
      happen();
    });
    timers.add(cancel);
  }

  for (const { atMs } of onFault === undefined ? [] : serviceTimedFaults(plan, chance)) {
    at(startedAt + atMs, () => onFault?.({ name: 'service-clock-jump' }));
  }

  function submit<Name extends OperationName>(
    command: CommandOf<Name>,
    answer: (reply: Reply<ResponseOf<Name>>, at: EpochMs) => void,
  ): void {
    const fault = messageFault(command as CommandOf<OperationName>);
    switch (fault?.answer) {
      case undefined:
        return port.submit(command, answer);
      case 'not-at-all':
        return;
      case 'RequestThrottled':
        return answer(throttled, port.now());
      case 'InternalError':
        return answer(failed, port.now());
      case 'late':
        return port.submit(command, (reply, answeredAt) =>
          at(clock.now() + fault.lateMs, () => answer(reply, answeredAt)),
        );
      case 'twice':
        return port.submit(command, (reply, answeredAt) => {
          answer(reply, answeredAt);
          answer(reply, answeredAt);
        });
    }
  }

  return {
    submit,
    onEffect: (tell, foresee) => port.onEffect(tell, foresee),
    now: () => port.now(),
    close() {
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}

/** The clock with the leaps that the plan has for the service's own: each at its instant, all of them forward. */
export function leaping(clock: Clock, { plan, seed }: Pick<ServiceFaultOptions, 'plan' | 'seed'>): Clock {
  const startedAt = clock.now();
  const leaps = serviceTimedFaults(plan, seededChance(seed).fork('faults')).flatMap((fault) =>
    fault.kind === 'clock-jump' ? [{ at: startedAt + fault.atMs, byMs: fault.byMs }] : [],
  );
  if (leaps.length === 0) return clock;

  const now = (): EpochMs => {
    const steady = clock.now();
    return leaps.reduce((time, { at, byMs }) => (at <= steady ? time + byMs : time), steady);
  };
  /** When the steady clock shows what the leaping one calls `time`, or leaps over it. */
  const steadyInstantOf = (time: EpochMs): EpochMs => {
    let aheadMs = 0;
    for (const { at, byMs } of leaps) {
      if (time - aheadMs < at) break;
      aheadMs += byMs;
      if (time - aheadMs <= at) return at;
    }
    return time - aheadMs;
  };
  return { now, setTimer: (at, fire) => clock.setTimer(steadyInstantOf(at), fire) };
}

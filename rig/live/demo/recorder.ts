/**
 * What happens during a run, kept and watched: events of every device and calls of the operator, in order, and whoever waits
 * for one of them. Watchers are called inside the event, so that they can stop a device at that very point.
 */
import type { DeviceClock } from '../../../agent/device-clock.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { OperatorCall } from './evidence.ts';

type Watcher = (event: DeviceEvent) => void;

export class Recorder implements Disposable {
  readonly #clock: DeviceClock;
  /** How to end each wait that is still on. */
  readonly #waits = new Set<(reason: unknown) => void>();
  #over: { readonly reason: unknown } | undefined;
  readonly #events = new Map<string, DeviceEvent[]>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #calls: OperatorCall[] = [];

  constructor(clock: DeviceClock) {
    this.#clock = clock;
  }

  /** Ends every wait: each rejects with `reason`. */
  abort(reason: unknown): void {
    this.#over ??= { reason };
    for (const giveUp of this.#waits) giveUp(reason);
  }

  [Symbol.dispose](): void {
    this.abort(new Error('The run is over'));
  }

  note(thingName: string, event: DeviceEvent): void {
    const events = this.#events.get(thingName);
    if (events === undefined) this.#events.set(thingName, [event]);
    else events.push(event);
    for (const watcher of this.#watchers.get(thingName) ?? []) watcher(event);
  }

  noteCall(call: OperatorCall): void {
    this.#calls.push(call);
  }

  eventsOf(thingName: string): readonly DeviceEvent[] {
    return this.#events.get(thingName) ?? [];
  }

  /** Calls about this thing or about one of these jobs as a whole. */
  callsAbout(thingName: string, jobIds: ReadonlySet<string>): readonly OperatorCall[] {
    return this.#calls.filter((call) => {
      if (call.thingName !== undefined) return call.thingName === thingName;
      return call.jobId !== undefined && jobIds.has(call.jobId);
    });
  }

  /**
   * The next event of a device for which `matches`; `act` is called inside that event.
   * @returns `undefined` when `timeoutMs` of device time pass without one; rejects when the run is aborted
   */
  next(
    thingName: string,
    matches: (event: DeviceEvent) => boolean,
    timeoutMs: DurationMs,
    act?: (event: DeviceEvent) => void,
  ): Promise<DeviceEvent | undefined> {
    return new Promise((resolve, reject) => {
      const watchers = this.#watchers.get(thingName) ?? new Set();
      this.#watchers.set(thingName, watchers);
      const stop = () => {
        watchers.delete(watcher);
        this.#waits.delete(giveUp);
        cancelTimer();
      };
      const watcher = (event: DeviceEvent) => {
        if (!matches(event)) return;
        stop();
        act?.(event);
        resolve(event);
      };
      const giveUp = (reason: unknown) => {
        stop();
        reject(reason as Error);
      };
      const cancelTimer = this.#clock.setTimer(this.#clock.now() + timeoutMs, () => {
        stop();
        resolve(undefined);
      });
      watchers.add(watcher);
      this.#waits.add(giveUp);
      if (this.#over !== undefined) giveUp(this.#over.reason);
    });
  }
}

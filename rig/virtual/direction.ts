/**
 * The director's place in a run: is told of what it listens to, has its deeds done once the event that made them due is over, and
 * is woken at its deadline. Keeps since when the script waits for what it waits for.
 */
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeOnly } from '../../observation/observers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Deed, Director, DirectorInput } from '../scenario/contract.ts';
import type { Alarm, EventQueue } from './event-queue.ts';

export class Direction {
  readonly director: Director;
  readonly observer: Observer;
  waitsSince: EpochMs;
  readonly #queue: EventQueue<() => void>;
  readonly #perform: (deed: Deed) => void;
  /** Deeds that are due but not yet done. */
  #due = 0;
  readonly #alarm: Alarm;

  constructor(director: Director, queue: EventQueue<() => void>, perform: (deed: Deed) => void) {
    this.director = director;
    this.#queue = queue;
    this.#perform = perform;
    this.#alarm = queue.alarm(() => this.#obey(director.wake(queue.now)));
    this.waitsSince = queue.now;
    const look = (seen: Observation): void => {
      if (director.listensTo.has(seen.kind)) this.#obey(director.apply(seen, seen.at));
    };
    this.observer = {
      ...observeOnly(director.hears, look),
      execution: (seen) => {
        // A device that ends one job after the other is getting on.
        if (seen.by === 'device' && seen.status !== 'IN_PROGRESS') this.waitsSince = seen.at;
        look(seen);
      },
    };
  }

  /** Some deed is due and not done yet. */
  get isBusy(): boolean {
    return this.#due > 0;
  }

  tell(input: Extract<DirectorInput, { readonly kind: 'start' | 'settled' }>): void {
    this.#obey(this.director.apply(input, this.#queue.now));
  }

  #obey(deeds: readonly Deed[]): void {
    for (const deed of deeds) {
      this.#due += 1;
      this.#queue.schedule(this.#queue.now, () => {
        this.#due -= 1;
        this.#perform(deed);
      });
    }
    if (deeds.length > 0) this.waitsSince = this.#queue.now;
    this.#arm();
  }

  /** Keeps one event in the queue for the director's deadline. */
  #arm(): void {
    const deadline = this.director.nextDeadline();
    if (deadline === undefined) this.#alarm.clear();
    else this.#alarm.set(deadline);
  }
}

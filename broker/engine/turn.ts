/**
 * One command at one instant: what it looks at, and what it leaves behind. Changes and events gather here in order; the
 * notifications of a thing are made once, at the end, from what happened to its queues (notifications.ts). A handler that
 * refuses does so before its first change, so a refused turn is empty.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { Change, ChangeTable, Effect, EventEffect } from './contract.ts';
import { sequenceSetting, type Tables } from './rows.ts';
import type { PendingQueue, State } from './state.ts';

export class Turn {
  readonly state: State;
  now: EpochMs;
  /** Queues whose notifications are not made yet. */
  touched: PendingQueue[] | undefined;
  #changes: Change[] | undefined;
  #effects: Effect[] | undefined;
  #events: EventEffect[] | undefined;
  #principals: Set<string> | undefined;
  #createdSomething = false;

  constructor(state: State, now: EpochMs) {
    this.state = state;
    this.now = now;
  }

  /** The next command: one object does for all of them, each of which is over before the next one begins. */
  begin(now: EpochMs): void {
    this.now = now;
    this.touched = undefined;
    this.#changes = undefined;
    this.#effects = undefined;
    this.#events = undefined;
    this.#principals = undefined;
    this.#createdSomething = false;
  }

  /** The next place in the order of creation. */
  createSequence(): number {
    this.#createdSomething = true;
    return this.state.nextSequence++;
  }

  put<Table extends ChangeTable>(table: Table, key: string, row: Tables[Table]): void {
    this.#keep({ table, key, row });
  }

  drop(table: ChangeTable, key: string): void {
    this.#keep({ table, key });
  }

  notify(effect: Effect): void {
    if (this.#effects === undefined) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** Events leave after every notification of the turn (events.md §5). */
  event(effect: EventEffect): void {
    (this.#events ??= []).push(effect);
  }

  /** What this certificate lets its holder do may have changed. Doors are told once a turn, before anything else. */
  principal(certificateId: string): void {
    (this.#principals ??= new Set()).add(certificateId);
  }

  /** Most turns have one change, and a list of one takes far less room than one that is pushed to. */
  #keep(change: Change): void {
    if (this.#changes === undefined) this.#changes = [change];
    else this.#changes.push(change);
  }

  /** Nothing was changed, created or said. */
  get isEmpty(): boolean {
    const said = this.#effects ?? this.#events ?? this.#principals;
    return this.#changes === undefined && said === undefined && !this.#createdSomething;
  }

  takeChanges(): readonly Change[] | undefined {
    if (this.#createdSomething) this.put('setting', sequenceSetting, { next: this.state.nextSequence });
    return this.#changes;
  }

  takeEffects(): readonly Effect[] | undefined {
    const said =
      this.#events === undefined || this.#effects === undefined
        ? (this.#events ?? this.#effects)
        : [...this.#effects, ...this.#events];
    if (this.#principals === undefined) return said;
    const changed = [...this.#principals].map((certificateId): Effect => ({ kind: 'principal', certificateId }));
    return said === undefined ? changed : [...changed, ...said];
  }
}

/**
 * Whether what clients ask is read. It is not while too much of it waits to be kept: sockets stay unread and requests wait, so that a store
 * that lags fills no memory with what is asked meanwhile. Whoever waits goes on when the store has caught up.
 * Source: docs/security.md, "Bounds".
 */
export class Inflow {
  #isHeld = false;
  readonly #waiting = new Set<() => void>();
  readonly #listeners: ((isHeld: boolean) => void)[] = [];

  get isHeld(): boolean {
    return this.#isHeld;
  }

  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    for (const hear of this.#listeners) hear(isHeld);
    if (isHeld) return;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of all) goOn();
  }

  /** @param goOn called once, when it is held no longer; what waits twice is called once */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn);
  }

  /** Is not called any more. */
  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }

  /** Told when that changes. */
  onChange(hear: (isHeld: boolean) => void): void {
    this.#listeners.push(hear);
  }
}

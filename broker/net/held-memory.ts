/**
 * Memory that connections hold: what has come in and is not whole, what waits, what is not read. Each holds a little for nothing; all
 * together have a bound, and when that is reached, the connection that has held something for longest is closed.
 * Source: docs/security.md, "Bounds".
 */
interface Holder {
  destroy(error?: Error): unknown;
}

export class HeldMemory {
  readonly #maxBytes: number;
  readonly #freeBytes: number;
  readonly #reason: (() => Error) | undefined;
  /** The first has held something for longest. */
  readonly #bytes = new Map<Holder, number>();
  #total = 0;

  /** @param reason is told whose connection is closed. */
  constructor(maxBytes: number, freeBytes: number, reason?: () => Error) {
    this.#maxBytes = maxBytes;
    this.#freeBytes = freeBytes;
    this.#reason = reason;
  }

  /** @param bytes all that it holds now. */
  hold(holder: Holder, bytes: number): void {
    if (bytes <= this.#freeBytes) {
      this.letGo(holder);
      return;
    }
    this.#total += bytes - (this.#bytes.get(holder) ?? 0);
    this.#bytes.set(holder, bytes);
    for (const [oldest] of this.#bytes) {
      if (this.#total <= this.#maxBytes) return;
      this.letGo(oldest);
      oldest.destroy(this.#reason?.());
    }
  }

  letGo(holder: Holder): void {
    const bytes = this.#bytes.get(holder);
    if (bytes === undefined) return;
    this.#total -= bytes;
    this.#bytes.delete(holder);
  }
}

/**
 * The RAM budget: named reservations that compete. What does not fit is refused, and the asker lives with it; nothing here is
 * fatal. Only the large, long-lived users are counted; what the firmware itself takes is one of them.
 */

/** The firmware, the connection (TLS and MQTT buffers), the received job document, the download (TLS and one segment). */
export type MemoryUser = 'firmware' | 'connection' | 'document' | 'download';

const nothingHeld: Readonly<Record<MemoryUser, number>> = { firmware: 0, connection: 0, document: 0, download: 0 };

export class MemoryBudget {
  readonly budgetBytes: number;
  #held: Record<MemoryUser, number> = { ...nothingHeld };
  #usedBytes = 0;

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Replaces the user's reservation. @returns false, and changes nothing, when it does not fit */
  reserve(user: MemoryUser, bytes: number): boolean {
    const others = this.#usedBytes - this.#held[user];
    if (others + bytes > this.budgetBytes) return false;
    this.#held[user] = bytes;
    this.#usedBytes = others + bytes;
    return true;
  }

  release(user: MemoryUser): void {
    this.#usedBytes -= this.#held[user];
    this.#held[user] = 0;
  }

  /** What a loss of power leaves. */
  clear(): void {
    this.#held = { ...nothingHeld };
    this.#usedBytes = 0;
  }
}

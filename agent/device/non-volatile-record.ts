/**
 * One record in non-volatile memory that survives a torn write: two places, written in turn, each with a sequence number
 * and a checksum. What is read is the newest whole one, so a power cut inside a write leaves the record before it.
 */
interface Place<Value> {
  readonly sequence: number;
  readonly value: Value | undefined;
  /** Whether its checksum is right. */
  readonly isWhole: boolean;
}

export class NonVolatileRecord<Value> {
  readonly #places: [Place<Value>, Place<Value>] = [
    { sequence: 0, value: undefined, isWhole: true },
    { sequence: -1, value: undefined, isWhole: false },
  ];

  read(): Value | undefined {
    return this.#newest().value;
  }

  /** A write that came to its end, or was cut off. */
  write(value: Value | undefined, isWhole: boolean): void {
    const newest = this.#newest();
    const older = newest === this.#places[1] ? 0 : 1;
    this.#places[older] = { sequence: newest.sequence + 1, value, isWhole };
  }

  /** Both places read as never written. */
  lose(): void {
    this.#places[0] = { sequence: 0, value: undefined, isWhole: true };
    this.#places[1] = { sequence: -1, value: undefined, isWhole: false };
  }

  /** What was written last does not read any more: what was there before it is read. */
  tear(): void {
    const newest = this.#newest();
    const index = newest === this.#places[1] ? 1 : 0;
    this.#places[index] = { ...newest, isWhole: false };
  }

  #newest(): Place<Value> {
    const [one, other] = this.#places;
    if (!other.isWhole) return one.isWhole ? one : { ...one, value: undefined };
    return !one.isWhole || other.sequence > one.sequence ? other : one;
  }
}

/** Assumed: a checkpoint takes four pages. Its sector is erased first; wear is levelled over many and not counted. */
export const recordPages = 4;

/**
 * Hands connections over an IPC channel, many at a time: a busy process turns some hundred times a second, and Node would hand over one
 * in each turn. Each is closed here only when the other side has acknowledged it, since a system may take back one that is closed while it
 * is on its way. When the channel ends, those that were on their way are lost.
 */
import { type HandleChannel, type RawHandle, onAcknowledged, sendAtOnce } from './socket-handle.ts';

interface Parcel {
  readonly message: object;
  readonly handle: RawHandle;
  readonly bytes: number;
}

/**
 * Node reads up to 64 KB at once and takes the connection that came with them for that of the message that ends there: so much less has
 * to be on the way that each message with a connection is read as one piece. A longer one goes alone.
 */
const maxBytesOnTheWay = 32 * 1024;

export class HandleQueue {
  readonly #channel: HandleChannel;
  readonly #waiting = new Set<Parcel>();
  readonly #onTheWay = new Set<Parcel>();
  #bytesOnTheWay = 0;

  constructor(channel: HandleChannel) {
    this.#channel = channel;
    onAcknowledged(channel, () => {
      for (const first of this.#onTheWay) return this.#done(first);
    });
  }

  send(message: object, handle: RawHandle): void {
    this.#waiting.add({ message, handle, bytes: JSON.stringify(message).length });
    this.#goOn();
  }

  /** The channel has ended. */
  end(): void {
    for (const { handle } of [...this.#onTheWay, ...this.#waiting]) handle.close();
    this.#onTheWay.clear();
    this.#waiting.clear();
    this.#bytesOnTheWay = 0;
  }

  #goOn(): void {
    if (!this.#channel.connected) return this.end();
    for (const parcel of this.#waiting) {
      const { message, handle, bytes } = parcel;
      if (this.#onTheWay.size > 0 && this.#bytesOnTheWay + bytes > maxBytesOnTheWay) return;
      this.#waiting.delete(parcel);
      this.#onTheWay.add(parcel);
      this.#bytesOnTheWay += bytes;
      sendAtOnce(this.#channel, message, handle, (error) => {
        if (error !== null) this.#done(parcel);
      });
    }
  }

  /** The other side has it, or it could not be sent. */
  #done(parcel: Parcel): void {
    if (!this.#onTheWay.delete(parcel)) return;
    this.#bytesOnTheWay -= parcel.bytes;
    parcel.handle.close();
    this.#goOn();
  }
}

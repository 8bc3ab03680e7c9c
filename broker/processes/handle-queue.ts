/**
 * Sends connections over an IPC channel and closes each here only when the other side has said that it has it: a system may
 * take back one that is closed while it is on its way. When the channel ends, those that were on their way are lost. Node sends one
 * at a time and goes through all that wait whenever it sends the next, so that most of them wait here.
 */
import { asSendHandle, type RawHandle } from './socket-handle.ts';

/** Either end of an IPC channel: a child process, or this process. */
export interface Channel {
  readonly connected: boolean;
  send?(message: object, handle: ReturnType<typeof asSendHandle>, sent: (error: Error | null) => void): boolean;
}

interface Parcel {
  readonly message: object;
  readonly handle: RawHandle;
}

/** The channel always has a next one, and what it goes through is short. */
const maxOnTheWay = 64;

export class HandleQueue {
  readonly #channel: Channel;
  readonly #waiting: Parcel[] = [];
  readonly #onTheWay: RawHandle[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  send(message: object, handle: RawHandle): void {
    this.#waiting.push({ message, handle });
    this.#goOn();
  }

  /** The other side has the one that was sent first of those on their way. */
  taken(): void {
    this.#onTheWay.shift()?.close();
    this.#goOn();
  }

  /** The channel has ended. */
  end(): void {
    for (const handle of this.#onTheWay.splice(0)) handle.close();
    for (const { handle } of this.#waiting.splice(0)) handle.close();
  }

  #goOn(): void {
    const channel = this.#channel;
    if (!channel.connected || channel.send === undefined) this.end();
    while (this.#waiting.length > 0 && this.#onTheWay.length < maxOnTheWay) {
      const { message, handle } = this.#waiting.shift()!;
      this.#onTheWay.push(handle);
      channel.send!(message, asSendHandle(handle), (error) => {
        if (error !== null) this.#drop(handle);
      });
    }
  }

  #drop(handle: RawHandle): void {
    const index = this.#onTheWay.indexOf(handle);
    if (index === -1) return;
    this.#onTheWay.splice(index, 1);
    handle.close();
    this.#goOn();
  }
}

/**
 * Sends connections over an IPC channel and closes each here only when the other side has said that it has it: a system may
 * take back one that is closed while it is on its way. When the channel ends, those that were on their way are lost.
 */
import { asSendHandle, type RawHandle } from './socket-handle.ts';

/** Either end of an IPC channel: a child process, or this process. */
export interface Channel {
  readonly connected: boolean;
  send?(message: object, handle: ReturnType<typeof asSendHandle>, sent: (error: Error | null) => void): boolean;
}

export class HandleQueue {
  readonly #channel: Channel;
  readonly #onTheWay: RawHandle[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  send(message: object, handle: RawHandle): void {
    if (!this.#channel.connected || this.#channel.send === undefined) {
      handle.close();
      return;
    }
    this.#onTheWay.push(handle);
    this.#channel.send(message, asSendHandle(handle), (error) => {
      if (error !== null) this.#drop(handle);
    });
  }

  /** The other side has the one that was sent first of those on their way. */
  taken(): void {
    this.#onTheWay.shift()?.close();
  }

  /** The channel has ended. */
  end(): void {
    for (const handle of this.#onTheWay.splice(0)) handle.close();
  }

  #drop(handle: RawHandle): void {
    const index = this.#onTheWay.indexOf(handle);
    if (index === -1) return;
    this.#onTheWay.splice(index, 1);
    handle.close();
  }
}

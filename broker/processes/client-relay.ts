/**
 * The starter's part in handing a client to its own door: only it has an IPC channel to every door, so a connection goes from the
 * door that accepted it by way of the starter, which never reads from it. A client whose door is not there is let go, and comes back.
 */
import type { ChildProcess } from 'node:child_process';
import type { FromProcess, ToProcess } from './contract.ts';
import { HandleQueue } from './handle-queue.ts';
import type { RawHandle } from './socket-handle.ts';

export class ClientRelay {
  readonly #queues = new Map<number, HandleQueue>();

  /** This door is open. */
  add(door: number, child: ChildProcess): void {
    const queue = new HandleQueue(child);
    this.#queues.set(door, queue);
    child.on('message', (message: FromProcess, handle: unknown) => {
      // None comes where the client has gone meanwhile.
      if (message.kind === 'client' && handle) this.#pass(message, handle as RawHandle);
    });
  }

  remove(door: number): void {
    this.#queues.get(door)?.end();
    this.#queues.delete(door);
  }

  #pass({ door, proof, bytes }: FromProcess & { readonly kind: 'client' }, handle: RawHandle): void {
    const queue = this.#queues.get(door);
    const message: ToProcess = { kind: 'client', proof, bytes };
    if (queue === undefined) handle.close();
    else queue.send(message, handle);
  }
}

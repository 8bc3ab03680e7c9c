/**
 * What a client's packets come in by, from its first byte on. Who is told of it changes once: first whoever finds out which version of
 * MQTT the client speaks, then the client's stream. A connection is listened to once, however often that changes.
 * Source: MQTT 3.1.1 §3.1.2.2, MQTT 5 §3.1.2.2: the byte behind the protocol's name.
 */
import type { Duplex } from 'node:stream';
import { connectPatienceMs } from './first-packet.ts';
import { readInPlace } from './internals.ts';

export interface WireListener {
  /** @param bytes valid during the call only. */
  received(bytes: Buffer): void;
  /** The other side says nothing more. */
  finished(): void;
  failed(error: Error): void;
  closed(): void;
  /** There is room again for what is written. */
  drained(): void;
}

export class Wire {
  readonly stream: Duplex;
  listener: WireListener;

  constructor(stream: Duplex, listener: WireListener) {
    this.stream = stream;
    this.listener = listener;
    const read = (bytes: Buffer): void => this.listener.received(bytes);
    stream
      .on('error', (error) => this.listener.failed(error))
      .on('end', () => this.listener.finished())
      .on('close', () => this.listener.closed())
      .on('drain', () => this.listener.drained())
      .on('data', read);
    readInPlace(stream, read);
  }
}

/**
 * Calls `known` once, with what the first bytes tell and these bytes, which are to be read again and are valid during the call only; or
 * destroys the stream when that ends, fails or says nothing for too long.
 * @param read gives `undefined` while there are too few bytes
 */
export function awaitStart<Told>(
  stream: Duplex,
  read: (start: Buffer) => Told | undefined,
  known: (wire: Wire, told: Told, start: Buffer) => void,
  failed: (error: Error) => void,
): void {
  let seen: Buffer | undefined;
  const patience = setTimeout(tooLate, connectPatienceMs, stream);
  const wire = new Wire(stream, {
    received(bytes) {
      const start = seen === undefined ? bytes : Buffer.concat([seen, bytes]);
      const told = read(start);
      if (told === undefined) seen = Buffer.from(start);
      else {
        clearTimeout(patience);
        known(wire, told, start);
      }
    },
    finished: () => void stream.destroy(),
    failed,
    closed: () => clearTimeout(patience),
    drained() {},
  });
}

export function tooLate(connection: { destroy(error: Error): unknown }): void {
  connection.destroy(new Error('CONNECT did not arrive in time'));
}

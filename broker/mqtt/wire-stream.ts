/**
 * A stream in front of a wire, to be given to aedes in its place: what waits to be written goes on in one piece and no faster
 * than the wire takes it, and the end of the wire is the end of both. What becomes of bytes on their way through is not known
 * here.
 */
import { Duplex } from 'node:stream';

export type Done = (error?: Error | null) => void;

export abstract class WireStream extends Duplex {
  protected readonly wire: Duplex;

  constructor(wire: Duplex) {
    super();
    this.wire = wire;
    wire.on('error', (error) => this.destroy(error));
    wire.once('end', () => this.push(null));
    wire.once('close', () => this.destroy());
  }

  /** Sends what these bytes are to the one at the other end. */
  protected abstract sendOn(bytes: Buffer): void;

  override _read(): void {
    this.wire.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#write([chunk], done);
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: Done): void {
    const chunks = pieces.map(({ chunk }) => chunk);
    this.#write(chunks, done);
  }

  #write(chunks: readonly Buffer[], done: Done): void {
    this.wire.cork();
    for (const chunk of chunks) this.sendOn(chunk);
    this.wire.uncork();
    if (this.wire.writableNeedDrain) this.wire.once('drain', done);
    else done();
  }
}

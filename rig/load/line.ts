/** What a load client reads from and writes to: a connection of some kind (network-lines.ts), or memory. */
import { Duplex } from 'node:stream';

export interface LineListener {
  opened(): void;
  /** `bytes` is valid during the call only. */
  received(bytes: Buffer): void;
  /** The last call, once. */
  gone(reason: string): void;
}

export interface Line {
  /** What has not come, until it is open; absent: the connection itself. */
  readonly awaits?: () => string | undefined;
  /** `bytes` may be overwritten once this has returned true. */
  write(bytes: Buffer): boolean;
  /** After what was written has left. */
  end(): void;
  /** Without a word. */
  drop(): void;
}

export type OpenLine = (index: number, listener: LineListener) => Line;

/** Lines into a service of this process, which takes any stream for a client. */
export function memoryLines(accept: (stream: Duplex) => void): OpenLine {
  return (_index, listener) => {
    const end = new ServiceEnd(listener);
    setImmediate(() => {
      accept(end);
      listener.opened();
    });
    return end.line();
  };
}

/** What is under way between both ends: delivered together, once a turn, as a socket would. */
let underWay: (() => void)[] = [];

function deliverSoon(deliver: () => void): void {
  if (underWay.push(deliver) === 1) setImmediate(deliverAll);
}

function deliverAll(): void {
  const all = underWay;
  underWay = [];
  for (const deliver of all) deliver();
}

class ServiceEnd extends Duplex {
  readonly #listener: LineListener;
  #isGone = false;

  constructor(listener: LineListener) {
    super();
    this.#listener = listener;
  }

  line(): Line {
    return {
      write: (bytes) => {
        const copy = Buffer.from(bytes);
        deliverSoon(() => this.destroyed || this.push(copy));
        return true;
      },
      end: () => deliverSoon(() => this.destroyed || this.push(null)),
      drop: () => this.destroy(),
    };
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    deliverSoon(() => {
      if (!this.#isGone) this.#listener.received(chunk);
      done();
    });
  }

  override _final(done: () => void): void {
    deliverSoon(() => this.#tellGone());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    deliverSoon(() => this.#tellGone());
    done(error);
  }

  #tellGone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener.gone('the service closed the connection');
  }
}

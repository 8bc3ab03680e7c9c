/**
 * What a load client reads from and writes to: a TCP socket, or, for a service in the same process, memory. All lines of a
 * process read into one buffer and are written from another, so that a load leaves little garbage and has few pauses.
 */
import net from 'node:net';
import { Duplex } from 'node:stream';

export interface LineListener {
  opened(): void;
  /** `bytes` is valid during the call only. */
  received(bytes: Buffer): void;
  /** The last call, once. */
  gone(reason: string): void;
}

export interface Line {
  /** `bytes` may be overwritten once this has returned true. */
  write(bytes: Buffer): boolean;
  /** After what was written has left. */
  end(): void;
  /** Without a word. */
  drop(): void;
}

export type OpenLine = (index: number, listener: LineListener) => Line;

const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** A pair of addresses has some 28,000 ports and slows long before they run out. */
const connectionsPerAddress = 10_000;

/** On loopback lines are spread over 127.0.0.1, 127.0.0.2, … */
function localAddressOf(index: number): string | undefined {
  const address = 1 + Math.floor(index / connectionsPerAddress);
  return address === 1 ? undefined : `127.0.${address >> 8}.${address & 0xff}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '::1';
}

/** @param endpoint of the form `mqtt://HOST:PORT` */
export function tcpLines(endpoint: string): OpenLine {
  const { hostname, port: written } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(written || 1883);
  const spreads = process.platform === 'linux' && host.startsWith('127.');
  return (index, listener) => {
    const localAddress = spreads ? localAddressOf(index) : undefined;
    const callback = (length: number): boolean => {
      listener.received(readBuffer.subarray(0, length));
      return true;
    };
    const socket = net.connect({ host, port, noDelay: true, localAddress, onread: { buffer: readBuffer, callback } });
    let reason = 'the service closed the connection';
    socket.once('connect', () => listener.opened());
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
    socket.once('close', () => listener.gone(reason));
    return {
      write(bytes) {
        socket.write(bytes);
        return socket.writableLength === 0;
      },
      end: () => void socket.end(),
      drop: () => void socket.resetAndDestroy(),
    };
  };
}

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

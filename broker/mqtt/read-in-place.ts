/**
 * Reading from TCP without garbage: whatever comes in lands in one buffer that all sockets share, and is dealt with before the
 * next one reads. A stream takes 64 KB for each chunk, gives most of it back and wraps what is left twice, which is a fifth of
 * what an exchange costs the service. Node has this for sockets that it opens (`onread`) and not for those that it accepts,
 * so it is switched on by hand; a Node that keeps it elsewhere reads as ever. TLS and other streams are left as they are.
 * Source: net.Socket's `onread` in Node's documentation, and where lib/net.js of Node 20 keeps it.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

interface Handle {
  useUserBuffer(buffer: Buffer): void;
}

/** A socket's places for the buffer and for who is told how much came in; returning true reads on. */
type ReadingSocket = Socket & {
  readonly _handle: Handle | null;
  [place: symbol]: Buffer | ((length: number) => boolean);
};

const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);

const [bufferPlace, callbackPlace] = placesOf(new Socket(), ['kBuffer', 'kBufferCb']);

/**
 * From now on calls `read` with what comes in, valid during the call only. What the stream has read before still comes as
 * `data`, and first.
 * @returns false when nothing has changed.
 */
export function readInPlace(wire: Duplex, read: (bytes: Buffer) => void): boolean {
  if (bufferPlace === undefined || callbackPlace === undefined || wire.constructor !== Socket) return false;
  const socket = wire as ReadingSocket;
  const { _handle: handle } = socket;
  if (handle === null) return false;
  handle.useUserBuffer(sharedBuffer);
  socket[bufferPlace] = sharedBuffer;
  socket[callbackPlace] = (length) => {
    read(sharedBuffer.subarray(0, length));
    return true;
  };
  return true;
}

function placesOf(socket: Socket, names: readonly string[]): readonly (symbol | undefined)[] {
  const symbols = Object.getOwnPropertySymbols(socket);
  return names.map((name) => symbols.find(({ description }) => description === name));
}

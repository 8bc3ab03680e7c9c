/**
 * The handle of a TCP socket, so that a client can be handed to another process as the connection that it is, and not as bytes
 * that somebody copies. Only this file reaches into Node for it; where the parts are missing, or the stream is no plain socket
 * (TLS and WebSocket have a state that stays here), there is no handle and the stream is copied.
 * Source: node:cluster hands connections to its workers in the same form; lib/net.js of Node 20 to 24.
 */
/* oxlint-disable no-underscore-dangle -- that is what undocumented parts begin with */
import type { SendHandle } from 'node:child_process';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { socketBuffers } from '../net/server-limits.ts';

/** A connection without a stream on top of it. */
export interface RawHandle {
  close(): void;
}

interface Handle extends RawHandle {
  readStop?(): number;
}

type SocketInternals = Socket & { _handle: Handle | null };

export interface Detached {
  readonly handle: RawHandle;
  /** What was read and belongs to whoever goes on with it. */
  readonly bytes: Buffer;
}

/** @returns the connection, which is not the stream's any more; `undefined` where it cannot be had, and all is as it was. */
export function detach(stream: Duplex): Detached | undefined {
  if (stream.constructor !== Socket) return undefined;
  const socket = stream as SocketInternals;
  const { _handle: handle } = socket;
  if (socket.destroyed || handle === null || typeof handle.readStop !== 'function') return undefined;
  const chunks: Buffer[] = [];
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
    chunks.push(chunk);
  // What comes from now on waits in the system.
  handle.readStop();
  socket._handle = null;
  socket.destroy();
  return { handle, bytes: Buffer.concat(chunks) };
}

/** A stream on a connection that came from another process, with what was read of it there. */
export function attach(handle: RawHandle, bytes: Buffer): Socket {
  const options = { handle, readable: true, writable: true, ...socketBuffers } as SocketConstructorOpts;
  const socket = new Socket(options);
  socket.setNoDelay(true);
  if (bytes.length > 0) socket.unshift(bytes);
  return socket;
}

/** In the form in which an IPC channel takes it: undocumented, and what node:cluster itself sends. */
export function asSendHandle(handle: RawHandle): SendHandle {
  return handle as unknown as SendHandle;
}

/**
 * The handle of a TCP socket, so that a client can be handed to another process as the connection that it is, and not as bytes
 * that somebody copies. Only this file reaches into Node for it; where the parts are missing, or the stream is no plain socket
 * (TLS and WebSocket have a state that stays here), there is no handle and the stream is copied.
 * Source: node:cluster hands connections to its workers in the same form; lib/net.js and lib/internal/child_process.js of Node 20 to 24.
 */
/* oxlint-disable no-underscore-dangle -- that is what undocumented parts begin with */
import type { SendHandle } from 'node:child_process';
import type { EventEmitter } from 'node:events';
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

/** @returns the connection, which is not the stream's any more; `undefined` where it cannot be had, and all is as it was. */
export function detach(stream: Duplex): RawHandle | undefined {
  if (stream.constructor !== Socket) return undefined;
  const socket = stream as SocketInternals;
  const { _handle: handle } = socket;
  if (socket.destroyed || handle === null || typeof handle.readStop !== 'function') return undefined;
  // What comes from now on waits in the system.
  handle.readStop();
  socket._handle = null;
  socket.destroy();
  return handle;
}

/** A stream on a connection that came from another process, with what was read of it there. */
export function attach(handle: RawHandle, bytes: Buffer): Socket {
  const options = { handle, readable: true, writable: true, ...socketBuffers } as SocketConstructorOpts;
  const socket = new Socket(options);
  socket.setNoDelay(true);
  if (bytes.length > 0) socket.unshift(bytes);
  return socket;
}

/** Either end of an IPC channel: a child process, or this process. */
export interface HandleChannel {
  readonly connected: boolean;
  send?(message: object, handle: SendHandle, sent: (error: Error | null) => void): boolean;
}

/** What Node says by itself on a channel. */
interface Internal {
  readonly cmd?: string;
}

/** With what waits until the handle that was sent last is acknowledged; null: none is on its way. */
type ChannelInternals = HandleChannel & EventEmitter & { _handleQueue: unknown[] | null };

/**
 * Sends a connection, in the undocumented form that node:cluster sends too, though others are not acknowledged yet: for Node none is on
 * its way. Whoever uses this has to hear of acknowledgements by {@link onAcknowledged}.
 */
export function sendAtOnce(
  channel: HandleChannel,
  message: object,
  handle: RawHandle,
  sent: (error: Error | null) => void,
): void {
  const internals = channel as ChannelInternals;
  const { _handleQueue: waiting = null } = internals;
  internals._handleQueue = null;
  channel.send?.(message, handle as unknown as SendHandle, sent);
  internals._handleQueue = waiting;
}

/** @param hear called for each connection that the other side has got, or has not for want of descriptors, in their order */
export function onAcknowledged(channel: HandleChannel, hear: () => void): void {
  const internals = channel as ChannelInternals;
  // Node expects that one is on its way.
  internals.prependListener('internalMessage', (message: Internal) => {
    if (isAcknowledgement(message)) internals._handleQueue ??= [];
  });
  internals.on('internalMessage', (message: Internal) => {
    if (isAcknowledgement(message)) hear();
  });
}

function isAcknowledgement({ cmd }: Internal): boolean {
  return cmd === 'NODE_HANDLE_ACK' || cmd === 'NODE_HANDLE_NACK';
}

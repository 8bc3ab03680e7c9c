/**
 * Lines to an endpoint: TCP, TLS, or WebSocket over either. All TCP lines of a process read into one buffer, so that a load leaves
 * little garbage and has few pauses; the others cost a load what they cost.
 */
import type { EventEmitter } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { WebSocket } from 'ws';
import type { DeviceCredentials } from '../../agent/mqtt/device-connection.ts';
import { HandshakeWatch } from '../../agent/mqtt/handshakes.ts';
import { tlsFailure } from '../../agent/mqtt/tls-failure.ts';
import { present } from '../../protocol/json.ts';
import type { LineListener, OpenLine } from './line.ts';
import { isSpread, localAddressOf } from './loopback.ts';

/** By index of the thing among all; `undefined`: only the server is checked, by what the system trusts. */
export type CredentialsOf = (index: number) => DeviceCredentials | undefined;

/** @param endpoint `mqtt:`, `mqtts:`, `ws:` or `wss:` */
export async function linesTo(endpoint: string, credentialsOf: CredentialsOf = () => undefined): Promise<OpenLine> {
  const url = new URL(endpoint);
  switch (url.protocol) {
    case 'mqtt:':
      return tcpLines(url);
    case 'mqtts:':
      return tlsLines(url, credentialsOf);
    default:
      return webSocketLines((await import('ws')).WebSocket, url, credentialsOf);
  }
}

const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const closedByService = 'the service closed the connection';

function tcpLines(url: URL): OpenLine {
  const { host, port, sourceOf } = placeOf(url, 1883);
  return (index, listener) => {
    const callback = (length: number): boolean => {
      listener.received(readBuffer.subarray(0, length));
      return true;
    };
    const onread = { buffer: readBuffer, callback };
    const socket = net.connect({ host, port, noDelay: true, ...sourceOf(index), onread });
    socket.once('connect', () => listener.opened());
    tellGone(socket, listener);
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

function tlsLines(url: URL, credentialsOf: CredentialsOf): OpenLine {
  const { host, port, sourceOf } = placeOf(url, 8883);
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const contextOf = contexts();
  return (index, listener) => {
    const context = contextOf(credentialsOf(index));
    const place = { host, port, ...servername, ...sourceOf(index) };
    const handshakes = new HandshakeWatch();
    const socket = handshakes.watch(tls.connect({ ...place, ...context }));
    socket.setNoDelay(true);
    socket.on('data', (bytes) => listener.received(bytes));
    socket.once('secureConnect', () => listener.opened());
    tellGone(socket, listener);
    return {
      awaits: () => handshakes.awaited,
      write(bytes) {
        socket.write(Buffer.from(bytes));
        return true;
      },
      end: () => void socket.end(),
      drop: () => void socket.destroy(),
    };
  };
}

/** @param Socket the class, which only these lines load */
function webSocketLines(Socket: typeof WebSocket, url: URL, credentialsOf: CredentialsOf): OpenLine {
  const { sourceOf } = placeOf(url);
  const contextOf = contexts();
  return (index, listener) => {
    const context = contextOf(credentialsOf(index));
    const handshakes = new HandshakeWatch();
    const { finishRequest } = handshakes;
    const given = { ...context, ...sourceOf(index), perMessageDeflate: false, finishRequest };
    const socket = new Socket(url, 'mqtt', given);
    socket.once('open', () => listener.opened());
    socket.on('message', (bytes: Buffer) => listener.received(bytes));
    tellGone(socket, listener);
    return {
      awaits: () => handshakes.awaited,
      write(bytes) {
        socket.send(Buffer.from(bytes));
        return true;
      },
      end: () => socket.close(),
      drop: () => socket.terminate(),
    };
  };
}

function tellGone(socket: EventEmitter, listener: LineListener): void {
  let reason = closedByService;
  socket.on('error', (error: Error) => (reason = reasonOf(error)));
  socket.once('close', () => listener.gone(reason));
}

/** In a few words: the system's code where there is one. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const { code = '', message } = error;
  return tlsFailure(error) ?? (/^E(?!RR_)[A-Z]+/.test(code) ? code : message);
}

/** A context takes longer to make than a handshake, so that things with the same certificate share one. */
function contexts(): (credentials?: DeviceCredentials) => { readonly secureContext?: tls.SecureContext } {
  const made = new WeakMap<DeviceCredentials, tls.SecureContext>();
  return (credentials) => {
    if (credentials === undefined) return {};
    const secureContext = made.get(credentials) ?? tls.createSecureContext(credentials);
    made.set(credentials, secureContext);
    return { secureContext };
  };
}

/** Where it is, and from where its lines come. */
function placeOf(url: URL, defaultPort = 0) {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url.port || defaultPort),
    sourceOf: (index: number) => present({ localAddress: isSpread(host) ? localAddressOf(index) : undefined }),
  };
}

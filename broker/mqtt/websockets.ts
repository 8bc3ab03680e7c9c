/**
 * MQTT over WebSocket: an HTTP server that upgrades requests for `/mqtt` to a stream of bytes, and leaves all else to who
 * answers HTTP on the same port, if anybody does. Whether a signature has to come along (AWS's SDKs sign the URL) and which
 * web pages may come is for whoever opens the door. Text frames are taken as bytes.
 * Source: reference connection.md §1; MQTT 3.1.1 §6; AWS's SDK v1 asks for `mqttv3.1` (docs/clients.md).
 */
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  STATUS_CODES,
} from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { HeldMemory } from '../net/held-memory.ts';
import { parseHost } from '../net/web-guard.ts';
import { type WebSocket, WebSocketServer, createWebSocketStream } from 'ws';

const path = '/mqtt';
const subprotocols: ReadonlySet<string> = new Set(['mqtt', 'mqttv3.1']);
/** One message may carry many packets. */
const maxMessageBytes = 4 * 1024 * 1024;
/** Of a frame of a client that says little, which is what most are. */
const frameHeaderBytes = 6;

/** An upgrade that is asked for, as it stood on the wire. */
export interface UpgradeRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** The address of this machine on which it came in. */
  readonly localAddress?: string;
}

export interface UpgradeRefusal {
  /** Of HTTP. */
  readonly status: number;
  readonly message: string;
}

/** Who may come in by WebSocket: `undefined` for who may. */
export type WhyNotUpgrade = (request: UpgradeRequest) => UpgradeRefusal | undefined;

export interface WebSocketOptions {
  readonly whyNotUpgrade: WhyNotUpgrade;
  /** Counts messages that have not come whole. */
  readonly inbound: HeldMemory;
  /** Answers requests that are no upgrades; absent: they are told that only WebSocket is spoken here. */
  readonly web?: RequestListener | undefined;
}

/** @param arrived gets the stream, the connection below it and the host that the client has asked. */
export function acceptWebSockets(
  server: Server | HttpsServer,
  { whyNotUpgrade, inbound, web = onlyWebSocket }: WebSocketOptions,
  arrived: (stream: Duplex, socket: Duplex, host: string | undefined) => void,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => firstKnown([...offered]) ?? false,
  });
  server.on('request', web);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Until somebody else listens; a socket that fails without a listener ends the process.
    socket.on('error', () => {});
    const refusal = refusalOf(request, whyNotUpgrade);
    if (refusal === undefined) {
      const { name } = parseHost(request.headers.host) ?? {};
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        countHeld(webSocket, socket, inbound);
        arrived(byteStream(webSocket), socket, name);
      });
    } else {
      refuse(socket, refusal);
    }
  });
}

const onlyWebSocket: RequestListener = (_request, response) => {
  response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end(`MQTT over WebSocket is at ${path}.\n`);
};

function refuse(socket: Duplex, { status, message }: UpgradeRefusal): void {
  const body = `${message}\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function refusalOf(request: IncomingMessage, whyNotUpgrade: WhyNotUpgrade): UpgradeRefusal | undefined {
  const { method = '', url = '', headers, rawHeaders, socket } = request;
  if (url.split('?', 1)[0] !== path) return { status: 404, message: `MQTT over WebSocket is at ${path}.` };
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  if (firstKnown(offered) === undefined) {
    return { status: 400, message: 'The subprotocol mqtt has to be asked for (Sec-WebSocket-Protocol).' };
  }
  return whyNotUpgrade({ method, target: url, headers, rawHeaders, localAddress: socket.localAddress });
}

function firstKnown(offered: readonly string[]): string | undefined {
  return offered.find((name) => subprotocols.has(name));
}

/** ws keeps the pieces of a message until it is whole. */
function countHeld(webSocket: WebSocket, socket: Duplex, inbound: HeldMemory): void {
  const holder = { destroy: () => webSocket.terminate() };
  let bytes = 0;
  let lastChunk = 0;
  const count = (now: number): void => {
    bytes = Math.max(0, now);
    inbound.hold(holder, bytes);
  };
  const control = (data: Buffer): void => count(bytes - data.length - frameHeaderBytes);
  socket.prependListener('data', (chunk: Buffer) => {
    lastChunk = chunk.length;
    count(bytes + lastChunk);
  });
  // What is left can only have come with the end of this message.
  webSocket.on('message', (data: Buffer) => count(Math.min(bytes - data.length - frameHeaderBytes, lastChunk)));
  webSocket.on('ping', control).on('pong', control);
  socket.once('close', () => inbound.letGo(holder));
}

/** As ws makes it, but what is written while it is corked leaves as one frame and not as one for each piece of a packet. */
function byteStream(webSocket: WebSocket): Duplex {
  return Object.assign(createWebSocketStream(webSocket), {
    _writev(pieces: readonly { readonly chunk: Buffer }[], done: (error?: Error) => void) {
      webSocket.send(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
    },
  });
}

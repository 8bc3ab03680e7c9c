/**
 * MQTT over WebSocket: an HTTP server that upgrades requests for `/mqtt` to a stream of bytes, and leaves all else to who
 * answers HTTP on the same port, if anybody does. Whether a
 * signature has to come along (AWS's SDKs sign the URL) is for whoever opens the door. Text frames are taken as bytes.
 * Source: reference connection.md §1; MQTT 3.1.1 §6; AWS's SDK v1 asks for `mqttv3.1` (docs/clients.md).
 */
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  STATUS_CODES,
  createServer,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer, createWebSocketStream } from 'ws';

const path = '/mqtt';
const subprotocols: ReadonlySet<string> = new Set(['mqtt', 'mqttv3.1']);
/** One message may carry many packets; aedes' parser judges those. */
const maxMessageBytes = 4 * 1024 * 1024;

/** An upgrade that is asked for, as it stood on the wire. */
export interface UpgradeRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** Who may come in by WebSocket. */
export type MayUpgrade = (request: UpgradeRequest) => boolean;

export interface WebSocketServerOptions {
  readonly mayUpgrade: MayUpgrade;
  /** Answers requests that are no upgrades; absent: they are told that only WebSocket is spoken here. */
  readonly web?: RequestListener | undefined;
}

/** @param arrived gets the stream, the connection below it and the host that the client has asked. */
export function createWebSocketServer(
  { mayUpgrade, web = onlyWebSocket }: WebSocketServerOptions,
  arrived: (stream: Duplex, socket: Duplex, host: string | undefined) => void,
): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => firstKnown([...offered]) ?? false,
  });
  return createServer(web).on('upgrade', (request: IncomingMessage, socket, head) => {
    const status = refusalOf(request, mayUpgrade);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      arrived(byteStream(webSocket), socket, hostAsked(request)),
    );
  });
}

const onlyWebSocket: RequestListener = (_request, response) => {
  response.writeHead(426, { upgrade: 'websocket' }).end(`MQTT over WebSocket is at ${path}.\n`);
};

/** Without its port. */
function hostAsked({ headers: { host = '' } }: IncomingMessage): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

function refusalOf({ method = '', url = '', headers }: IncomingMessage, mayUpgrade: MayUpgrade): number | undefined {
  if (url.split('?', 1)[0] !== path) return 404;
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  if (firstKnown(offered) === undefined) return 400;
  return mayUpgrade({ method, target: url, headers }) ? undefined : 403;
}

function firstKnown(offered: readonly string[]): string | undefined {
  return offered.find((name) => subprotocols.has(name));
}

/** As ws makes it, but what is written while it is corked leaves as one frame and not as one for each piece of a packet. */
function byteStream(webSocket: WebSocket): Duplex {
  return Object.assign(createWebSocketStream(webSocket), {
    _writev(pieces: readonly { readonly chunk: Buffer }[], done: (error?: Error) => void) {
      webSocket.send(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
    },
  });
}

/**
 * The sockets on which devices arrive, one entry per transport; each ends in a duplex stream with what it proves about its
 * owner. The `wss` port is AWS's port 443: whoever names MQTT or HTTP in the handshake (ALPN) speaks it at once; of who names
 * nothing, the first byte tells. Nagle's algorithm is off (an exchange takes 44 ms with it, 0.1 ms without), and the backlog takes a
 * fleet that connects at once. Source: reference connection.md §1; rates measured in the design's performance notes.
 */
import { strict as assert } from 'node:assert';
import type { RequestListener } from 'node:http';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TLSSocket, createServer as createTlsServer } from 'node:tls';
import { OperationalError } from '../../protocol/operational-error.ts';
import { awaitFirstBytes, connectHeader } from './first-packet.ts';
import { type MayUpgrade, createWebSocketServer } from './websockets.ts';

export const transports = ['tcp', 'tls', 'ws', 'wss'] as const;
export type Transport = (typeof transports)[number];

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** The CA whose certificates devices show. */
  readonly ca: string;
}

export interface ListenerSettings {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Needed for TLS. */
  readonly certificates?: ServerCertificate;
  /** A device without a certificate of our CA fails in the TLS handshake. */
  readonly demandCertificate: boolean;
  readonly mayUpgrade: MayUpgrade;
  /** Answers HTTP on the `wss` port. */
  readonly web?: RequestListener;
}

export interface Arrival {
  /** `tls` also for who came to the `wss` port and speaks MQTT without WebSocket. */
  readonly transport: Transport;
  readonly stream: Duplex;
  /** Common name of its certificate, if that is one of our CA. */
  readonly certificateName?: string | undefined;
  /** By which host name or address it has come, as it says itself or as the socket shows. */
  readonly address: string | undefined;
}

export interface Arrivals {
  /** A raw connection, before any handshake; it may be destroyed here. */
  readonly connecting: (socket: Socket) => void;
  readonly arrived: (arrival: Arrival) => void;
  readonly failed: (error: Error) => void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** AWS's name for MQTT on port 443, and the plain one; a device may also offer none. */
const mqttProtocols: readonly string[] = ['x-amzn-mqtt-ca', 'mqtt'];
/** AWS's name for HTTP with a client certificate on port 443, and the plain one. */
const httpProtocols: readonly string[] = ['x-amzn-http-ca', 'http/1.1'];
const backlog = 4096;

const serverFor: { readonly [T in Transport]: (settings: ListenerSettings, arrivals: Arrivals) => Server } = {
  tcp: (_settings, { arrived }) =>
    createServer({ noDelay: true }, (socket) =>
      arrived({ transport: 'tcp', stream: socket, address: socket.localAddress }),
    ),

  tls: (settings, arrivals) =>
    secureServer(settings, arrivals, mqttProtocols, (socket) => arrivals.arrived(overTls(socket))),

  ws: ({ mayUpgrade }, { arrived }) =>
    createWebSocketServer({ mayUpgrade }, (stream, _socket, address) => arrived({ transport: 'ws', stream, address })),

  wss({ mayUpgrade, web, ...settings }, arrivals) {
    const server = createWebSocketServer({ mayUpgrade, web }, (stream, socket, address) =>
      arrivals.arrived({
        transport: 'wss',
        stream,
        certificateName: certificateName(socket as TLSSocket),
        address,
      }),
    );
    const speak = (socket: TLSSocket, protocol: 'mqtt' | 'http'): void => {
      if (protocol === 'mqtt') arrivals.arrived(overTls(socket));
      else server.emit('connection', socket);
    };
    return secureServer({ ...settings, mayUpgrade }, arrivals, [...mqttProtocols, ...httpProtocols], (socket) => {
      const named = socket.alpnProtocol;
      if (named) speak(socket, mqttProtocols.includes(named) ? 'mqtt' : 'http');
      else awaitFirstBytes(socket, protocolOf, (protocol) => speak(socket, protocol), arrivals.failed);
    });
  },
};

/** No method of HTTP begins as CONNECT does. */
function protocolOf([first]: Buffer): 'mqtt' | 'http' {
  return first === connectHeader ? 'mqtt' : 'http';
}

function overTls(socket: TLSSocket): Arrival {
  const { servername, localAddress } = socket as TLSSocket & { readonly servername?: string | false };
  return {
    transport: 'tls',
    stream: socket,
    certificateName: certificateName(socket),
    address: servername || localAddress,
  };
}

function secureServer(
  { certificates, demandCertificate }: ListenerSettings,
  { failed }: Arrivals,
  protocols: readonly string[],
  secured: (socket: TLSSocket) => void,
): Server {
  assert(certificates !== undefined, 'TLS needs a certificate');
  const options = { ...certificates, requestCert: true, rejectUnauthorized: demandCertificate };
  const server = createTlsServer({ ...options, ALPNProtocols: [...protocols], noDelay: true }, secured);
  return server.on('tlsClientError', (error, { authorizationError }) =>
    // Node closes on a certificate of another CA, and reports no more than that the socket hung up.
    failed(authorizationError ? new Error(`certificate refused: ${String(authorizationError)}`) : error),
  );
}

/** Only a certificate of our CA says anything. */
function certificateName(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject.CN;
  return typeof name === 'string' ? name : undefined; // several common names name nobody
}

export async function listen(transport: Transport, settings: ListenerSettings, arrivals: Arrivals): Promise<Listener> {
  const { host, port } = settings;
  const server = serverFor[transport](settings, arrivals);
  server.prependListener('connection', arrivals.connecting);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, transport, host, port)));
    server.listen({ host, port, backlog }, resolve);
  });
  server.on('error', arrivals.failed);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

function listenError(cause: NodeJS.ErrnoException, transport: Transport, host: string, port: number): OperationalError {
  if (cause.code === 'EADDRINUSE') {
    return new OperationalError('PORT_TAKEN', `Port ${port} on ${host} is taken by another process`, {
      hint: `Choose another port for MQTT over ${transport.toUpperCase()}, or 0 for a free one.`,
      cause,
    });
  }
  return new OperationalError('CANNOT_LISTEN', `Cannot listen for MQTT on ${host}:${port}: ${cause.message}`, {
    hint: 'Choose an address of this machine and a port that this user may open.',
    cause,
  });
}

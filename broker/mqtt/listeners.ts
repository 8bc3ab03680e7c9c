/**
 * The sockets on which devices arrive, one entry per transport; each ends in a duplex stream with what it proves about its
 * owner. The `wss` port is AWS's port 443: whoever names MQTT or HTTP in the handshake (ALPN) speaks it at once; of who names
 * nothing, the first byte tells. Nagle's algorithm is off (an exchange takes 44 ms with it, 0.1 ms without), and the backlog takes a
 * fleet that connects at once. Source: reference connection.md §1; rates measured in the design's performance notes.
 */
import { strict as assert } from 'node:assert';
import { type RequestListener, createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type Server, type Socket, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type PeerCertificate,
  type Server as TlsServer,
  type TLSSocket,
  type TlsOptions,
  createServer as createTlsServer,
} from 'node:tls';
import type { HeldMemory } from '../net/held-memory.ts';
import { type WantedPort, listen as listenAt } from '../net/listening.ts';
import { httpLimits, limitHandshakes, lostInHandshake, maxHeaders, socketBuffers } from '../net/server-limits.ts';
import { awaitFirstBytes, connectHeader } from './first-packet.ts';
import type { ShownCertificate } from './registered-principals.ts';
import type { WhyNotUpgrade } from './websockets.ts';

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
  readonly port: WantedPort;
  /** Needed for TLS. */
  readonly certificates?: ServerCertificate;
  /** A device without a certificate of our CA, or one that is registered, is turned away after the TLS handshake. */
  readonly demandCertificate: boolean;
  /** Whether a certificate of another CA is in the registry, by its id. */
  readonly isRegistered: (certificateId: string) => Promise<boolean>;
  readonly whyNotUpgrade: WhyNotUpgrade;
  /** Counts messages of WebSocket that have not come whole. */
  readonly inbound: HeldMemory;
  /** Answers HTTP on the `wss` port. */
  readonly web?: RequestListener;
}

export interface Arrival {
  /** `tls` also for who came to the `wss` port and speaks MQTT without WebSocket. */
  readonly transport: Transport;
  readonly stream: Duplex;
  /** What the stream comes in by. */
  readonly socket: Duplex;
  /** Its certificate, if that is one of our CA or registered. */
  readonly certificate?: ShownCertificate | undefined;
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

type MakeServer = (settings: ListenerSettings, arrivals: Arrivals) => Server | Promise<Server>;

/** What speaks WebSocket is loaded for a port that does. */
const serverFor: { readonly [T in Transport]: MakeServer } = {
  tcp: (_settings, { arrived }) =>
    createServer({ ...socketBuffers, noDelay: true }, (socket) =>
      arrived({ transport: 'tcp', stream: socket, socket, address: socket.localAddress }),
    ),

  tls(settings, arrivals) {
    const options = tlsOptions(settings, mqttProtocols);
    const server = createTlsServer(options, (socket) => {
      void vet(socket, settings, arrivals, () => arrivals.arrived(overTls(socket)));
    });
    return guarded(server, arrivals);
  },

  async ws({ whyNotUpgrade, inbound }, { arrived }) {
    const { acceptWebSockets } = await import('./websockets.ts');
    const server = createHttpServer({ ...httpLimits, ...socketBuffers, noDelay: true });
    server.maxHeadersCount = maxHeaders;
    acceptWebSockets(server, { whyNotUpgrade, inbound }, (stream, socket, address) =>
      arrived({ transport: 'ws', stream, socket, address }),
    );
    return server;
  },

  async wss(settings, arrivals) {
    const { acceptWebSockets } = await import('./websockets.ts');
    // One server that listens, so that Node's limits on headers hold: it looks after connections of listening servers only.
    const server = createHttpsServer({ ...tlsOptions(settings, [...mqttProtocols, ...httpProtocols]), ...httpLimits });
    server.maxHeadersCount = maxHeaders;
    acceptWebSockets(server, settings, (stream, socket, address) =>
      arrivals.arrived({
        transport: 'wss',
        stream,
        socket,
        certificate: vetted.get(socket as TLSSocket),
        address,
      }),
    );
    const speakHttp = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
    server.removeAllListeners('secureConnection');
    const speak = (socket: TLSSocket, protocol: 'mqtt' | 'http'): void => {
      if (protocol === 'mqtt') arrivals.arrived(overTls(socket));
      else for (const listener of speakHttp) listener.call(server, socket);
    };
    const admit = (socket: TLSSocket): void => {
      const named = socket.alpnProtocol;
      if (named) speak(socket, mqttProtocols.includes(named) ? 'mqtt' : 'http');
      else awaitFirstBytes(socket, protocolOf, (protocol) => speak(socket, protocol), arrivals.failed, firstByteMs);
    };
    server.on('secureConnection', (socket) => void vet(socket, settings, arrivals, () => admit(socket)));
    return guarded(server, arrivals);
  },
};

/** As long as HTTP waits for its headers. */
const firstByteMs = 10_000;

/** No method of HTTP begins as CONNECT does. */
function protocolOf([first]: Buffer): 'mqtt' | 'http' {
  return first === connectHeader ? 'mqtt' : 'http';
}

function overTls(socket: TLSSocket): Arrival {
  const { servername, localAddress } = socket as TLSSocket & { readonly servername?: string | false };
  return {
    transport: 'tls',
    stream: socket,
    socket,
    certificate: vetted.get(socket),
    address: servername || localAddress,
  };
}

/** What is known of the certificates that were shown; nothing of those that say nothing here. */
const vetted = new WeakMap<TLSSocket, ShownCertificate>();

/** Looks at the certificate of a connection that stands, and lets it in or closes it. */
async function vet(
  socket: TLSSocket,
  { demandCertificate, isRegistered }: ListenerSettings,
  { failed }: Arrivals,
  admit: () => void,
): Promise<void> {
  // Null once the connection is gone, whatever Node's types say.
  const peer = socket.getPeerCertificate() as PeerCertificate | null;
  if (peer === null) return;
  const { fingerprint256, subject } = peer;
  const isShown = typeof fingerprint256 === 'string';
  if (isShown) {
    const id = fingerprint256.replaceAll(':', '').toLowerCase();
    // Several common names name nobody.
    const name = typeof subject.CN === 'string' ? subject.CN : undefined;
    if (socket.authorized) vetted.set(socket, { id, peer, ...(name !== undefined && { name }) });
    else {
      socket.on('error', ignore);
      if (await isRegistered(id)) vetted.set(socket, { id, peer });
      socket.off('error', ignore);
    }
  }
  if (socket.destroyed) return;
  if (!demandCertificate || vetted.has(socket)) {
    admit();
    return;
  }
  failed(new Error(`certificate refused: ${isShown ? String(socket.authorizationError) : 'none was shown'}`));
  socket.destroy();
}

function ignore(): void {}

function tlsOptions({ certificates }: ListenerSettings, ALPNProtocols: readonly string[]): TlsOptions {
  assert(certificates !== undefined, 'TLS needs a certificate');
  // A certificate of another CA may be registered, which only the service knows.
  const options = { ...certificates, requestCert: true, rejectUnauthorized: false };
  return { ...options, ...socketBuffers, ALPNProtocols: [...ALPNProtocols], noDelay: true };
}

function guarded(server: TlsServer, { failed }: Arrivals): Server {
  limitHandshakes(server, failed);
  return server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    failed(error.code === 'ECONNRESET' ? new Error(lostInHandshake) : error);
  });
}

const names: { readonly [T in Transport]: readonly [purpose: string, option: string] } = {
  tcp: ['MQTT over TCP', '--mqtt-port'],
  tls: ['MQTT over TLS', '--mqtts-port'],
  ws: ['MQTT over WebSocket', '--ws-port'],
  wss: ['MQTT over WebSocket with TLS', '--wss-port'],
};

/** @throws OperationalError `PORT_TAKEN` or `CANNOT_LISTEN` */
export async function listen(transport: Transport, settings: ListenerSettings, arrivals: Arrivals): Promise<Listener> {
  const { host, port } = settings;
  const server = await serverFor[transport](settings, arrivals);
  server.prependListener('connection', arrivals.connecting);
  const [purpose, option] = names[transport];
  const listened = await listenAt(server, { host, port, purpose, option });
  server.on('error', arrivals.failed);
  return {
    port: listened,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

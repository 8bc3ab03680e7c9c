/**
 * Connections between processes of one rig, on one machine or on several: mutual TLS with certificates of the rig's authority, each
 * of a node; in the clear only on loopback, where there is none. One port takes what comes, by its first byte: the link of a door, a
 * client that is handed on, or HTTP.
 */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type Server, type Socket, connect as connectTcp, createServer } from 'node:net';
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { OperationalError } from '../../protocol/operational-error.ts';
import { nodeName } from '../certificate-authority.ts';
import { type WantedPort, listen } from '../net/listening.ts';
import type { NodeCertificate } from './node-certificate.ts';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

const helloWithinMs = 5000;
const linkByte = 0;
const handedClientByte = '{'.charCodeAt(0);

/** @throws {OperationalError} `NODE_NOT_PROVED` */
export function refuseUnproved(certificate: NodeCertificate | undefined, addresses: readonly NodeAddress[]): void {
  const away = certificate === undefined ? addresses.find(({ host }) => !isLoopback(host)) : undefined;
  if (away === undefined) return;
  throw new OperationalError(
    'NODE_NOT_PROVED',
    `${away.host} is not a loopback address, and this node has no certificate`,
    {
      hint: 'Make one with `jobrig certs --node NAME --out DIR` where the certificate authority is, and give that DIR as --data-dir.',
    },
  );
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
}

export interface NodeListener {
  readonly address: NodeAddress;
  close(): Promise<void>;
}

export interface NodeListenerOptions {
  readonly at: { readonly host: string; readonly port: WantedPort };
  readonly certificate: NodeCertificate | undefined;
  readonly onLink?: (stream: Socket) => void;
  readonly onClient?: (stream: Socket) => void;
  readonly onRequest?: RequestListener;
  /** Whoever is not let in, to be told why. Default: it is not told. */
  readonly onRefused?: (stream: Socket, why: string) => void;
  readonly onWarning: (warning: string) => void;
}

/** @throws {OperationalError} when it cannot listen, or may not */
export async function listenForNodes(options: NodeListenerOptions): Promise<NodeListener> {
  const { at, certificate, onLink, onClient, onRequest } = options;
  refuseUnproved(certificate, [{ host: at.host, port: 0 }]);
  const http = createHttpServer(onRequest);
  const streams = new Set<Socket>();
  const take = (stream: Socket): void => {
    streams.add(stream);
    stream.setNoDelay(true);
    stream.setTimeout(helloWithinMs, () => stream.destroy());
    stream.on('error', () => {}).once('close', () => streams.delete(stream));
    stream.once('readable', () => {
      const bytes = stream.read() as Buffer | null;
      if (bytes === null) return stream.destroy();
      stream.setTimeout(0);
      stream.unshift(bytes);
      if (bytes[0] === linkByte && onLink) return onLink(stream);
      if (bytes[0] === handedClientByte && onClient) return onClient(stream);
      return http.emit('connection', stream);
    });
  };
  const server = certificate === undefined ? createServer(take) : tlsServer(certificate, take, options);
  const port = await listen(server, { ...at, purpose: 'other nodes', option: '--listen' });
  return {
    address: { host: at.host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const stream of streams) stream.destroy();
        http.close();
      }),
  };
}

function tlsServer(
  certificate: NodeCertificate,
  take: (stream: Socket) => void,
  { onWarning, onRefused }: NodeListenerOptions,
): Server {
  const server = createTlsServer({
    ...certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  server.on('secureConnection', (stream: TLSSocket) => {
    const why = objection(stream);
    if (why === undefined) return take(stream);
    onWarning(`A node at ${stream.remoteAddress ?? 'an unknown address'} is not let in: ${why}`);
    stream.on('error', () => {});
    stream.setTimeout(helloWithinMs, () => stream.destroy());
    if (onRefused === undefined) stream.destroy();
    else onRefused(stream, why);
  });
  server.on('tlsClientError', () => {});
  return server;
}

/** A device has a certificate of the same authority, and is no node. */
function objection(stream: TLSSocket): string | undefined {
  const peer = stream.getPeerCertificate();
  if (Object.keys(peer).length === 0) return 'it shows no certificate';
  if (!stream.authorized) return `its certificate is not of this rig (${String(stream.authorizationError)})`;
  return isNode(peer.subjectaltname) ? undefined : 'its certificate is not that of a node';
}

function isNode(names: string | undefined): boolean {
  return names?.split(', ').some((name) => name.startsWith(`URI:${nodeName('')}`)) === true;
}

/** A connection that is under way; what is wrong with it comes as `error`. */
export function connectToNode({ host, port }: NodeAddress, certificate: NodeCertificate | undefined): Socket {
  if (certificate === undefined) return connectTcp({ host, port, noDelay: true });
  const stream = connectTls({
    ...certificate,
    host,
    port,
    minVersion: 'TLSv1.3',
    // Nodes are reached by any name: what counts is that it is a node of this rig.
    checkServerIdentity: (_, { subjectaltname }) =>
      isNode(subjectaltname) ? undefined : new NodeRefused('its certificate is not that of a node'),
  });
  stream.setNoDelay(true);
  return stream;
}

/** Trying again changes nothing. */
class NodeRefused extends Error {}

const certificateErrors = /CERT|SIGNATURE|SELF_SIGNED|ALERT|^ERR_SSL|^ERR_TLS/;

/** Whether the other side, or this one, does not believe a certificate. */
export function isCertificateError(error: unknown): boolean {
  return error instanceof NodeRefused || certificateErrors.test((error as { readonly code?: string }).code ?? '');
}

/**
 * The HTTP door: AWS's REST APIs, the status page and what machines ask (`/healthz`, `/metrics`), on one port in plain HTTP
 * and, where it has a certificate, on a second one with TLS. Hono routes the rig's own pages; AWS's paths go raw to
 * `aws-front.ts`, signed URLs to `file-server.ts`. Without access keys, credentials are read for their scope only.
 */
import { type RequestListener, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type HttpBindings, getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyTooLarge, internalFailure, invalidRequest } from './aws-error.ts';
import { type AwsFrontOptions, type AwsResponse, createAwsFront, errorResponse } from './aws-front.ts';
import { identifyCaller } from './callers.ts';
import type { Files } from './files.ts';
import { closeServer, listen } from './listening.ts';
import { readBody } from './request-body.ts';
import type { SignatureCheck } from './signatures.ts';
import { filesPath } from './signed-urls.ts';
import { type RigStatus, metricsText, statusPage } from './status-page.ts';

export interface HttpDoorOptions extends Omit<AwsFrontOptions, 'readDocument' | 'endpointFor'> {
  /** Interface to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port per listener, 0 for a free one; an absent listener is not opened. */
  readonly listeners: {
    readonly http?: number;
    /** `key`, `cert` and `ca` are PEM texts; who shows a certificate of the CA is a device. */
    readonly https?: { readonly port: number; readonly key: string; readonly cert: string; readonly ca?: string };
  };
  /** Asks every caller of AWS's APIs for a signature or a certificate; absent: asks nobody. */
  readonly signatures?: SignatureCheck;
  /** What stands in for S3; absent: there is none. */
  readonly files?: Files;
  /** What DescribeEndpoint says to who has reached this door by this host name; by default that name and this door's port. */
  readonly endpointFor?: (host: string) => string;
  /** What the status page shows. */
  readonly status: () => RigStatus;
}

export interface HttpDoor {
  /** Where each opened listener listens. */
  readonly ports: HttpPorts;
  /** Answers a request that came in by another listener. */
  readonly answer: RequestListener;
  /** Answers what has been asked, then closes every connection. */
  close(): Promise<void>;
}

interface HttpPorts {
  readonly http?: number;
  readonly https?: number;
}

/** Well above any request of AWS IoT Jobs: the largest is CreateJob, with a document of 32 KB and its parameters. */
const maxBodyBytes = 1024 * 1024;
const tooLarge = `The request body is larger than ${maxBodyBytes} bytes.`;
/** AWS's name for plain HTTPS with a client certificate on a shared port 443 (reference connection.md §1). */
const alpnProtocols = ['x-amzn-http-ca', 'http/1.1'];

/** @throws OperationalError `PORT_TAKEN` or `CANNOT_LISTEN`; nothing is left open then. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const { host = '127.0.0.1', listeners } = options;
  const ports: { -readonly [Name in keyof HttpPorts]: number } = {};
  const answer = requestListener(options, ports);
  const http = createServer(answer);
  const requestCert = options.signatures !== undefined;
  const tls = { ALPNProtocols: alpnProtocols, requestCert, rejectUnauthorized: false, ...listeners.https };
  const https = createTlsServer(tls, answer);
  const close = async (): Promise<void> => {
    await Promise.all([closeServer(http), closeServer(https)]);
  };
  try {
    if (listeners.http !== undefined) ports.http = await listen(http, host, listeners.http);
    if (listeners.https !== undefined) ports.https = await listen(https, host, listeners.https.port);
  } catch (error) {
    await close();
    throw error;
  }
  return { ports, answer, close };
}

function requestListener(options: HttpDoorOptions, ports: HttpPorts): RequestListener {
  const { files } = options;
  const app = createApp(options, ports);
  const answer = getRequestListener((request, env) => app.fetch(request, env as HttpBindings), {
    overrideGlobalObjects: false, // the globals belong to whoever imports jobrig
    // Called for requests that are no HTTP at all, e.g. without a Host header.
    errorHandler: (error) => toResponse(errorResponse({ ...invalidRequest, message: String(error) })),
  });
  if (files === undefined) return answer;
  // Streams from and to files, which Node's own objects do better than web streams.
  return (request, response) =>
    request.url?.startsWith(filesPath) ? files.serve(request, response) : answer(request, response);
}

type Environment = { Bindings: HttpBindings };

function createApp(
  { status, files, signatures, endpointFor, ...options }: HttpDoorOptions,
  ports: HttpPorts,
): Hono<Environment> {
  const app = new Hono<Environment>();
  const front = createAwsFront({
    endpointFor: endpointFor ?? ((host) => `${host}:${ports.https ?? ports.http}`),
    ...options,
    ...(files && { readDocument: files.readDocument }),
  });
  const requests = new Map<number, number>();
  const answered = (response: AwsResponse): Response => {
    requests.set(response.status, (requests.get(response.status) ?? 0) + 1);
    return toResponse(response);
  };

  app.get('/', (context) => context.html(statusPage(status(), requests)));
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/metrics', (context) => context.text(metricsText(status(), requests)));
  app.all('*', async (context) => {
    const { incoming } = context.env;
    const body = await readBody(incoming, maxBodyBytes);
    if (body === undefined) return answered(errorResponse({ ...bodyTooLarge, message: tooLarge }));
    const { method = 'GET', url: target = '/', headers } = incoming;
    const request = { method, target, headers, body };
    const caller = identifyCaller(request, certificateName(incoming.socket), signatures);
    if ('error' in caller) return answered(errorResponse(caller.error));
    return answered(await front(request, caller.value, new URL(context.req.url).hostname));
  });
  app.onError((error, { env }) => {
    const clientLeft = env.incoming.errored !== null;
    if (!clientLeft) console.error(error); // a bug, which must not be seen by the caller alone
    return answered(errorResponse({ ...internalFailure, message: error.message }));
  });
  return app;
}

/** Of a certificate of our CA; any other says nothing. */
function certificateName(socket: Socket | TLSSocket): string | undefined {
  if (!('authorized' in socket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject.CN;
  return typeof name === 'string' ? name : undefined;
}

function toResponse({ status, headers, body }: AwsResponse): Response {
  return new Response(body, { status, headers });
}

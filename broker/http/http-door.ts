/**
 * The HTTP door: AWS's REST APIs, the status page and what machines ask (`/healthz`, `/metrics`), on one port in plain HTTP
 * and, where it has a certificate, on a second one with TLS. Web pages of others are kept out before anything is read. Hono
 * routes the rig's own pages; AWS's paths go raw to `aws-front.ts`, signed URLs to `file-server.ts`. Without access keys,
 * credentials are read for their scope only.
 */
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type HttpBindings, getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { ArnScope } from '../../protocol/names.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Inflow } from '../net/inflow.ts';
import { type WantedPort, closeHttpServer, listen } from '../net/listening.ts';
import { httpLimits, limitHandshakes, maxHeaders } from '../net/server-limits.ts';
import { defaultRate } from '../net/allowance.ts';
import { RequestTurns } from '../net/request-turns.ts';
import { SocketBudget } from '../net/socket-budget.ts';
import { type WebRules, objectionToWeb, parseHost } from '../net/web-guard.ts';
import { type AwsError, bodyTooLarge, internalFailure, invalidRequest, serviceUnavailable } from './aws-error.ts';
import { type AwsFrontOptions, createAwsFront } from './aws-front.ts';
import { type AwsResponse, errorResponse } from './aws-response.ts';
import { type ShownCertificate, identifyCaller } from './callers.ts';
import { type HttpEventListener, calledEvent } from './door-events.ts';
import type { Files } from './files.ts';
import { BodyReader } from './request-body.ts';
import type { SignatureCheck } from './signatures.ts';
import { filesPath } from './signed-urls.ts';
import { metricsText } from './metrics-text.ts';
import { type RigStatus, statusPage } from './status-page.ts';

export interface HttpDoorOptions extends Omit<AwsFrontOptions, 'files' | 'endpointFor'> {
  /** Interface to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port per listener, 0 for a free one; an absent listener is not opened. */
  readonly listeners: {
    readonly http?: WantedPort;
    /** `key`, `cert` and `ca` are PEM texts; who shows a certificate of the CA is a device. */
    readonly https?: { readonly port: WantedPort; readonly key: string; readonly cert: string; readonly ca?: string };
  };
  /** Asks every caller of AWS's APIs for a signature or a certificate; absent: asks nobody. */
  readonly signatures?: SignatureCheck;
  /** Region and account in the ARNs of policies; only asked for with {@link signatures}. */
  readonly policyScope?: ArnScope;
  /** What stands in for S3; absent: there is none. */
  readonly files?: Files;
  /** What DescribeEndpoint says to who has reached this door by this host name; by default that name and this door's port. */
  readonly endpointFor?: (host: string) => string;
  /** Which web pages may use the rig, and by which names it may be called; absent: none but its own, and loopback. */
  readonly web?: WebRules;
  /** Of one connection; those above wait. Default 1000. */
  readonly requestsPerSecond?: number;
  /** While it is held, requests wait; absent: it never is. */
  readonly inflow?: Inflow;
  /** After which a connection is closed whose client reads nothing of its answers; default a minute. */
  readonly standstillMs?: number;
  /** Shared with other doors of this process; absent: this door counts for itself. */
  readonly budget?: SocketBudget;
  /** Asked first for every request of a file; absent: nobody is. */
  readonly fileGate?: FileGate;
  /** What happens, for logs, metrics and live pages. */
  readonly onEvent?: HttpEventListener;
  /** What the status page shows. */
  readonly status: () => RigStatus;
  /** Asked first for every request that may be for the live page; absent: nobody is. */
  readonly page?: PageGate;
}

/** Deals with what concerns the live page. @returns whether it has */
export type PageGate = (request: IncomingMessage, response: ServerResponse) => boolean;

/** May deal with a request of a file itself, as a faulty server would. @returns whether it has */
export type FileGate = (request: IncomingMessage, response: ServerResponse) => boolean;

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
/** Of all requests that are being read at a time. */
const maxBodiesBytes = 64 * maxBodyBytes;
const noRoom = 'Too many large requests are being sent at the same time.';
/** No page of others shows this one in a frame, and nothing in it is taken for what it is not. */
const pageHeaders = {
  'content-security-policy': "frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
};
/** What is answered whatever waits to be kept. */
const saysNothingOfThings: ReadonlySet<string> = new Set(['/healthz', '/metrics']);
/** AWS's name for plain HTTPS with a client certificate on a shared port 443 (reference connection.md §1). */
const alpnProtocols = ['x-amzn-http-ca', 'http/1.1'];

/** @throws OperationalError `PORT_TAKEN` or `CANNOT_LISTEN`; nothing is left open then. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const { host = '127.0.0.1', listeners, budget = new SocketBudget(() => {}) } = options;
  const ports: { -readonly [Name in keyof HttpPorts]: number } = {};
  const web = options.web ?? {
    hosts: [],
    checksHost: options.signatures === undefined,
    origins: [],
    ownPorts: () => Object.values(ports),
  };
  const answer = requestListener(options, { ports, web, budget });
  const http = createServer(httpLimits, answer);
  const requestCert = options.signatures !== undefined;
  const tls = { ALPNProtocols: alpnProtocols, requestCert, rejectUnauthorized: false, ...listeners.https };
  const https = createTlsServer({ ...tls, ...httpLimits }, answer);
  limitHandshakes(https, () => {});
  for (const server of [http, https]) {
    server.maxHeadersCount = maxHeaders;
    server.prependListener('connection', (socket: Socket) => void budget.admit(socket));
  }
  const close = async (): Promise<void> => {
    await Promise.all([closeHttpServer(http), closeHttpServer(https)]);
  };
  try {
    if (listeners.http !== undefined) {
      const place = { host, port: listeners.http, purpose: 'HTTP', option: '--http-port' };
      ports.http = await listen(http, place);
    }
    if (listeners.https !== undefined) {
      const place = { host, port: listeners.https.port, purpose: 'HTTPS', option: '--https-port' };
      ports.https = await listen(https, place);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports, answer, close };
}

interface Surroundings {
  readonly ports: HttpPorts;
  readonly web: WebRules;
  readonly budget: SocketBudget;
}

function requestListener(options: HttpDoorOptions, surroundings: Surroundings): RequestListener {
  const { files, fileGate = () => false, page = () => false, onEvent } = options;
  const { web, budget } = surroundings;
  const app = createApp(options, surroundings);
  const answer = getRequestListener((request, env) => app.fetch(request, env as HttpBindings), {
    overrideGlobalObjects: false, // the globals belong to whoever imports jobrig
    // Called for requests that are no HTTP at all.
    errorHandler: (error) => toResponse(errorResponse({ ...invalidRequest, message: String(error) })),
  });
  const turns = new RequestTurns(options.requestsPerSecond ?? defaultRate, options.standstillMs, options.inflow);
  const route: RequestListener = (request, response) => {
    const { url = '', headers, rawHeaders, socket } = request;
    // A signed URL proves more than any header could.
    const isFile = files !== undefined && url.startsWith(filesPath);
    const objection = isFile
      ? undefined
      : objectionToWeb({ headers, rawHeaders, localAddress: socket.localAddress }, web);
    if (objection !== undefined) {
      const exception = objection.status === 400 ? invalidRequest.exception : 'AccessDeniedException';
      refuse(response, { ...objection, exception });
      const [path = ''] = url.split('?', 1);
      onEvent?.({ kind: 'request-refused', method: request.method ?? '', path, ...objection, exception });
    } else if (!url.startsWith('/')) {
      refuse(response, { ...invalidRequest, message: 'The request target must be a path.' });
    } else if (isForAllowedOrigin(request, response, web)) {
      response.writeHead(204).end();
    } else if (isFile) {
      // Streams from and to files, which Node's own objects do better than web streams.
      if (!fileGate(request, response)) void files.serve(request, response, () => whileServed(budget, response));
    } else if (page(request, response)) {
      whileServed(budget, response);
    } else {
      void answer(request, response);
    }
  };
  const deal: RequestListener = (request, response) => {
    try {
      route(request, response);
    } catch (error) {
      // A bug, which must cost its caller and not the service.
      const { method = '', url: path = '' } = request;
      tellBug(error as Error, { method, path }, onEvent);
      if (response.headersSent) response.destroy();
      else refuse(response, { ...internalFailure, message: (error as Error).message });
    }
  };
  return (request, response) => {
    const { socket } = request;
    const waits = !saysNothingOfThings.has(request.url ?? '');
    if (!turns.take(socket, response, () => deal(request, response), waits)) socket.destroy();
  };
}

/** Of a request that is not read: its body would be taken for the next one. */
function refuse(response: ServerResponse, error: AwsError): void {
  const { status, headers, body } = errorResponse(error);
  response.writeHead(status, { ...headers, connection: 'close' }).end(body);
}

/**
 * Tells a browser that the page which asks may read the answer.
 * @returns whether it asks only whether it may ask (a preflight), which is answered by these headers alone.
 */
function isForAllowedOrigin({ method, headers }: IncomingMessage, response: ServerResponse, web: WebRules): boolean {
  const { origin } = headers;
  if (origin === undefined || !web.origins.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', 'x-amzn-ErrorType, x-amzn-RequestId');
  response.setHeader('vary', 'origin');
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
  response.setHeader('access-control-allow-methods', 'GET, PUT, POST, PATCH, DELETE');
  response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '');
  response.setHeader('access-control-allow-private-network', 'true');
  return true;
}

/** The connection gives way to nobody until the answer has left. */
function whileServed(budget: SocketBudget, response: ServerResponse): void {
  const { socket } = response;
  if (socket === null) return;
  budget.hold(socket);
  response.once('close', () => budget.release(socket));
}

type Environment = { Bindings: HttpBindings };

function createApp(
  { status, files, signatures, policyScope, endpointFor, onEvent, ...options }: HttpDoorOptions,
  { ports, budget }: Surroundings,
): Hono<Environment> {
  // As it stands on the wire: a URL would make `/` of `/..`.
  const app = new Hono<Environment>({ getPath: (_, about) => about!.env!.incoming.url!.split('?', 1)[0]! });
  const front = createAwsFront({
    endpointFor: endpointFor ?? ((host) => `${host}:${ports.https ?? ports.http}`),
    ...options,
    ...(files && { files }),
  });
  const scope = policyScope ?? { region: '', account: '' };
  const gate = signatures && { port: options.port, signatures, scope };
  const bodies = new BodyReader(maxBodyBytes, maxBodiesBytes);
  const requests = new Map<number, number>();
  const answered = (
    response: AwsResponse,
    { method = '', url = '' }: IncomingMessage,
    startedAt: EpochMs,
  ): Response => {
    requests.set(response.status, (requests.get(response.status) ?? 0) + 1);
    onEvent?.(calledEvent(response, method, url, startedAt));
    return toResponse(response);
  };

  app.get('/', (context) => context.html(statusPage(status(), requests), 200, pageHeaders));
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/metrics', async (context) => {
    const { text, headers } = await metricsText(status(), requests);
    return context.text(text, 200, headers);
  });
  app.all('*', async ({ env: { incoming, outgoing } }) => {
    const startedAt = options.port.now();
    const answer = (response: AwsResponse): Response => answered(response, incoming, startedAt);
    const body = await bodies.read(incoming);
    if (body === 'too large') return answer(errorResponse({ ...bodyTooLarge, message: tooLarge }));
    if (body === 'no room') return answer(errorResponse({ ...serviceUnavailable, message: noRoom }));
    whileServed(budget, outgoing as ServerResponse);
    const { method = 'GET', url: target = '/', headers } = incoming;
    const request = { method, target, headers, body };
    const caller = await identifyCaller(request, certificateOf(incoming.socket), gate);
    if ('error' in caller) return answer(errorResponse(caller.error));
    const response = await front(request, caller.value, parseHost(headers.host)?.name ?? 'localhost', incoming.socket);
    if (response.isLost === true) outgoing.destroy();
    return answer(response);
  });
  app.onError((error, { env }) => {
    const { incoming } = env;
    const clientLeft = incoming.errored !== null;
    // A bug, which must not be seen by the caller alone.
    if (!clientLeft) {
      const { method = '', url: path = '' } = incoming;
      tellBug(error, { method, path }, onEvent);
    }
    return answered(errorResponse({ ...internalFailure, message: error.message }), incoming, options.port.now());
  });
  return app;
}

function tellBug(
  error: Error,
  request: { readonly method: string; readonly path: string },
  onEvent: HttpEventListener | undefined,
): void {
  if (onEvent === undefined) console.error(error);
  else onEvent({ kind: 'request-failed', ...request, stack: error.stack ?? error.message });
}

function certificateOf(socket: Socket | TLSSocket): ShownCertificate | undefined {
  if (!('authorized' in socket)) return undefined;
  // Node gives an empty object for none, and null once the connection is gone, whatever its types say.
  const peer = socket.getPeerCertificate() as PeerCertificate | null;
  const isShown = typeof peer?.fingerprint256 === 'string';
  return isShown ? { peer, isOurs: socket.authorized, sourceIp: socket.remoteAddress } : undefined;
}

function toResponse({ status, headers, body }: AwsResponse): Response {
  return new Response(body, { status, headers });
}

/**
 * An engine of several on one database: it waits until it leads, serves the doors that link to it, and waits again when another
 * engine has taken over or the database was lost with a commit under way. What it had in memory is then thrown away: the next life reads
 * what is kept. Clients stay connected at their doors meanwhile.
 */
import { EventEmitter, addAbortListener, once } from 'node:events';
import { type RequestListener, createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { OperationalError } from '../../protocol/operational-error.ts';
import { EngineFailure } from '../engine-failure.ts';
import { writeMetrics } from '../http/metrics-text.ts';
import { openLine } from '../link/frames.ts';
import type { FromDoor, FromEngine } from '../link/messages.ts';
import type { Following } from '../led-store.ts';
import { type Mind, openMind, openState } from '../mind.ts';
import { listen } from '../net/listening.ts';
import { type LinkedEngine, linkEngine } from '../processes/linked-engine.ts';
import type { PortOption, ServiceOptions } from '../service-options.ts';
import { openSurroundings } from '../surroundings.ts';
import type { NodeCertificate } from './node-certificate.ts';
import { type NodeAddress, type NodeListener, listenForNodes } from './node-links.ts';

export interface EngineNodeOptions {
  readonly service: ServiceOptions & { readonly database: string };
  readonly listen: { readonly host: string; readonly port: number };
  readonly certificate: NodeCertificate | undefined;
  /** How many doors there are, linked or not. */
  readonly doors: number;
  /** For health and metrics. */
  readonly httpPort: PortOption;
  readonly onWarning: (warning: string) => void;
  readonly onState: (state: string) => void;
  /** It cannot go on, also not by waiting. */
  readonly onFailure: (error: unknown) => void;
}

export interface EngineNode extends AsyncDisposable {
  readonly link: NodeAddress;
  readonly httpUrl?: string;
}

/** How often doors hear that the engine is there. */
const beatEveryMs = 100;

/** What a door hears of an engine that does not lead. */
export const standbyReason = 'another engine leads, or none does yet';

function refuse(stream: Socket, why = standbyReason): void {
  const line = openLine<FromEngine, FromDoor>(stream, { heard() {}, ended() {} });
  line.say(['refused', why]);
  line.end();
}

interface Lead {
  readonly epoch: number;
  readonly engine: LinkedEngine;
  lagMs(): number;
}

/** @throws {OperationalError} when the database cannot be used, or a port not be listened on */
export async function startEngineNode(options: EngineNodeOptions): Promise<EngineNode> {
  const node = new Node(options);
  const { signal } = options.service;
  using _ = signal && addAbortListener(signal, () => node.giveUp());
  try {
    await node.start();
  } catch (error) {
    await node.close();
    signal?.throwIfAborted();
    throw error;
  }
  return node.opened();
}

class Node {
  readonly #options: EngineNodeOptions;
  readonly #stop = new AbortController();
  #lead: Lead | undefined;
  /** While it waits. */
  #following: Following | undefined;
  #life: Promise<void> | undefined;
  #listener: NodeListener | undefined;
  #http: { readonly url?: string; close(): Promise<void> } | undefined;

  constructor(options: EngineNodeOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { listen: at, certificate, onWarning, httpPort } = this.#options;
    this.#listener = await listenForNodes({
      at,
      certificate,
      onWarning,
      onRefused: refuse,
      onLink: (stream) => {
        if (this.#lead !== undefined) this.#lead.engine.end.accept(stream);
        else refuse(stream);
      },
      onRequest: (request, response) => {
        if (this.#lead !== undefined) this.#lead.engine.answer(request, response);
        else response.writeHead(503, { 'retry-after': '1' }).end();
      },
    });
    this.#http = httpPort === 'off' ? undefined : await serveHealth(at.host, httpPort, this.#answer);
    await new Promise<void>((resolve, reject) => {
      this.#life = this.#live(resolve, reject);
    });
  }

  opened(): EngineNode {
    return {
      link: this.#listener!.address,
      ...(this.#http?.url !== undefined && { httpUrl: this.#http.url }),
      [Symbol.asyncDispose]: () => this.close(),
    };
  }

  giveUp(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#life;
    await this.#listener?.close();
    await this.#http?.close();
  }

  /** One leadership after the other. @param begun the database can be used */
  async #live(begun: () => void, refused: (error: unknown) => void): Promise<void> {
    const { onFailure, onWarning } = this.#options;
    let isFirst = true;
    const first = (): void => {
      isFirst = false;
      begun();
    };
    while (!this.#stop.signal.aborted) {
      try {
        const why = await this.#once(isFirst, first);
        if (why !== undefined) onWarning(why.message);
      } catch (error) {
        if (isFirst) return refused(error);
        if (this.#stop.signal.aborted) return;
        if (!(error instanceof OperationalError) || error.code !== 'STORE_UNREACHABLE') return onFailure(error);
        onWarning(error.message);
      }
    }
    if (isFirst) refused(this.#stop.signal.reason);
  }

  /** @returns why it leads no more; absent: it was asked to end */
  async #once(isFirst: boolean, begun: () => void): Promise<Error | undefined> {
    const { service, doors, onWarning, onState } = this.#options;
    const { signal } = this.#stop;
    const over = new EventEmitter();
    const ended = once(over, 'end');
    const end = (why?: unknown): void => void over.emit('end', why);
    const watching = { ...service, onFailure: end, onWarning };
    const state = await openState(watching, () => {}, {
      policy: { whenLed: 'wait', leastSilenceMs: 0 },
      isPatient: !isFirst,
      signal,
      onWaiting(leader, epoch) {
        begun();
        onState(`waits: ${leader} leads, epoch ${epoch}`);
      },
      onFollowing: (following) => (this.#following = following),
    });
    begun();
    const surroundings = await openSurroundings(service, () => mind.port.now());
    let mind: Mind;
    try {
      mind = await openMind(watching, surroundings, state);
    } catch (error) {
      await state.close().catch(() => {});
      throw error;
    }
    const { epoch = 0, lagMs = () => 0 } = state.led ?? {};
    const engine = await linkEngine({
      options: service,
      surroundings,
      mind,
      doors,
      doorsAreOnTheirOwn: true,
      onClock: (door, difference) => onWarning(`The clock of door ${door + 1} is ${difference}`),
      epoch,
      leadership: () => ({ leads: true, epoch, lagMs: lagMs() }),
    });
    engine.endpoints = this.#http?.url === undefined ? {} : { http: this.#http.url };
    mind.begin();
    this.#lead = { epoch, engine, lagMs };
    onState(`leads, epoch ${epoch}`);
    const beats = setInterval(() => engine.end.beat(), beatEveryMs);
    const asked = addAbortListener(signal, () => end());
    const [why] = (await ended) as [OperationalError | Error | undefined];
    asked[Symbol.dispose]();
    this.#lead = undefined;
    clearInterval(beats);
    await mind.close();
    await engine.close();
    await state.close();
    if (why instanceof EngineFailure) throw why;
    return why;
  }

  readonly #answer: RequestListener = (request, response) => {
    const lead = this.#lead;
    if (request.url === '/healthz') {
      response.setHeader('content-type', 'application/json');
      const seen = lead && {
        epoch: lead.epoch,
        lagMs: Math.round(lead.lagMs()),
        doors: lead.engine.end.numbers().length,
      };
      const status = { status: 'ok', role: 'engine', leads: lead !== undefined, ...(seen ?? this.#following) };
      response.end(`${JSON.stringify(status)}\n`);
    } else if (request.url === '/metrics' && lead === undefined) {
      const leadership = { leads: false, epoch: 0, lagMs: 0 };
      void writeMetrics(response, { endpoints: {}, connectedClients: 0, leadership }, new Map());
    } else if (request.url === '/metrics') lead!.engine.answer(request, response);
    else response.writeHead(404).end();
  };
}

async function serveHealth(
  host: string,
  port: Exclude<PortOption, 'off'>,
  answer: RequestListener,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createHttpServer(answer);
  const taken = await listen(server, { host, port, purpose: 'health and metrics', option: '--http-port' });
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

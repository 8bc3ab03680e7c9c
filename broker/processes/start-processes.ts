/**
 * Starts and watches the processes of one service: the engine, and doors that share the listening sockets, which this process
 * holds (node:cluster). A door that dies takes its clients' connections with it and is started again; an engine that dies is
 * started again from its store, and doors go on with their clients connected. Holds no state of the service.
 */
import { type ChildProcess, fork } from 'node:child_process';
import cluster, { type Worker } from 'node:cluster';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Observer } from '../../observation/observation.ts';
import { show } from '../../observation/observers.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { rememberDirectory } from '../data-directory.ts';
import { type ServiceEventListener } from '../service-events.ts';
import type { PortOption, Service, ServiceOptions } from '../service-options.ts';
import { scaledClock } from '../clock.ts';
import type { ServicePort } from '../engine/port.ts';
import { createDoorEnd } from '../link/door-end.ts';
import { ClientRelay } from './client-relay.ts';
import type { FromProcess, PlainOptions, ToProcess } from './contract.ts';
import { keepLinked } from './engine-link.ts';
import type { ProcessUsage } from './process-usage.ts';

/** A service whose parts are in processes of their own. */
export type ProcessesService = Pick<
  Service,
  | 'mqttUrl'
  | 'mqttsUrl'
  | 'wsUrl'
  | 'wssUrl'
  | 'httpUrl'
  | 'httpsUrl'
  | 'ca'
  | 'caFile'
  | 'codeSigningCertificate'
  | 'pageUrl'
  | 'onEvent'
  | 'observe'
  | 'close'
> &
  AsyncDisposable & {
    /** Process ids, for who watches or kills them. */
    readonly processes: { readonly engine: number; readonly doors: readonly number[] };
    /** The engine behind a link, for who operates it from the starter; the same each time. */
    port(): Promise<ServicePort>;
    /** What engine and doors have used, but those that end meanwhile. */
    usages(): Promise<readonly ProcessUsage[]>;
    /** For the live page: what runs here. */
    present(run: { readonly verb: string; readonly about: string }): void;
  };

export interface WatchOptions {
  /** Told when the engine or a door has ended that was wanted; it is started again all the same. */
  readonly onEnded?: (name: string, how: string) => void;
}

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}${extension}`, import.meta.url));

/** More deaths than this in a minute are no accident. */
const maxDeaths = 20;
const endsWithinMs = 10_000;

/** @throws {OperationalError} when a port or the directory cannot be used; nothing is left running, or behind, then */
export async function startProcesses(
  options: ServiceOptions,
  doors: number,
  { onEnded }: WatchOptions = {},
): Promise<ProcessesService> {
  const undo = options.dataDir === undefined ? () => {} : rememberDirectory(options.dataDir);
  const folder = await mkdtemp(join(tmpdir(), 'jobrig-'));
  // However this process ends, unless it is killed.
  const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', cleanUp);
  const service = new Processes(options, doors, folder, onEnded, () => process.off('exit', cleanUp));
  try {
    await service.start();
    return service;
  } catch (error) {
    await service.close();
    undo();
    throw error;
  }
}

class Processes implements ProcessesService {
  readonly #options: ServiceOptions;
  readonly #plain: PlainOptions;
  /** What doors are started with. */
  #asked: PlainOptions;
  readonly #count: number;
  readonly #folder: string;
  readonly #doors: Worker[] = [];
  readonly #relay = new ClientRelay();
  readonly #onEnded: WatchOptions['onEnded'];
  readonly #whenClosed: () => void;
  /** Asked and not answered. */
  readonly #usages = new Map<ChildProcess, ((usage?: ProcessUsage) => void)[]>();
  readonly #closing = new AbortController();
  #port: Promise<ServicePort> | undefined;
  #presented: { readonly verb: string; readonly about: string } | undefined;
  #engine: ChildProcess | undefined;
  #listeners: readonly ServiceEventListener[] = [];
  #observers: readonly Observer[] = [];
  #isClosing = false;
  #deaths: number[] = [];
  #endpoints: Readonly<Record<string, string>> = {};
  #about: Extract<FromProcess, { kind: 'engine-ready' }> | undefined;

  constructor(
    options: ServiceOptions,
    count: number,
    folder: string,
    onEnded: WatchOptions['onEnded'],
    whenClosed: () => void,
  ) {
    this.#whenClosed = whenClosed;
    this.#onEnded = onEnded;
    this.#options = options;
    this.#count = count;
    this.#folder = folder;
    const { onFailure: _f, onWarning: _w, onEvent, onTransfer: _t, observer: _o, ...others } = options;
    const { clockOf: _c, fileGate: _g, deviceGate: _d, tap: _tap, ...plain } = others;
    this.#plain = { ...plain, ...(plain.dataDir === undefined && { authorityDir: folder }) };
    this.#asked = this.#plain;
    if (onEvent !== undefined) this.#listeners = [onEvent];
  }

  async start(): Promise<void> {
    // Doors accept by themselves: a connection that was given to a door that dies would be nobody's, and its client would wait.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: fileOf('door-process'), args: [], silent: false });
    this.#about = await this.#startEngine();
    for (let door = 0; door < this.#count; door += 1) this.#endpoints = await this.#startDoor(door);
    this.#tellOpen();
  }

  /**
   * A door that comes later listens where the others do, if it asks for the same ports as they did. When none is left, the sockets
   * are gone, and the next one asks for the ports that were in use.
   */
  #doorOptions(): PlainOptions {
    if (!this.#doors.some((worker) => !worker.isDead())) this.#asked = this.#fixed();
    return this.#asked;
  }

  #fixed(): PlainOptions {
    const port = (name: string): PortOption => {
      const url = this.#endpoints[name];
      return url === undefined ? 'off' : Number(new URL(url).port);
    };
    return {
      ...this.#plain,
      mqttPort: port('mqtt'),
      mqttsPort: port('mqtts'),
      wsPort: port('ws'),
      wssPort: port('wss'),
      httpPort: port('http'),
      ...(this.#plain.board !== true && { httpsPort: port('https') }),
    };
  }

  async #startEngine(): Promise<Extract<FromProcess, { kind: 'engine-ready' }>> {
    const engine = fork(fileOf('engine-process'), [], { serialization: 'json' });
    this.#engine = engine;
    const up = firstMessage(engine);
    const ready = this.#firstOf(engine, 'engine-ready');
    engine.on('exit', (code, signal) =>
      this.#died('engine', signal ?? `exit code ${code}`, () => this.#startEngine().then(() => this.#tellOpen())),
    );
    await up;
    say(engine, { kind: 'engine', options: this.#plain, doors: this.#count, folder: this.#folder });
    const about = await ready;
    if (this.#observers.length > 0) say(engine, { kind: 'watch', observations: true });
    if (this.#presented !== undefined) say(engine, { kind: 'present', ...this.#presented });
    return about;
  }

  async #startDoor(door: number): Promise<Readonly<Record<string, string>>> {
    const options = Object.keys(this.#endpoints).length === 0 ? this.#asked : this.#doorOptions();
    const worker = cluster.fork();
    this.#doors[door] = worker;
    const up = firstMessage(worker.process);
    const ready = this.#firstOf(worker.process, 'door-ready');
    worker.on('exit', (code, signal) => {
      this.#relay.remove(door);
      this.#died(`door ${door + 1}`, signal ?? `exit code ${code}`, () => this.#startDoor(door));
    });
    await up;
    say(worker.process, { kind: 'door', options, door, doors: this.#count, folder: this.#folder });
    const { endpoints } = await ready;
    this.#relay.add(door, worker.process);
    return endpoints;
  }

  #tellOpen(): void {
    if (this.#engine !== undefined) say(this.#engine, { kind: 'open', endpoints: this.#endpoints });
  }

  /** A process that was wanted has ended. */
  #died(name: string, how: string, startAgain: () => Promise<unknown>): void {
    if (this.#isClosing || this.#about === undefined || Object.keys(this.#endpoints).length === 0) return;
    this.#onEnded?.(name, how);
    this.#options.onWarning?.(`The process of the ${name} has ended (${how}) and is started again`);
    const now = Date.now();
    this.#deaths = [...this.#deaths.filter((at) => at > now - 60_000), now];
    const giveUp = (error: unknown): void => this.#options.onFailure?.(error);
    if (this.#deaths.length > maxDeaths) {
      giveUp(new Error(`${this.#deaths.length} processes of the service have ended within a minute`));
    } else startAgain().catch(giveUp);
  }

  /** @throws {OperationalError} what the process says of why it cannot start */
  #firstOf<Kind extends FromProcess['kind']>(
    child: ChildProcess,
    kind: Kind,
  ): Promise<Extract<FromProcess, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromProcess) => {
        if (message.kind === kind) resolve(message as Extract<FromProcess, { kind: Kind }>);
        else if (message.kind === 'failed') {
          const { message: text, code, hint } = message;
          const error =
            code === undefined ? new Error(text) : new OperationalError(code, text, { ...(hint && { hint }) });
          reject(error);
          if (this.#about !== undefined) this.#options.onFailure?.(error);
        } else this.#hear(message, child);
      });
      child.once('exit', (code, signal) => reject(new Error(`a process of the service ended (${signal ?? code})`)));
      child.once('error', reject);
    });
  }

  #hear(message: FromProcess, child: ChildProcess): void {
    if (message.kind === 'usage') this.#usages.get(child)?.shift()?.(message.usage);
    else if (message.kind === 'warning') this.#options.onWarning?.(message.text);
    else if (message.kind === 'event') for (const hear of this.#listeners) hear(message.event);
    else if (message.kind === 'seen') {
      for (const seen of message.seen) for (const observer of this.#observers) show(observer, seen);
    }
  }

  #url(name: string): string | undefined {
    return this.#endpoints[name];
  }

  get mqttUrl() {
    return this.#url('mqtt');
  }
  get mqttsUrl() {
    return this.#url('mqtts');
  }
  get wsUrl() {
    return this.#url('ws');
  }
  get wssUrl() {
    return this.#url('wss');
  }
  get httpUrl() {
    return this.#url('http');
  }
  get httpsUrl() {
    return this.#url('https');
  }
  get ca() {
    return this.#about?.ca ?? '';
  }
  get caFile() {
    return this.#about?.caFile;
  }
  get codeSigningCertificate() {
    return this.#about?.codeSigningCertificate;
  }
  get pageUrl() {
    const http = this.#url('http');
    return http === undefined ? undefined : `${http}/${this.#about?.query ?? ''}`;
  }
  get processes() {
    return { engine: this.#engine?.pid ?? 0, doors: this.#doors.map(({ process: { pid } }) => pid ?? 0) };
  }

  port(): Promise<ServicePort> {
    const end = createDoorEnd(this.#count, scaledClock, { hears: false });
    this.#port ??= keepLinked(end, this.#folder, this.#closing.signal).then(() => end.port);
    return this.#port;
  }

  async usages(): Promise<readonly ProcessUsage[]> {
    const children = [...(this.#engine ? [this.#engine] : []), ...this.#doors.map((worker) => worker.process)];
    const told = await Promise.all(children.map((child) => this.#usageOf(child)));
    return told.filter((usage) => usage !== undefined);
  }

  #usageOf(child: ChildProcess): Promise<ProcessUsage | undefined> {
    if (!child.connected) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let asked = this.#usages.get(child);
      if (asked === undefined) {
        asked = [];
        this.#usages.set(child, asked);
        child.once('exit', () => {
          for (const answer of this.#usages.get(child) ?? []) answer();
          this.#usages.delete(child);
        });
      }
      asked.push(resolve);
      say(child, { kind: 'usage' });
    });
  }

  present({ verb, about }: { readonly verb: string; readonly about: string }): void {
    this.#presented = { verb, about };
    if (this.#engine !== undefined) say(this.#engine, { kind: 'present', verb, about });
  }

  onEvent(hear: ServiceEventListener): () => void {
    this.#listeners = [...this.#listeners, hear];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== hear);
    };
  }

  observe(observer: Observer): () => void {
    this.#observers = [...this.#observers, observer];
    if (this.#engine !== undefined) say(this.#engine, { kind: 'watch', observations: true });
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  /** Doors first, so that what they have asked is still answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#closing.abort();
    await Promise.all(this.#doors.map(({ process: door }) => ended(door)));
    if (this.#engine !== undefined) await ended(this.#engine);
    await rm(this.#folder, { recursive: true, force: true });
    this.#whenClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function say(child: ChildProcess, message: ToProcess): void {
  if (child.connected) child.send(message, () => {});
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const tooLong = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
    child.once('exit', () => {
      clearTimeout(tooLong);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** `up`; a process that ends before is told of elsewhere. */
function firstMessage(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('message', () => resolve());
    child.once('exit', () => resolve());
  });
}

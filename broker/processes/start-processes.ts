/**
 * Starts and watches the processes of one service: the engine, and doors that share the listening sockets, which this process
 * holds (node:cluster). A door that dies takes its clients' connections with it and is started again; an engine that dies is
 * started again from its store, and doors go on with their clients connected. Holds no state of the service.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { addAbortListener } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtProgram } from '../../package/package.ts';
import type { Observer } from '../../observation/observation.ts';
import { show } from '../../observation/observers.ts';
import { rememberDirectory } from '../data-directory.ts';
import { noteMade } from '../store/whole-file.ts';
import { type ServiceEventListener } from '../service-events.ts';
import type { PortOption, Service, ServiceOptions } from '../service-options.ts';
import { scaledClock } from '../clock.ts';
import type { ServicePort } from '../engine/port.ts';
import { type DoorEnd, createDoorEnd } from '../link/door-end.ts';
import { ClientRelay } from './client-relay.ts';
import type { DoorOrder, ExecutionCount, FromProcess, PlainOptions } from './contract.ts';
import { keepLinked } from './engine-link.ts';
import type { ProcessUsage } from './process-usage.ts';
import { StartedProcess, errorIn } from './started-process.ts';

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
    /** Calls `hear` with what becomes of executions, counted. */
    countExecutions(hear: (count: ExecutionCount) => void): void;
    /** For the live page: what runs here. */
    present(run: { readonly verb: string; readonly about: string }): void;
    /** What a door of somebody else's process is opened with. */
    doorOrder(door: number): Omit<DoorOrder, 'kind'>;
    /** Doors of other processes are open. */
    doorsOpened(endpoints: Readonly<Record<string, string>>): void;
  };

export interface WatchOptions {
  /** Told when the engine or a door has ended that was wanted; it is started again all the same. */
  readonly onEnded?: (name: string, how: string) => void;
  /** Its doors are opened by other processes, which bring their clients along (linked-doors.ts): here only the engine is started. */
  readonly doorsAreElsewhere?: boolean;
}

/** More deaths than this in a minute are no accident. */
const maxDeaths = 20;

/** @throws {OperationalError} when a port or the directory cannot be used; nothing is left running, or behind, then */
export async function startProcesses(
  options: ServiceOptions,
  doors: number,
  { onEnded, doorsAreElsewhere = false }: WatchOptions = {},
): Promise<ProcessesService> {
  const undo = options.dataDir === undefined ? () => {} : rememberDirectory(options.dataDir);
  const folder = await mkdtemp(join(tmpdir(), 'jobrig-'));
  // However this process ends, unless it is killed.
  const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', cleanUp);
  const service = new Processes(options, doors, folder, onEnded, () => process.off('exit', cleanUp));
  const { signal } = options;
  try {
    using _ = signal && addAbortListener(signal, () => void service.close());
    await service.start(doorsAreElsewhere);
    return service;
  } catch (error) {
    await service.close();
    undo(error);
    signal?.throwIfAborted();
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
  readonly #doors: StartedProcess[] = [];
  /** Doors that listen. */
  readonly #open = new Set<number>();
  readonly #relay = new ClientRelay();
  readonly #onEnded: WatchOptions['onEnded'];
  readonly #whenClosed: () => void;
  readonly #closing = new AbortController();
  #linked: Promise<DoorEnd> | undefined;
  #presented: { readonly verb: string; readonly about: string } | undefined;
  #engine: StartedProcess | undefined;
  #listeners: readonly ServiceEventListener[] = [];
  #observers: readonly Observer[] = [];
  #counter: ((count: ExecutionCount) => void) | undefined;
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
    const { onFailure: _f, onWarning: _w, signal: _s, onEvent, onTransfer: _t, observer: _o, ...others } = options;
    const { clockOf: _c, fileGate: _g, deviceGate: _d, tap: _tap, ...plain } = others;
    this.#plain = { ...plain, ...(plain.dataDir === undefined && { authorityDir: folder }) };
    this.#asked = this.#plain;
    if (onEvent !== undefined) this.#listeners = [onEvent];
  }

  async start(doorsAreElsewhere: boolean): Promise<void> {
    const engine = this.#startEngine().then((about) => void (this.#about = about));
    if (doorsAreElsewhere) return engine;
    // Doors accept by themselves: a connection that was given to a door that dies would be nobody's, and its client would wait.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: builtProgram('broker/processes/door-process'), args: [], silent: false });
    // The first takes the ports, on which the others listen too.
    const first = this.#startDoor(0, engine).then((endpoints) => void (this.#endpoints = endpoints));
    const others = Array.from({ length: this.#count - 1 }, (_, index) => this.#startDoor(index + 1, first));
    await Promise.all([engine, first, ...others]);
    this.#tellOpen();
  }

  /**
   * A door that comes later listens where the others do, if it asks for the same ports as they did. When none is left, the sockets
   * are gone, and the next one asks for the ports that were in use.
   */
  #doorOptions(): PlainOptions {
    if (this.#open.size === 0) this.#asked = this.#fixed();
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
    const engine = new StartedProcess(
      fork(builtProgram('broker/processes/engine-process'), [], { serialization: 'json' }),
      (message) => this.#hear(message),
      (how) => this.#died('engine', how, () => this.#startEngine().then(() => this.#tellOpen())),
    );
    this.#engine = engine;
    const ready = engine.first('engine-ready');
    await engine.up();
    engine.say({ kind: 'engine', options: this.#plain, doors: this.#count, folder: this.#folder });
    const about = await ready;
    if (this.#listeners.length > 0) engine.say({ kind: 'hear' });
    if (this.#observers.length > 0) engine.say({ kind: 'watch', observations: true });
    if (this.#counter !== undefined) engine.say({ kind: 'count' });
    if (this.#presented !== undefined) engine.say({ kind: 'present', ...this.#presented });
    return about;
  }

  /** @param before has to be there first */
  async #startDoor(door: number, before?: Promise<void>): Promise<Readonly<Record<string, string>>> {
    const { process: child } = cluster.fork();
    const started = new StartedProcess(
      child,
      (message) => this.#hear(message),
      (how) => {
        this.#relay.remove(door);
        this.#open.delete(door);
        this.#died(`door ${door + 1}`, how, () => this.#startDoor(door));
      },
    );
    this.#doors[door] = started;
    const ready = started.first('door-ready');
    await Promise.all([started.up(), before]);
    const options = Object.keys(this.#endpoints).length === 0 ? this.#asked : this.#doorOptions();
    started.say({ kind: 'door', options, door, doors: this.#count, folder: this.#folder });
    const { endpoints } = await ready;
    this.#relay.add(door, child);
    this.#open.add(door);
    return endpoints;
  }

  doorOrder(door: number): Omit<DoorOrder, 'kind'> {
    return { options: this.#plain, door, doors: this.#count, folder: this.#folder };
  }

  doorsOpened(endpoints: Readonly<Record<string, string>>): void {
    this.#endpoints = endpoints;
    this.#tellOpen();
  }

  #tellOpen(): void {
    this.#engine?.tell({ kind: 'open', endpoints: this.#endpoints });
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

  #hear(message: FromProcess): void {
    if (message.kind === 'made') noteMade(message.files);
    else if (message.kind === 'warning') this.#options.onWarning?.(message.text);
    else if (message.kind === 'event') for (const hear of this.#listeners) hear(message.event);
    else if (message.kind === 'seen') {
      for (const seen of message.seen) for (const observer of this.#observers) show(observer, seen);
    } else if (message.kind === 'failed' && this.#about !== undefined) this.#options.onFailure?.(errorIn(message));
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
    return { engine: this.#engine?.child.pid ?? 0, doors: this.#doors.map(({ child: { pid } }) => pid ?? 0) };
  }

  async port(): Promise<ServicePort> {
    return (await this.#link()).port;
  }

  #link(): Promise<DoorEnd> {
    this.#linked ??= this.#linkUp();
    return this.#linked;
  }

  async #linkUp(): Promise<DoorEnd> {
    const end = createDoorEnd(this.#count, scaledClock, {
      hears: false,
      onCounted: (counts) => {
        for (const count of counts as readonly ExecutionCount[]) this.#counter?.(count);
      },
    });
    await keepLinked(end, this.#folder, this.#closing.signal);
    return end;
  }

  async usages(): Promise<readonly ProcessUsage[]> {
    const all = [...(this.#engine ? [this.#engine] : []), ...this.#doors];
    const told = await Promise.all(all.map((started) => started.usage()));
    // What was to be counted until now has been.
    if (this.#linked !== undefined) await (await this.#linked).heardAll();
    return told.filter((usage) => usage !== undefined);
  }

  present({ verb, about }: { readonly verb: string; readonly about: string }): void {
    this.#presented = { verb, about };
    this.#engine?.tell({ kind: 'present', verb, about });
  }

  onEvent(hear: ServiceEventListener): () => void {
    this.#listeners = [...this.#listeners, hear];
    this.#engine?.tell({ kind: 'hear' });
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== hear);
    };
  }

  observe(observer: Observer): () => void {
    this.#observers = [...this.#observers, observer];
    this.#engine?.tell({ kind: 'watch', observations: true });
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  countExecutions(hear: (count: ExecutionCount) => void): void {
    this.#counter = hear;
    void this.#link();
    this.#engine?.tell({ kind: 'count' });
  }

  /** Doors first, so that what they have asked is still answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#closing.abort();
    await Promise.all(this.#doors.map((door) => door.end()));
    await this.#engine?.end();
    await rm(this.#folder, { recursive: true, force: true });
    this.#whenClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

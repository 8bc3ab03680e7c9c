/**
 * The processes of a load run: starts the service and the shares of the fleet, asks them, and ends them whatever became of the run.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { builtProgram } from '../../package/package.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadOptions } from './load-options.ts';
import type { PartQuestions, PartReport } from './part.ts';
import { type Asked, type Child, startChild } from '../process/child.ts';
import { present } from '../../protocol/json.ts';
import type { Part } from './process-tally.ts';
import type { Tally } from './tally.ts';

export interface ProcessesTell {
  /** What is going on, in a few words. */
  readonly act: (act: string) => unknown;
  /** One has ended, wanted or not. */
  readonly ended: (name: string, how: string) => void;
}

type Answer<Name extends keyof PartQuestions> = Awaited<ReturnType<PartQuestions[Name]>>;

/** Of the things: from which one on, counted from 0, and how many. */
interface Share {
  readonly from: number;
  readonly own: number;
}

const program = builtProgram('rig/load/process/load-part');

const heapMegabytes = 12_288;
const longestRunMs = 24 * 3_600_000;

export class LoadProcesses {
  readonly #options: LoadOptions;
  readonly #tally: Tally;
  readonly #tell: ProcessesTell;
  readonly #all: Child<PartQuestions>[] = [];
  readonly #fleet: Child<PartQuestions>[] = [];
  #isClosed = false;
  /** Absent: the fleet runs against an endpoint. */
  service: Child<PartQuestions> | undefined;

  constructor(options: LoadOptions, tally: Tally, tell: ProcessesTell) {
    this.#options = options;
    this.#tally = tally;
    this.#tell = tell;
  }

  async start(): Promise<void> {
    const { endpoint, transport, processes, doors = 0 } = this.#options;
    const { count } = this.#tally;
    if (transport === 'tcp') {
      const target = endpoint ?? (await this.#startService());
      this.#tell.act('starting the fleet');
      const shares = this.#shares(Math.min(processes, count));
      for (const [index, share] of shares.entries()) {
        const name = shares.length === 1 ? 'fleet' : `fleet ${index + 1}`;
        await this.#openFleet(this.#startPart(name, 'fleet', share.own), share, target);
      }
    } else if (doors === 0) {
      await this.#startService();
      this.#tell.act('starting the fleet');
      await this.#openFleet(this.service!, this.#shares(1)[0]!);
    } else await this.#startDoorsWithFleets();
  }

  /** In each process a door of the service with its share of the fleet; the engine is in one of its own. */
  async #startDoorsWithFleets(): Promise<void> {
    const { orders } = await this.#openService({ doorsAreElsewhere: true });
    this.#tell.act('starting doors and fleets');
    const shares = this.#shares(orders.length);
    const opened = orders.map(async (order, index) => {
      const share = shares[index]!;
      const child = this.#startPart(`door and fleet ${index + 1}`, 'service and fleet', share.own);
      // Devices come by memory, people by the first door.
      const { httpPort, ...options } = order.options;
      const endpoints = await child.ask('openDoor', {
        ...order,
        options: { ...options, ...present({ httpPort: index === 0 ? httpPort : 'off' }), mqttPort: 'off' },
      });
      await this.#openFleet(child, share);
      return endpoints;
    });
    const [endpoints = {}] = await Promise.all(opened);
    await this.service!.ask('doorsOpened', endpoints);
    await this.#registerThings();
  }

  /** So many, as even as can be. */
  #shares(count: number): readonly Share[] {
    const { count: things } = this.#tally;
    return Array.from({ length: count }, (_, index) => {
      const from = Math.floor((things * index) / count);
      return { from, own: Math.floor((things * (index + 1)) / count) - from };
    });
  }

  /** With its things. @returns where it is */
  async #startService(): Promise<string> {
    const { mqttUrl } = await this.#openService({ doorsAreElsewhere: false });
    await this.#registerThings();
    return mqttUrl!;
  }

  async #openService({ doorsAreElsewhere }: { readonly doorsAreElsewhere: boolean }): Promise<Answer<'openService'>> {
    const { shape, seed, transport } = this.#options;
    const { count } = this.#tally;
    const doors = Math.min(this.#options.doors ?? 0, doorsAreElsewhere ? count : Infinity);
    const isShared = transport === 'in-process' && !doorsAreElsewhere;
    const name = isShared ? 'service and fleet' : 'service';
    this.service = this.#startPart(name, name, isShared ? count : 0);
    this.#tell.act('starting the service');
    return this.service.ask('openService', { faults: shape.given.faults, seed, doors, doorsAreElsewhere });
  }

  /** The service is whole, and its page can be seen. */
  async #registerThings(): Promise<void> {
    const { prefix, onService } = this.#options;
    const { first, count } = this.#tally;
    const service = this.service!;
    const pageUrl = await service.ask('page');
    if (pageUrl !== undefined) onService?.(pageUrl);
    this.#tell.act('registering the things');
    await service.ask('createThings', { first, count, prefix });
  }

  #openFleet(child: Child<PartQuestions>, { from, own }: Share, endpoint?: string): Promise<void> {
    this.#fleet.push(child);
    const { shape, seed, prefix, hardware, timeScale = 1, endpoint: others, certs } = this.#options;
    const { connectRate, keepAliveMs, reconnectMs } = shape.given;
    const { first, count } = this.#tally;
    return child.ask('openFleet', {
      ...present({ endpoint, certs }),
      first: first + from,
      count: own,
      prefix,
      connectRate: (connectRate * own) / count,
      keepAliveMs,
      reconnectMs,
      seed,
      isOwnService: others === undefined,
      ...(hardware && { hardware: hardware.profiles, timeScale }),
    });
  }

  #startPart(name: string, role: Part['role'], things: number): Child<PartQuestions> {
    // What was under way when the run ended goes on until it notices.
    if (this.#isClosed) throw new Error('the run is over');
    const { startPart = startPartProcess } = this.#options;
    const child = startPart(heapMegabytes);
    this.#all.push(child);
    this.#tally.processes.addPart({ name, role, things });
    void child.ended.then((how) => this.#tell.ended(name, how));
    return child;
  }

  /** All shares of the fleet. */
  askFleet<Name extends keyof PartQuestions & string>(
    name: Name,
    ...asked: Asked<PartQuestions[Name]>
  ): Promise<readonly Answer<Name>[]> {
    return Promise.all(this.#fleet.map((child) => child.ask(name, ...asked) as Promise<Answer<Name>>));
  }

  look(takesLatencies: boolean): Promise<readonly PartReport[]> {
    return Promise.all(this.#all.map((child) => child.ask('look', { takesLatencies })));
  }

  /** @param patienceMs for those that have something to close */
  async close(patienceMs: DurationMs): Promise<void> {
    this.#isClosed = true;
    const closed = this.#all.map(async (child) => {
      const asked = child.ask('close').catch(() => {});
      await Promise.race([asked, child.ended, pause(patienceMs, undefined, { ref: false })]);
      await child.stop();
    });
    await Promise.all(closed);
  }
}

function startPartProcess(heap: number): Child<PartQuestions> {
  return startChild<PartQuestions>(program, { heapMegabytes: heap, answerWithinMs: longestRunMs });
}

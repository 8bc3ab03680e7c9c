/**
 * The processes of a load run: starts the service and the shares of the fleet, asks them, and ends them whatever became of the run.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadOptions } from './load-options.ts';
import type { PartQuestions, PartReport } from './part.ts';
import { type Child, startChild } from '../process/child.ts';
import type { Part } from './process-tally.ts';
import type { Tally } from './tally.ts';

export interface ProcessesTell {
  /** What is going on, in a few words. */
  readonly act: (act: string) => unknown;
  /** One has ended, wanted or not. */
  readonly ended: (name: string, how: string) => void;
}

type Body<Name extends keyof PartQuestions> = PartQuestions[Name] extends (body: infer B) => unknown ? B : never;
type Answer<Name extends keyof PartQuestions> = Awaited<ReturnType<PartQuestions[Name]>>;

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
    const { endpoint, transport, processes } = this.#options;
    const { count } = this.#tally;
    const isShared = transport === 'in-process';
    const target = endpoint ?? (await this.#startService(isShared));
    this.#tell.act('starting the fleet');
    const shares = isShared ? 1 : Math.min(processes, count);
    for (let share = 0; share < shares; share += 1) {
      const from = Math.floor((count * share) / shares);
      const own = Math.floor((count * (share + 1)) / shares) - from;
      const name = shares === 1 ? 'fleet' : `fleet ${share + 1}`;
      const child = isShared ? this.service! : this.#startPart(name, 'fleet', own);
      this.#fleet.push(child);
      await this.#openFleet(child, from, own, isShared ? undefined : target);
    }
  }

  /** @returns where it is */
  async #startService(isShared: boolean): Promise<string> {
    const { shape, seed, prefix, doors = 0, onService } = this.#options;
    const { first, count } = this.#tally;
    const name = isShared ? 'service and fleet' : 'service';
    this.service = this.#startPart(name, name, isShared ? count : 0);
    this.#tell.act('starting the service');
    const { mqttPort, pageUrl } = await this.service.ask('openService', { faults: shape.given.faults, seed, doors });
    onService?.(pageUrl);
    this.#tell.act('registering the things');
    await this.service.ask('createThings', { first, count, prefix });
    return `mqtt://127.0.0.1:${mqttPort}`;
  }

  #openFleet(child: Child<PartQuestions>, from: number, own: number, endpoint: string | undefined): Promise<void> {
    const { shape, seed, prefix, hardware, timeScale = 1, endpoint: others } = this.#options;
    const { connectRate, keepAliveMs, reconnectMs } = shape.given;
    const { first, count } = this.#tally;
    return child.ask('openFleet', {
      ...(endpoint !== undefined && { endpoint }),
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
  askFleet<Name extends keyof PartQuestions & string>(name: Name, body: Body<Name>): Promise<readonly Answer<Name>[]> {
    return Promise.all(this.#fleet.map((child) => child.ask(name, body as never) as Promise<Answer<Name>>));
  }

  look(takesLatencies: boolean): Promise<readonly PartReport[]> {
    return Promise.all(this.#all.map((child) => child.ask('look', { takesLatencies })));
  }

  /** @param patienceMs for those that have something to close */
  async close(patienceMs: DurationMs): Promise<void> {
    this.#isClosed = true;
    const closed = this.#all.map(async (child) => {
      const asked = child.ask('close', undefined as never).catch(() => {});
      await Promise.race([asked, child.ended, pause(patienceMs, undefined, { ref: false })]);
      await child.stop();
    });
    await Promise.all(closed);
  }
}

function startPartProcess(heap: number): Child<PartQuestions> {
  const module = join(import.meta.dirname, 'process', 'load-part');
  return startChild<PartQuestions>(module, { heapMegabytes: heap, answerWithinMs: longestRunMs });
}

/**
 * The feed of the live page: folds what the service and its run see, and tells every browser that looks, by server-sent
 * events, at most ten times a second. While nobody looks and nothing is to be kept, nothing is watched at all.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { ObservationOf, Observer } from '../../observation/observation.ts';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import type { Change } from '../engine/contract.ts';
import type { ExecutionRow } from '../engine/rows.ts';
import type { HttpDoorEvent } from '../http/door-events.ts';
import type { MqttDoorEvent } from '../mqtt/door-events.ts';
import { Clients } from './clients.ts';
import type { RunHead, Snapshot } from './contract.ts';
import type { DeviceEntry } from './device-entry.ts';
import { FleetFold } from './fleet-fold.ts';
import { FleetFrames } from './fleet-frames.ts';
import type { LivePage, PageRun } from './page-run.ts';
import { type Receivers, ofRun, ofService, ofWire } from './sights.ts';
import { type DeviceAbout, Viewers } from './viewers.ts';
import type { WireTold, WireWanted } from './wire-share.ts';

export interface LiveFeedOptions {
  /** Service time. */
  readonly now: () => EpochMs;
  /** Looks at the doors and at executions. @returns ends it */
  readonly observe: (observer: Observer) => () => void;
  /** All that the service keeps, for what was there before. */
  readonly rows: () => Iterable<Required<Change>>;
  readonly isThing: (name: string) => boolean;
  /** Keeps what is said of each device even while no page is open. */
  readonly keeps: boolean;
  /** Asks doors in other processes for what is to be shown; absent: they are in this one, or nobody can ask them. */
  readonly askDoors?: (wanted: WireWanted | undefined) => void;
}

const frameMs = 100;
/** Nobody has looked for so long: what is not to be kept is forgotten. */
const forgetMs = 60_000;
/** Said now and then, so that a page knows that the service is there. */
const heartbeatMs = 1000;
/** What went on before, for eyes that were elsewhere. */
const actsKept = 3;
/** Devices that doors are asked to tell of since their job was pulled. */
const mostPulled = 2000;

export class LiveFeed implements LivePage {
  readonly service = randomUUID();
  endpoints: Readonly<Record<string, string>> = {};
  /** Is told what the run sees. */
  readonly observer: Observer;
  readonly #options: LiveFeedOptions;
  readonly #startedAt: EpochMs;
  readonly #receivers: Receivers = {
    fold: () => this.#fold,
    note: (thingName, seen) => this.#fold?.tell(thingName, { ...seen, at: this.#options.now() }),
  };
  readonly #ofService = ofService(this.#receivers);
  readonly #ofWire = ofWire(this.#receivers);
  readonly #clients: Clients;
  readonly #viewers = new Viewers({
    snapshotFor: (viewer) => this.#snapshotFor(viewer),
    aboutOf: ({ name }) => this.#aboutOf(name),
    onNobody: () => this.#nobodyLooks(),
  });
  readonly #stops: (() => void)[] = [];
  #fold: FleetFold | undefined;
  #frames = new FleetFrames();
  #run: RunHead = { verb: 'serve', about: '', deeds: [], speed: 1 };
  #runChanged = false;
  #pageRun: PageRun | undefined;
  #timer: NodeJS.Timeout | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #lastFrameAt = 0;
  #asked = '';

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.observer = ofRun(this.#receivers);
    this.#clients = new Clients({
      ...this.#receivers,
      isThing: options.isThing,
      isToldByRun: () => this.#pageRun?.seesDevices === true,
    });
    if (options.keeps) this.#begin();
  }

  // What is seen.

  door(event: MqttDoorEvent | HttpDoorEvent): void {
    this.#clients.heard(event);
  }

  /** There is a thing of this name. */
  registered(thingName: string): void {
    this.#fold?.entry(thingName);
  }

  /** A door in another process tells what it was asked for. */
  wire(told: WireTold): void {
    const fold = this.#fold;
    if (fold === undefined || this.#pageRun?.seesDevices === true) return;
    switch (told.kind) {
      case 'wire':
        for (const seen of told.seen) this.#ofWire.written?.(seen);
        return;
      case 'wire-kept':
        fold.retell(told.thingName, told.seen);
        return;
      case 'wire-counts':
        fold.counted(told.exchanges, told.answersMs);
    }
  }

  // What a run has to say.

  present(run: PageRun): void {
    this.#pageRun = run;
    const deeds = [
      ...(run.powerCut ? (['power-cut'] as const) : []),
      ...(run.dropLink ? (['drop-link'] as const) : []),
      ...(run.setSpeed ? (['speed'] as const) : []),
      ...(run.start ? (['start'] as const) : []),
    ];
    this.#changeRun({ verb: run.verb, about: run.about, deeds, speed: run.speed ?? 1 });
    for (const name of run.things ?? []) this.#fold?.entry(name);
    this.#place();
  }

  get pageRun(): PageRun | undefined {
    return this.#pageRun;
  }

  narrate(act: string, goesOn = false): void {
    const { act: last, before = [] } = this.#run;
    const earlier = goesOn || last === undefined ? before : [last, ...before].slice(0, actsKept);
    this.#changeRun({ act, before: earlier });
  }

  awaitStart(awaitsStart: boolean): void {
    this.#changeRun({ awaitsStart });
  }

  scenarios(scenarios: NonNullable<RunHead['scenarios']>): void {
    this.#changeRun({ scenarios });
  }

  judged(thingName: string, isBroken: boolean, reason: string): void {
    const entry = this.#fold?.touch(thingName);
    if (entry !== undefined) entry.verdict = { isBroken, reason };
    if (isBroken) this.#changeRun({ found: { thing: thingName, reason } });
  }

  concluded(verdict: NonNullable<RunHead['verdict']>): void {
    this.#changeRun({ verdict });
  }

  speedIs(speed: number): void {
    this.#changeRun({ speed });
  }

  #changeRun(change: Partial<RunHead>): void {
    this.#run = { ...this.#run, ...change };
    this.#runChanged = true;
  }

  // Who looks.

  /** Those that are shown and connected now. */
  connectedThings(): readonly string[] {
    return (this.#fold?.entries ?? []).filter(({ online, isGone }) => online && !isGone).map(({ name }) => name);
  }

  /** Those with a pending execution of this job. */
  thingsOf(jobId: string): readonly string[] {
    const entries = this.#fold?.entries ?? [];
    return entries.filter(({ queue }) => queue.some((one) => one.jobId === jobId)).map(({ name }) => name);
  }

  find(name: string): DeviceEntry | undefined {
    return this.#fold?.find(name);
  }

  /** @returns false when as many look as may. */
  join(response: ServerResponse, thing: string | undefined): boolean {
    if (this.#viewers.isFull) return false;
    if (this.#fold === undefined) this.#begin();
    clearTimeout(this.#forgetting);
    this.#viewers.join(response, thing);
    this.#timer ??= setInterval(() => this.#tick(), frameMs).unref();
    return true;
  }

  /** The page looks at another device, or at none. */
  look(number: number, thing: string | undefined): boolean {
    return this.#viewers.look(number, thing);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#forgetting);
    this.#viewers.close();
    this.#end();
  }

  #nobodyLooks(): void {
    if (!this.#options.keeps) this.#forgetting = setTimeout(() => this.#end(), forgetMs).unref();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#askDoors();
  }

  #begin(): void {
    const fold = new FleetFold({ now: this.#options.now, wallNow: () => performance.now() });
    this.#fold = fold;
    this.#frames = new FleetFrames();
    fold.onPulled = (entry) => {
      entry.viewAtPull = this.#pageRun?.viewOf?.(entry.name);
    };
    for (const name of this.#pageRun?.things ?? []) fold.entry(name);
    for (const { table, row } of this.#options.rows()) {
      if (table === 'thing') fold.entry((row as { readonly thingName: string }).thingName);
      if (table === 'jobExecution') fold.execution(asSeen(row as ExecutionRow));
    }
    this.#clients.showAll();
    this.#place();
  }

  #end(): void {
    this.#fold = undefined;
    this.#place();
  }

  /** The wire is watched only where nobody who stands nearer tells of it. */
  #place(): void {
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#fold === undefined) return;
    this.#stops.push(this.#options.observe(this.#ofService));
    if (this.#pageRun?.seesDevices !== true) this.#stops.push(this.#options.observe(this.#ofWire));
  }

  /** Of doors elsewhere no more than somebody looks at, and what shows whether a pulled device has recovered. */
  #askDoors(): void {
    const { askDoors } = this.#options;
    const fold = this.#fold;
    if (askDoors === undefined || this.#pageRun?.seesDevices === true) return;
    const wanted: WireWanted | undefined =
      this.#viewers.count === 0 || fold === undefined
        ? undefined
        : { looked: [...this.#viewers.things()], pulled: fold.unrecovered(mostPulled) };
    const text = wanted === undefined ? '' : JSON.stringify(wanted);
    if (text === this.#asked) return;
    this.#asked = text;
    askDoors(wanted);
  }

  // Frames.

  #tick(): void {
    const fold = this.#fold;
    if (fold === undefined) return;
    const now = this.#options.now();
    const delta = this.#frames.next(fold, now, this.#runChanged ? { run: this.#run } : {});
    this.#runChanged = false;
    this.#askDoors();
    const wallNow = performance.now();
    const isHeartbeat = wallNow - this.#lastFrameAt >= heartbeatMs;
    if (delta !== undefined || isHeartbeat) this.#lastFrameAt = wallNow;
    // Without their ends: what is of one browser alone is put behind them.
    const beat = `{"kind":"delta","at":${now}`;
    const shared = delta === undefined ? undefined : JSON.stringify(delta).slice(0, -1);
    this.#viewers.show(fold, shared ?? (isHeartbeat ? beat : undefined), beat);
  }

  #snapshotFor(viewer: number): Omit<Snapshot, 'device'> {
    const fold = this.#fold;
    const { counters, jobs, chart } = this.#frames;
    return {
      kind: 'snapshot',
      service: this.service,
      viewer,
      at: this.#options.now(),
      startedAt: this.#startedAt,
      endpoints: this.endpoints,
      run: this.#run,
      names: (fold?.entries ?? []).map(({ name }) => name),
      states: fold?.states() ?? '',
      counters,
      jobs,
      chart,
      unseen: fold?.unseen ?? 0,
    };
  }

  #aboutOf(thingName: string): DeviceAbout {
    const view = this.#pageRun?.viewOf?.(thingName);
    const hardware = this.#pageRun?.hardwareOf?.(thingName);
    return { ...(hardware !== undefined && { hardware }), ...(view && { view }) };
  }
}

/** What there was before anybody looked. */
function asSeen({
  thingName,
  jobId,
  executionNumber,
  queuedAt,
  namespaceId,
  ...row
}: ExecutionRow): ObservationOf<'execution'> {
  const { status, versionNumber, statusDetails } = row;
  const namespace = namespaceId === undefined ? {} : { namespaceId };
  return {
    kind: 'execution',
    source: 'service',
    at: 0,
    thingName,
    execution: { jobId, executionNumber, queuedAt: toEpochSeconds(queuedAt), ...namespace },
    status,
    versionNumber,
    ...(statusDetails && { statusDetails }),
    by: 'service',
  };
}

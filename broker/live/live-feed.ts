/**
 * The feed of the live page: folds what the service and its run see, and tells every browser that looks, by server-sent
 * events, at most ten times a second. A browser that does not keep up is left out until it has read what it got, and is
 * then told everything anew: nothing queues. While nobody looks and nothing is to be kept, nothing is watched at all.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Observation, ObservationOf, Observer } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import type { Change } from '../engine/contract.ts';
import type { ExecutionRow } from '../engine/rows.ts';
import type { HttpDoorEvent } from '../http/door-events.ts';
import type { MqttDoorEvent } from '../mqtt/door-events.ts';
import { everyThing, noThing, undecided } from '../mqtt/identity.ts';
import type { ChartPoint, Counters, DeviceFrame, Frame, PendingJob, RunHead, Snapshot } from './contract.ts';
import { type DeviceEntry, keptPayload } from './device-entry.ts';
import { FleetFold } from './fleet-fold.ts';
import type { LivePage, PageRun } from './page-run.ts';

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
}

interface Viewer {
  readonly number: number;
  readonly response: ServerResponse;
  thing: string | undefined;
  /** What it has got of its device. */
  toldUpTo: number;
  /** What it was told of its device last, but for messages. */
  lastDevice: string;
  /** How many names it knows. */
  names: number;
  /** It has not read what it was sent. */
  isBlocked: boolean;
  /** Something was not sent to it meanwhile. */
  hasMissed: boolean;
  needsSnapshot: boolean;
}

const frameMs = 100;
const pointMs = 1000;
const pointsKept = 180;
const mostViewers = 32;
/** Nobody has looked for so long: what is not to be kept is forgotten. */
const forgetMs = 60_000;
const toldInFrame = 400;
/** What goes over all devices is not counted for every frame. */
const ticksACount = 2;
const ticksAJobCount = 5;
const noCounters: Counters = {
  things: 0,
  connected: 0,
  atWork: 0,
  succeeded: 0,
  failed: 0,
  pulled: 0,
  recovered: 0,
  broken: 0,
};
/** Said now and then, so that a page knows that the service is there. */
const heartbeatMs = 1000;

export class LiveFeed implements LivePage {
  readonly service = randomUUID();
  readonly #options: LiveFeedOptions;
  readonly #viewers = new Map<number, Viewer>();
  /** Connected clients: what the door said of each, whether or not somebody looks. */
  readonly #clients = new Map<string, { name: string; protocol: string }>();
  #fold: FleetFold | undefined;
  readonly #stops: (() => void)[] = [];
  #chart: ChartPoint[] = [];
  #run: RunHead = { verb: 'serve', about: '', deeds: [], speed: 1 };
  #runChanged = false;
  #pageRun: PageRun | undefined;
  #timer: NodeJS.Timeout | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #nextViewer = 1;
  #lastPointAt = 0;
  #lastFrameAt = 0;
  #ticks = -1;
  #counters: Counters = noCounters;
  #jobs: readonly PendingJob[] = [];
  #lastCounters = '';
  #lastJobs = '';
  readonly #startedAt: EpochMs;
  endpoints: Readonly<Record<string, string>> = {};

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    if (options.keeps) this.#begin();
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  // What is seen.

  /** What the service's doors and its engine show. What a device does to its execution is told by what it says. */
  readonly #ofService: Observer = {
    execution: (seen) => {
      this.#fold?.execution(seen);
      if (seen.thingName !== undefined && seen.by !== 'device') this.#note(seen.thingName, seen);
    },
  };

  readonly #ofWire: Observer = {
    written: (seen) => {
      const fold = this.#fold;
      const { thingName, to, topic, text } = seen;
      if (fold === undefined || thingName === undefined) return;
      fold.tell(thingName, { ...seen, text: keptPayload(text) });
      const about = parseJobsTopic(topic);
      if (to === 'device') {
        if (about?.kind === 'reply') fold.answered(thingName, about.operation);
        return;
      }
      if (about?.kind !== 'request') {
        fold.remark(thingName, 'no-such-operation');
        return;
      }
      const status = /"status"\s*:\s*"([A-Z_]+)"/.exec(text)?.[1];
      const said = { hasToken: text.includes('"clientToken"'), ...(status !== undefined && { status }) };
      fold.asked(thingName, about.operation, about.jobId, said);
    },
  };

  #note(thingName: string, seen: Observation): void {
    this.#fold?.tell(thingName, { ...seen, at: this.#options.now() });
  }

  /** What the run sees. Of a pull the service tells, and of an answer it tells more. */
  readonly observer: Observer = {
    ...observeEvery((seen) => this.#see(seen)),
    moved: undefined,
    execution: undefined,
    download: undefined,
    lag: undefined,
    pinged: undefined,
  };

  #see(seen: Observation): void {
    const fold = this.#fold;
    const { thingName } = seen;
    if (fold === undefined || thingName === undefined) return;
    switch (seen.kind) {
      case 'connected':
        fold.connected(thingName, seen.client?.protocol);
        break;
      case 'disconnected':
        fold.disconnected(thingName);
        break;
      case 'power':
        if (!seen.on) fold.disconnected(thingName);
        break;
      case 'sent': {
        const { operation, jobId, body } = seen.request;
        const { status, clientToken } = body;
        fold.asked(thingName, operation, jobId, { hasToken: clientToken !== undefined, ...(status && { status }) });
        break;
      }
      case 'received':
        if (seen.message.kind === 'reply') fold.answered(thingName, seen.message.operation);
        break;
      case 'subscribed':
        fold.subscribed(
          thingName,
          seen.filters.map(({ filter }) => filter),
        );
        break;
      case 'traced':
        fold.traced(seen);
        // Steps are on the tile; of all others a line is worth reading.
        if (seen.trace.kind === 'step' || seen.trace.kind === 'download') return;
        break;
    }
    this.#note(thingName, seen);
  }

  door(event: MqttDoorEvent | HttpDoorEvent): void {
    switch (event.kind) {
      case 'connected': {
        const { clientId, principal, client } = event;
        const isThing = principal !== everyThing && principal !== noThing && principal !== undecided;
        this.#clients.set(clientId, { name: isThing ? principal : clientId, protocol: client.protocol });
        // A client that may act for all, or for none, is no device, unless there is a thing of its name.
        if (isThing || principal === undecided || this.#options.isThing(clientId)) {
          this.#arrived(clientId, event.sessionPresent);
        }
        return;
      }
      case 'identified': {
        const client = this.#clients.get(event.clientId);
        if (client === undefined) return;
        if (client.name !== event.thingName) this.#fold?.rename(client.name, event.thingName);
        client.name = event.thingName;
        return;
      }
      case 'disconnected': {
        const client = this.#clients.get(event.clientId);
        if (client === undefined || event.how === 'taken-over') return;
        this.#clients.delete(event.clientId);
        if (this.#fold?.find(client.name) === undefined) return;
        this.#fold.disconnected(client.name);
        if (this.#pageRun?.seesDevices === true) return;
        const end = event.how === 'goodbye' ? 'by-device' : event.how === 'lost' ? 'lost' : 'by-service';
        this.#note(client.name, {
          kind: 'disconnected',
          at: 0,
          source: 'wire',
          thingName: client.name,
          end,
          ...(event.message !== undefined && { reason: event.message }),
        });
        return;
      }
      case 'subscribed': {
        const name = this.#nameOf(event.clientId);
        if (name === undefined) return;
        const { filters } = event;
        this.#fold?.subscribed(
          name,
          filters.filter(({ qos }) => qos !== undefined).map(({ filter }) => filter),
        );
        this.#note(name, { kind: 'subscribed', at: 0, source: 'wire', thingName: name, filters });
        return;
      }
      case 'called': {
        const { thingName, request, error } = event;
        if (request === undefined || thingName === undefined || this.#fold === undefined) return;
        const { operation, jobId, body } = request;
        const { status } = body;
        // Over HTTP an answer cannot be mistaken for another.
        this.#fold.asked(thingName, operation, jobId, { hasToken: true, ...(status && { status }) });
        this.#note(thingName, { kind: 'sent', at: 0, source: 'wire', thingName, request, via: 'http' });
        if (error === undefined) return;
        const reason = `${error.exception}: ${error.message}`;
        this.#note(thingName, {
          kind: 'refused',
          at: 0,
          source: 'wire',
          thingName,
          what: 'request',
          topic: operation,
          reason,
        });
        return;
      }
      case 'malformed-json':
        this.#remark(event.clientId, 'not-json');
        return;
      case 'subscription-denied':
        this.#remark(event.clientId, 'denied-subscription');
        this.#refused(event.clientId, 'subscribe', event.filter, event.message);
        return;
      case 'publish-refused':
        this.#remark(event.clientId, 'refused-publish');
        this.#refused(event.clientId, 'publish', event.topic, event.message);
    }
  }

  /** Of a client that is shown, by what the door sees of it. */
  #nameOf(clientId: string): string | undefined {
    const name = this.#clients.get(clientId)?.name;
    if (name === undefined || this.#fold?.find(name) === undefined) return undefined;
    return this.#pageRun?.seesDevices === true ? undefined : name;
  }

  #arrived(clientId: string, sessionPresent: boolean): void {
    const client = this.#clients.get(clientId);
    if (client === undefined || this.#fold === undefined) return;
    const { name, protocol } = client;
    this.#fold.connected(name, protocol);
    if (this.#pageRun?.seesDevices !== true) {
      this.#note(name, { kind: 'connected', at: 0, source: 'wire', thingName: name, sessionPresent });
    }
  }

  #remark(clientId: string, code: 'not-json' | 'denied-subscription' | 'refused-publish'): void {
    const name = this.#clients.get(clientId)?.name;
    if (name !== undefined) this.#fold?.remark(name, code);
  }

  #refused(clientId: string, what: 'subscribe' | 'publish', topic: string, reason: string): void {
    const name = this.#nameOf(clientId);
    if (name === undefined) return;
    this.#note(name, { kind: 'refused', at: 0, source: 'wire', thingName: name, what, topic, reason });
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

  narrate(act: string): void {
    this.#changeRun({ act });
  }

  awaitStart(awaitsStart: boolean): void {
    this.#changeRun({ awaitsStart });
  }

  scenarios(scenarios: NonNullable<RunHead['scenarios']>): void {
    this.#changeRun({ scenarios });
  }

  judged(thingName: string, isBroken: boolean, reason: string): void {
    this.#fold?.judged(thingName, isBroken, reason);
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
    if (this.#viewers.size >= mostViewers) return false;
    if (this.#fold === undefined) this.#begin();
    clearTimeout(this.#forgetting);
    const viewer: Viewer = {
      number: this.#nextViewer,
      response,
      thing,
      toldUpTo: 0,
      lastDevice: '',
      names: 0,
      isBlocked: false,
      hasMissed: false,
      needsSnapshot: true,
    };
    this.#nextViewer += 1;
    this.#viewers.set(viewer.number, viewer);
    response.on('drain', () => {
      viewer.isBlocked = false;
      viewer.needsSnapshot = viewer.hasMissed;
      viewer.hasMissed = false;
    });
    response.once('close', () => this.#leave(viewer));
    response.on('error', () => this.#leave(viewer));
    this.#timer ??= setInterval(() => this.#tick(), frameMs).unref();
    return true;
  }

  /** The page looks at another device, or at none. */
  look(number: number, thing: string | undefined): boolean {
    const viewer = this.#viewers.get(number);
    if (viewer === undefined) return false;
    viewer.thing = thing;
    viewer.toldUpTo = 0;
    viewer.lastDevice = '';
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#forgetting);
    for (const { response } of this.#viewers.values()) response.destroy();
    this.#viewers.clear();
    this.#end();
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer.number);
    if (this.#viewers.size > 0) return;
    if (!this.#options.keeps) this.#forgetting = setTimeout(() => this.#end(), forgetMs).unref();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #begin(): void {
    const fold = new FleetFold({ now: this.#options.now, wallNow: () => performance.now() });
    this.#fold = fold;
    fold.onPulled = (entry) => {
      entry.viewAtPull = this.#pageRun?.viewOf?.(entry.name);
    };
    for (const name of this.#pageRun?.things ?? []) fold.entry(name);
    for (const { table, row } of this.#options.rows()) {
      if (table === 'thing') fold.entry((row as { readonly thingName: string }).thingName);
      if (table === 'jobExecution') fold.execution(asSeen(row as ExecutionRow));
    }
    for (const [clientId, { name }] of this.#clients) {
      if (name !== clientId || this.#options.isThing(name)) this.#arrived(clientId, false);
    }
    this.#place();
  }

  #end(): void {
    this.#fold = undefined;
    this.#chart = [];
    this.#place();
  }

  /** The wire is watched only where nobody who stands nearer tells of it. */
  #place(): void {
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#fold === undefined) return;
    this.#stops.push(this.#options.observe(this.#ofService));
    if (this.#pageRun?.seesDevices !== true) this.#stops.push(this.#options.observe(this.#ofWire));
  }

  // Frames.

  #tick(): void {
    const fold = this.#fold;
    if (fold === undefined) return;
    const wallNow = performance.now();
    const moved = fold.takeMoved();
    this.#ticks += 1;
    const counters = this.#ticks % ticksACount === 0 ? fold.counters() : this.#counters;
    const countersText = JSON.stringify(counters);
    const jobs = this.#ticks % ticksAJobCount === 0 ? fold.jobs() : this.#jobs;
    const jobsText = JSON.stringify(jobs);
    this.#counters = counters;
    this.#jobs = jobs;
    let point: ChartPoint | undefined;
    if (wallNow - this.#lastPointAt >= pointMs) {
      this.#lastPointAt = wallNow;
      point = fold.takePoint(counters.connected, Math.round(process.memoryUsage.rss() / 1_048_576));
      this.#chart.push(point);
      if (this.#chart.length > pointsKept) this.#chart.shift();
    }
    const isSame =
      moved.length === 0 &&
      countersText === this.#lastCounters &&
      jobsText === this.#lastJobs &&
      point === undefined &&
      !this.#runChanged;
    // Without the end, so that a device and new names can be put behind it.
    const shared = isSame
      ? undefined
      : JSON.stringify({
          kind: 'delta',
          at: this.#options.now(),
          ...(this.#runChanged && { run: this.#run }),
          ...(moved.length > 0 && { moved }),
          ...(countersText !== this.#lastCounters && { counters, unseen: fold.unseen }),
          ...(jobsText !== this.#lastJobs && { jobs }),
          ...(point && { point }),
        } satisfies Frame).slice(0, -1);
    this.#lastCounters = countersText;
    this.#lastJobs = jobsText;
    this.#runChanged = false;
    const isHeartbeat = wallNow - this.#lastFrameAt >= heartbeatMs;
    if (shared !== undefined || isHeartbeat) this.#lastFrameAt = wallNow;
    const beat = `{"kind":"delta","at":${this.#options.now()}`;
    for (const viewer of this.#viewers.values()) this.#show(viewer, shared ?? (isHeartbeat ? beat : undefined), beat);
  }

  #show(viewer: Viewer, shared: string | undefined, beat = ''): void {
    const fold = this.#fold;
    if (fold === undefined) return;
    if (viewer.isBlocked) {
      viewer.hasMissed = true;
      return;
    }
    if (viewer.needsSnapshot) {
      viewer.needsSnapshot = false;
      viewer.names = fold.entries.length;
      viewer.toldUpTo = 0;
      viewer.lastDevice = '';
      this.#write(viewer, JSON.stringify(this.#snapshot(fold, viewer)));
      return;
    }
    const device = this.#deviceFrame(viewer);
    const joined = fold.entries.slice(viewer.names).map(({ name }) => name);
    viewer.names = fold.entries.length;
    if (shared === undefined && device === undefined && joined.length === 0) return;
    const rest = [
      joined.length > 0 ? `,"joined":${JSON.stringify(joined)}` : '',
      device === undefined ? '' : `,"device":${JSON.stringify(device)}`,
    ];
    this.#write(viewer, `${shared ?? beat}${rest.join('')}}`);
  }

  #write(viewer: Viewer, json: string): void {
    // JSON has no line feeds of its own: one line is one event.
    if (!viewer.response.write(`data: ${json}\n\n`)) viewer.isBlocked = true;
  }

  #snapshot(fold: FleetFold, viewer: Viewer): Snapshot {
    const device = this.#deviceFrame(viewer);
    return {
      kind: 'snapshot',
      service: this.service,
      viewer: viewer.number,
      at: this.#options.now(),
      startedAt: this.#startedAt,
      endpoints: this.endpoints,
      run: this.#run,
      names: fold.entries.map(({ name }) => name),
      states: fold.states(),
      counters: this.#counters,
      jobs: this.#jobs,
      chart: this.#chart,
      unseen: fold.unseen,
      ...(device && { device }),
    };
  }

  /** Of the device that the page looks at, where something is new. */
  #deviceFrame(viewer: Viewer): DeviceFrame | undefined {
    const { thing } = viewer;
    const entry = thing === undefined ? undefined : this.#fold?.find(thing);
    if (entry === undefined) return undefined;
    const view = this.#pageRun?.viewOf?.(entry.name);
    const hardware = this.#pageRun?.hardwareOf?.(entry.name);
    const { pull } = entry;
    const about = {
      name: entry.name,
      state: entry.state,
      online: entry.online,
      queue: entry.queue,
      remarks: [...entry.remarks],
      ...(pull && { pull }),
      ...(entry.verdict && { verdict: entry.verdict.reason }),
      ...(hardware !== undefined && { hardware }),
      ...(entry.protocol !== undefined && { protocol: entry.protocol }),
      ...(view && { view }),
      ...(entry.viewAtPull && { viewAtPull: entry.viewAtPull }),
    };
    const text = JSON.stringify(about);
    const anew = viewer.toldUpTo === 0;
    const told = entry.toldSince(viewer.toldUpTo, toldInFrame);
    if (text === viewer.lastDevice && told.length === 0) return undefined;
    viewer.lastDevice = text;
    viewer.toldUpTo = entry.lastNumber;
    return { ...about, told, ...(anew && { anew }) };
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

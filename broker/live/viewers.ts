/**
 * The browsers that look, each with what it has got: a snapshot first, then what changed, and of the device that it looks at
 * what is new. One that does not keep up is left out until it has read what it got, and is then told everything anew: nothing
 * queues. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';
import type { DeviceFrame, Snapshot } from './contract.ts';
import type { DeviceEntry } from './device-entry.ts';
import type { FleetFold } from './fleet-fold.ts';

/** What a frame says of a device beside its state and its messages. */
export type DeviceAbout = Pick<DeviceFrame, 'view' | 'hardware'>;

export interface ViewersOptions {
  readonly snapshotFor: (viewer: number) => Omit<Snapshot, 'device'>;
  readonly aboutOf: (entry: DeviceEntry) => DeviceAbout;
  /** The last one has gone. */
  readonly onNobody: () => void;
}

interface Viewer {
  readonly number: number;
  readonly response: ServerResponse;
  thing: string | undefined;
  /** What it has got of its device: up to which message, of which telling. */
  toldUpTo: number;
  telling: number;
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

const mostViewers = 32;
const toldInFrame = 400;

export class Viewers {
  readonly #options: ViewersOptions;
  readonly #all = new Map<number, Viewer>();
  #next = 1;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#all.size;
  }

  get isFull(): boolean {
    return this.#all.size >= mostViewers;
  }

  /** Devices that somebody looks at. */
  things(): ReadonlySet<string> {
    return new Set([...this.#all.values()].flatMap(({ thing }) => (thing === undefined ? [] : [thing])));
  }

  join(response: ServerResponse, thing: string | undefined): void {
    const viewer: Viewer = {
      number: this.#next,
      response,
      thing,
      toldUpTo: 0,
      telling: 0,
      lastDevice: '',
      names: 0,
      isBlocked: false,
      hasMissed: false,
      needsSnapshot: true,
    };
    this.#next += 1;
    this.#all.set(viewer.number, viewer);
    response.on('drain', () => {
      viewer.isBlocked = false;
      viewer.needsSnapshot ||= viewer.hasMissed;
      viewer.hasMissed = false;
    });
    response.once('close', () => this.#leave(viewer));
    response.on('error', () => this.#leave(viewer));
  }

  /** It looks at another device, or at none. @returns false where it is not there */
  look(number: number, thing: string | undefined): boolean {
    const viewer = this.#all.get(number);
    if (viewer === undefined) return false;
    viewer.thing = thing;
    viewer.toldUpTo = 0;
    viewer.lastDevice = '';
    return true;
  }

  /**
   * Tells each what it has not got.
   * @param shared a frame without its end, so that a device and new names can be put behind it; absent: nothing changed
   * @param beat the smallest frame, without its end
   */
  show(fold: FleetFold, shared: string | undefined, beat: string): void {
    for (const viewer of this.#all.values()) {
      if (viewer.isBlocked) viewer.hasMissed = true;
      else if (viewer.needsSnapshot) this.#showAll(viewer, fold);
      else this.#showRest(viewer, fold, shared, beat);
    }
  }

  close(): void {
    for (const { response } of this.#all.values()) response.destroy();
    this.#all.clear();
  }

  #leave(viewer: Viewer): void {
    if (this.#all.delete(viewer.number) && this.#all.size === 0) this.#options.onNobody();
  }

  #showAll(viewer: Viewer, fold: FleetFold): void {
    viewer.needsSnapshot = false;
    viewer.names = fold.entries.length;
    viewer.toldUpTo = 0;
    viewer.lastDevice = '';
    const device = this.#deviceFrame(viewer, fold);
    const snapshot: Snapshot = { ...this.#options.snapshotFor(viewer.number), ...(device && { device }) };
    write(viewer, JSON.stringify(snapshot));
  }

  #showRest(viewer: Viewer, fold: FleetFold, shared: string | undefined, beat: string): void {
    const device = this.#deviceFrame(viewer, fold);
    const joined = fold.entries.slice(viewer.names).map(({ name }) => name);
    viewer.names = fold.entries.length;
    if (shared === undefined && device === undefined && joined.length === 0) return;
    const rest = [
      joined.length > 0 ? `,"joined":${JSON.stringify(joined)}` : '',
      device === undefined ? '' : `,"device":${JSON.stringify(device)}`,
    ];
    write(viewer, `${shared ?? beat}${rest.join('')}}`);
  }

  /** Of the device that it looks at, where something is new. */
  #deviceFrame(viewer: Viewer, fold: FleetFold): DeviceFrame | undefined {
    const { thing } = viewer;
    const entry = thing === undefined ? undefined : fold.find(thing);
    if (entry === undefined) return undefined;
    const { pull, verdict, protocol, viewAtPull } = entry;
    const about = {
      name: entry.name,
      state: entry.state,
      online: entry.online,
      queue: entry.queue,
      remarks: [...entry.remarks],
      ...(pull && { pull }),
      ...(verdict && { verdict: verdict.reason }),
      ...(protocol !== undefined && { protocol }),
      ...(viewAtPull && { viewAtPull }),
      ...this.#options.aboutOf(entry),
    };
    const text = JSON.stringify(about);
    const anew = viewer.toldUpTo === 0 || viewer.telling !== entry.telling;
    const told = entry.toldSince(anew ? 0 : viewer.toldUpTo, toldInFrame);
    if (text === viewer.lastDevice && told.length === 0) return undefined;
    viewer.lastDevice = text;
    viewer.telling = entry.telling;
    viewer.toldUpTo = entry.lastNumber;
    return { ...about, told, ...(anew && { anew }) };
  }
}

function write(viewer: Viewer, json: string): void {
  // JSON has no line feeds of its own: one line is one event.
  if (!viewer.response.write(`data: ${json}\n\n`)) viewer.isBlocked = true;
}

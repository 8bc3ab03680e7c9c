/**
 * What a door in another process than the engine tells the live page there: how much is asked and how long answers take, once a
 * second, and the messages of those devices that somebody looks at or waits for to recover. Where messages are to be kept, each
 * door keeps those of its own clients, and hands them over when somebody looks. While nobody looks, nothing is told.
 */
import type { ObservationOf } from '../../observation/observation.ts';
import type { Watchers } from '../../observation/watchers.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { keptText } from './device-entry.ts';

type Written = ObservationOf<'written'>;

/** What the page wants of every door. */
export interface WireWanted {
  /** Devices that somebody looks at: what is kept of them, and from now on every message. */
  readonly looked: readonly string[];
  /** Devices that were pulled and are not known to have recovered. */
  readonly pulled: readonly string[];
}

export type WireTold =
  | { readonly kind: 'wire'; readonly seen: readonly Written[] }
  /** All that the door keeps of one device. */
  | { readonly kind: 'wire-kept'; readonly thingName: string; readonly seen: readonly Written[] }
  /** Since the last of these. */
  | { readonly kind: 'wire-counts'; readonly exchanges: number; readonly answersMs: readonly DurationMs[] };

export interface WireShareOptions {
  readonly tell: (told: WireTold) => void;
  /** Messages of each device are kept while nobody looks. */
  readonly keeps: boolean;
}

const gatherMs = 50;
/** A door tells no more at once: what comes faster cannot be read. */
const mostGathered = 500;
const countMs = 1000;
const mostAnswers = 200;
/** Of all devices of the door. */
const mostKept = 50_000;
const mostKeptBytes = 24 * 1024 * 1024;
const mostKeptOfOne = 300;

export class WireShare {
  readonly #options: WireShareOptions;
  readonly #kept: KeptMessages | undefined;
  #watchers: Watchers | undefined;
  #wanted: ReadonlySet<string> | undefined;
  #looked: ReadonlySet<string> = new Set();
  #stop: (() => void) | undefined;
  #counting: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #gathered: Written[] = [];
  #exchanges = 0;
  #answersMs: DurationMs[] = [];
  /** When each device made the update that waits for its answer, wall clock. */
  readonly #askedAt = new Map<string, number>();

  constructor(options: WireShareOptions) {
    this.#options = options;
    if (options.keeps) this.#kept = new KeptMessages();
  }

  /** The door is there. */
  watch(watchers: Watchers): void {
    this.#watchers = watchers;
    if (this.#kept !== undefined || this.#wanted !== undefined) this.#watch();
  }

  /** @param what a {@link WireWanted}; else nobody looks */
  wants(what: unknown): void {
    const wanted = (what ?? undefined) as WireWanted | undefined;
    const before = this.#looked;
    this.#looked = new Set(wanted?.looked ?? []);
    this.#wanted = wanted && new Set([...wanted.looked, ...wanted.pulled]);
    if (wanted === undefined) {
      this.#rest();
      return;
    }
    this.#watch();
    this.#counting ??= setInterval(() => this.#tellCounts(), countMs).unref();
    for (const thingName of this.#looked) {
      const seen = before.has(thingName) ? undefined : this.#kept?.of(thingName);
      if (seen !== undefined) this.#options.tell({ kind: 'wire-kept', thingName, seen });
    }
  }

  close(): void {
    this.#rest();
    this.#stop?.();
  }

  #watch(): void {
    this.#stop ??= this.#watchers?.add({ written: (seen) => this.#see(seen) });
  }

  #rest(): void {
    clearInterval(this.#counting);
    clearTimeout(this.#gathering);
    [this.#counting, this.#gathering, this.#gathered] = [undefined, undefined, []];
    this.#askedAt.clear();
    if (this.#kept !== undefined) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #see(seen: Written): void {
    const { thingName = '', to, topic } = seen;
    if (this.#wanted !== undefined) {
      if (to === 'service') this.#exchanges += 1;
      this.#time(thingName, to, topic);
    }
    const isWanted = this.#wanted?.has(thingName) === true;
    if (!isWanted && this.#kept === undefined) return;
    const kept = { ...seen, text: keptText(seen) };
    this.#kept?.add(thingName, kept);
    if (!isWanted || this.#gathered.length >= mostGathered) return;
    if (this.#gathered.push(kept) === 1) this.#gathering = setTimeout(() => this.#tellGathered(), gatherMs).unref();
  }

  /** From an update to its answer. */
  #time(thingName: string, to: Written['to'], topic: string): void {
    if (to === 'service') {
      if (topic.endsWith('/update')) this.#askedAt.set(thingName, performance.now());
      return;
    }
    if (!topic.endsWith('/update/accepted') && !topic.endsWith('/update/rejected')) return;
    const askedAt = this.#askedAt.get(thingName);
    if (askedAt === undefined) return;
    this.#askedAt.delete(thingName);
    if (this.#answersMs.length < mostAnswers) this.#answersMs.push(performance.now() - askedAt);
  }

  #tellGathered(): void {
    const seen = this.#gathered;
    this.#gathered = [];
    this.#options.tell({ kind: 'wire', seen });
  }

  #tellCounts(): void {
    const [exchanges, answersMs] = [this.#exchanges, this.#answersMs];
    [this.#exchanges, this.#answersMs] = [0, []];
    if (exchanges + answersMs.length > 0) this.#options.tell({ kind: 'wire-counts', exchanges, answersMs });
  }
}

/** The last messages of each device, bounded in number and bytes: the device that was silent longest is forgotten first. */
class KeptMessages {
  /** In the order in which they spoke last. */
  readonly #byThing = new Map<string, Written[]>();
  #count = 0;
  #bytes = 0;

  add(thingName: string, seen: Written): void {
    const own = this.#byThing.get(thingName) ?? [];
    this.#byThing.delete(thingName);
    this.#byThing.set(thingName, own);
    own.push(seen);
    this.#count += 1;
    this.#bytes += bytesOf(seen);
    if (own.length > mostKeptOfOne) this.#drop(own.splice(0, own.length - mostKeptOfOne));
    while (this.#count > mostKept || this.#bytes > mostKeptBytes) {
      const [oldest] = this.#byThing;
      if (oldest === undefined || oldest[0] === thingName) return;
      this.#byThing.delete(oldest[0]);
      this.#drop(oldest[1]);
    }
  }

  of(thingName: string): readonly Written[] | undefined {
    return this.#byThing.get(thingName);
  }

  #drop(gone: readonly Written[]): void {
    this.#count -= gone.length;
    for (const seen of gone) this.#bytes -= bytesOf(seen);
  }
}

function bytesOf({ text }: Written): number {
  return text.length + 160;
}

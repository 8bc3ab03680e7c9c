/**
 * What a door hears from the engine, one entry of the table for each kind, and what it knows by that: which things there are, to whom
 * clients belong, what is not certain yet. How the link comes and goes is door-end.ts's business.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { NotificationName } from '../../protocol/topics.ts';
import type { Effect } from '../engine/contract.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import { Inflow } from '../net/inflow.ts';
import { type FromDoor, type FromEngine, kinds, notificationKinds } from './messages.ts';
import { doorOf } from './owner.ts';
import { Told } from './told.ts';
import type { Unanswered } from './unanswered.ts';

/** What whoever opens a door does with what the engine says. */
export interface HearingOptions {
  /** Every device is to be refused until then. */
  readonly onThrottled?: (until: EpochMs) => void;
  /** What whoever is where the engine is wants of this door. */
  readonly onWanted?: (what: unknown) => void;
  /** What has become of executions, for whoever only asks. */
  readonly onCounted?: (counts: unknown) => void;
  /** Where the doors are that take clients of theirs, this one among them. */
  readonly onPeers?: (peers: ReadonlyMap<number, string>) => void;
  /** Sessions and messages for them that are this door's from now on, beside those that it was opened with. */
  readonly onRows?: (rows: readonly Required<SessionChange>[]) => void;
  /** All other sessions, and their clients, are another door's from now on. */
  readonly onRelease?: (isOurs: (clientId: string) => boolean) => void;
  /** All that is this door's is here. */
  readonly onComplete?: () => void;
}

/** Who hears of effects. */
export interface EffectListener {
  readonly tell: (effect: Effect) => void;
  readonly foresee?: (effect: Effect) => void;
}

type Kind = FromEngine[0];
type Entry<K extends Kind> = Extract<FromEngine, readonly [K, ...unknown[]]>;
type Table = { readonly [K in Exclude<Kind, 'welcome' | 'refused'>]: (entry: Entry<K>) => void };

const notifications = new Map(
  Object.entries(notificationKinds).map(([name, kind]) => [kind, name as NotificationName]),
);

export class HeardByDoor {
  readonly things = new Set<string>();
  readonly told = new Told();
  readonly inflow = new Inflow();
  listeners: readonly EffectListener[] = [];
  takers: readonly ((message: PassedMessage) => void)[] = [];
  members: readonly number[];
  generation = 0;
  isComplete = false;
  /** Of its sessions, until somebody takes them. */
  #rows: Required<SessionChange>[] = [];
  /** Messages of an effect that is not certain yet. */
  readonly #foreseen = new Map<number, Effect[]>();
  readonly #whenLeft: (() => void)[] = [];
  readonly #door: number;
  readonly #unanswered: Unanswered;
  readonly #say: (entry: FromDoor) => void;
  readonly #dropUnsaidRows: () => void;
  readonly #options: HearingOptions;

  constructor(
    door: number,
    unanswered: Unanswered,
    say: (entry: FromDoor) => void,
    dropUnsaidRows: () => void,
    options: HearingOptions,
  ) {
    this.#door = door;
    this.members = [door];
    this.#unanswered = unanswered;
    this.#say = say;
    this.#dropUnsaidRows = dropUnsaidRows;
    this.#options = options;
  }

  readonly #table: Table = {
    answer: ([, id, reply, at]) => this.#unanswered.answered(id, reply, at),
    refusal: ([, id, refusal]) => this.#unanswered.written(id, refusal),
    effect: ([, effect]) => this.#tell(effect),
    certain: ([, id, pending]) => {
      const messages = this.#foreseen.get(id) ?? [];
      this.#foreseen.delete(id);
      for (const message of messages) {
        if (message.kind === 'event') this.told.set(message.topic, pending);
        this.#tell(message);
      }
    },
    foresee: ([, id]) => this.#say(['foreseen', id]),
    known: ([, id]) => this.#unanswered.known(id),
    told: ([, told]) => {
      for (const [topic, pending] of told) this.told.set(topic, pending);
    },
    settled: ([, id, isKept]) => this.#unanswered.settled(id, isKept),
    pass: ([, message, id]) => {
      for (const take of this.takers) take(message);
      if (id !== undefined) this.#say(['passed', id]);
    },
    alive: () => this.#say(['alive']),
    forget: () => {
      // What it had in memory has gone on elsewhere, and what it wanted to be kept of it is not.
      this.#options.onRelease?.(() => false);
      this.#dropUnsaidRows();
      this.#unanswered.giveUpKeeping();
    },
    members: ([, generation, members]) => {
      this.generation = generation;
      this.members = members;
      this.isComplete = false;
      this.#options.onRelease?.((clientId) => members.length > 0 && doorOf(clientId, members) === this.#door);
      this.#say(['released', generation]);
    },
    complete: () => {
      this.handOver();
      this.isComplete = true;
      this.#options.onComplete?.();
    },
    left: () => this.#sessionsLeft(),
    thing: ([, name, exists]) => {
      if (exists) this.things.add(name);
      else this.things.delete(name);
    },
    peers: ([, peers]) => this.#options.onPeers?.(new Map(peers)),
    row: ([, row]) => void this.#rows.push(row),
    held: ([, isHeld]) => this.inflow.hold(isHeld),
    throttled: ([, until]) => this.#options.onThrottled?.(until),
    counted: ([, counts]) => this.#options.onCounted?.(counts),
    wanted: ([, what]) => this.#options.onWanted?.(what),
  };

  hear(entry: Exclude<FromEngine, Entry<'welcome' | 'refused'>>): void {
    (this.#table[entry[0]] as (heard: typeof entry) => void)(entry);
  }

  /** @param bytes stay as they are */
  hearBytes(kind: number, id: number, name: string, bytes: Buffer): void {
    switch (kind) {
      case kinds.accepted:
      case kinds.rejected: {
        const accepted = kind === kinds.accepted;
        this.#unanswered.written(
          id,
          name === '' ? { accepted, payload: bytes } : { accepted, payload: bytes, unreadable: name },
        );
        return;
      }
      case kinds.message:
        this.told.set(name, id);
        this.#tell({ kind: 'event', topic: name, payload: bytes });
        return;
      case kinds.foreseen: {
        const effect: Effect = { kind: 'event', topic: name, payload: bytes };
        const others = this.#foreseen.get(id);
        if (others === undefined) this.#foreseen.set(id, [effect]);
        else others.push(effect);
        for (const listener of this.listeners) listener.foresee?.(effect);
        return;
      }
      default:
        throw new Error(`the engine says something of kind ${kind}`);
    }
  }

  /** @param bytes stay as they are */
  hearAbout(kind: number, pending: number, thing: string, bytes: Buffer): void {
    const name = notifications.get(kind);
    if (name === undefined) throw new Error(`the engine says something of kind ${kind}`);
    this.#tell({ kind: 'event', topic: this.told.notification(thing, name, pending), payload: bytes });
  }

  /** Another engine says everything anew. */
  beginAnew(): void {
    this.things.clear();
    this.#rows = [];
  }

  /** The link has broken. */
  lost(): void {
    this.#foreseen.clear();
    this.#sessionsLeft();
  }

  takeRows(): readonly Required<SessionChange>[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Rows of a time when the door is open are for it at once. */
  handOver(): void {
    const { onRows } = this.#options;
    if (this.#rows.length > 0 && onRows !== undefined) onRows(this.takeRows());
  }

  /** Resolves when its sessions are elsewhere, or the link has broken. */
  whenLeft(): Promise<void> {
    return new Promise((resolve) => this.#whenLeft.push(resolve));
  }

  #sessionsLeft(): void {
    for (const resolve of this.#whenLeft.splice(0)) resolve();
  }

  #tell(effect: Effect): void {
    for (const listener of this.listeners) listener.tell(effect);
  }
}

/**
 * Engines that want to lead, their database, their doors and clients in virtual time, with what goes wrong between them drawn from
 * a seed: killed and stopped processes, connections that break with a commit under way, a slow disk, a database that restarts, links that
 * break, clocks that differ. Throws at the first answer that is not kept, the first stale one and the first commit of an old epoch.
 */
import { createCandidate } from '../../broker/epoch/candidate.ts';
import type {
  Candidate,
  CandidateAction,
  EpochPolicy,
  Held,
  Leadership,
  ToCandidate,
} from '../../broker/epoch/contract.ts';
import { type Chance, seededChance } from '../../faults/chance.ts';
import { createEventQueue } from '../../rig/virtual/event-queue.ts';

/** What is built wrong, to see that it is found. */
export interface Bugs {
  /** Of the database's statements. */
  readonly commitUnchecked?: boolean;
  readonly takeUncompared?: boolean;
  /** Of whoever drives the candidate. */
  readonly readsUnchecked?: boolean;
  readonly speaksFirst?: boolean;
  readonly readsAtStart?: boolean;
  /** Of the candidate. */
  readonly guessesKept?: boolean;
  readonly ignoresDeposition?: boolean;
}

export interface Played {
  readonly acknowledged: number;
  readonly interrupted: number;
  readonly takeovers: number;
  readonly unknown: number;
  readonly deposed: number;
}

const policy: EpochPolicy = {
  lookEveryMs: 100,
  beatEveryMs: 100,
  patienceMs: 500,
  patienceToRestoreMs: 900,
  leastSilenceMs: 0,
  retryMs: 100,
  maxAwayMs: 1500,
  whenLed: 'wait',
};

const faultyMs = 4000;
/** So long after the last fault somebody leads, and clients are answered. */
const calmMs = 4500;

type Ask = { readonly kind: 'put'; readonly id: number } | { readonly kind: 'read' };
type Answer =
  { readonly kind: 'done' } | { readonly kind: 'told'; readonly ids: ReadonlySet<number> } | { readonly kind: 'error' };

interface Entry {
  readonly ask: Ask;
  readonly answer: (answer: Answer) => void;
}

type Event = () => void;

export function playEpochs(seed: number, bugs: Bugs = {}): Played {
  return new World(seed, bugs).play();
}

class World {
  readonly chance: Chance;
  readonly bugs: Bugs;
  readonly queue = createEventQueue<Event>(0);
  readonly database: Database;
  readonly engines: Engine[] = [];
  readonly told = { acknowledged: 0, interrupted: 0, takeovers: 0, unknown: 0, deposed: 0 };
  #nextId = 1;
  /** Whose answers clients have got, in their order. */
  readonly acknowledged: number[] = [];
  isCalm = false;

  constructor(seed: number, bugs: Bugs) {
    this.chance = seededChance(seed);
    this.bugs = bugs;
    this.database = new Database(this);
  }

  after(ms: number, event: Event): void {
    this.queue.schedule(this.queue.now + ms, event);
  }

  latency(): number {
    return !this.isCalm && this.chance.happens(30_000) ? this.chance.between(20, 800) : this.chance.between(1, 6);
  }

  play(): Played {
    const count = this.chance.between(2, 3);
    for (let index = 0; index < count; index += 1) this.engines.push(new Engine(this, index));
    for (const engine of this.engines) engine.start();
    for (let client = 0; client < 4; client += 1) this.client();
    this.after(this.chance.between(50, 900), () => this.fault());
    this.#until(faultyMs);
    this.isCalm = true;
    this.database.isDown = false;
    for (const engine of this.engines) engine.thaw();
    const before = this.told.acknowledged;
    this.#until(faultyMs + calmMs);
    if (this.told.acknowledged === before) throw new Error('nobody is answered after all faults are over');
    const leaders = this.engines.filter(({ isLeading }) => isLeading);
    if (leaders.length !== 1) throw new Error(`${leaders.length} engines lead in the end`);
    return this.told;
  }

  #until(at: number): void {
    for (let next = this.queue.nextAt(); next !== undefined && next <= at; next = this.queue.nextAt())
      this.queue.take()!();
  }

  /** Asks one thing after the other at whichever engine leads as far as its door knows. */
  client(): void {
    const leaders = this.engines.filter(({ takesLinks }) => takesLinks);
    // A door stays with the engine that it is linked with: often an old one that does not know yet.
    const engine = leaders.length === 0 ? undefined : this.chance.pick(leaders);
    if (engine === undefined) {
      this.after(this.chance.between(10, 40), () => this.client());
      return;
    }
    const ask: Ask = this.chance.happens(600_000) ? { kind: 'put', id: this.#nextId++ } : { kind: 'read' };
    const knownBefore = this.acknowledged.length;
    let isOver = false;
    const next = (): void => {
      isOver = true;
      this.after(this.chance.between(1, 60), () => this.client());
    };
    const life = engine.life;
    const isLost = this.chance.happens(20_000);
    this.after(this.latency(), () =>
      engine.whenRunning(() => {
        if (isLost || engine.life !== life) return;
        engine.submit({
          ask,
          answer: (answer) => {
            if (answer.kind === 'told' && !isOver) this.#check(answer.ids, knownBefore);
            // A stream ends with its process, what was written to it before apart.
            this.after(this.latency(), () => {
              if (isOver || (isLost && answer.kind !== 'error')) return;
              this.#hear(ask, answer);
              next();
            });
          },
        });
      }),
    );
    // The link breaks: the door answers that it may have been done.
    this.after(this.chance.between(1500, 2500), () => {
      if (isOver) return;
      this.told.interrupted += 1;
      next();
    });
  }

  #hear(ask: Ask, answer: Answer): void {
    if (answer.kind === 'error') {
      this.told.interrupted += 1;
      return;
    }
    this.told.acknowledged += 1;
    if (ask.kind !== 'put') return;
    if (!this.database.kept.has(ask.id)) throw new Error(`${ask.id} was acknowledged and is not kept`);
    this.acknowledged.push(ask.id);
  }

  /** What was acknowledged before it was asked for is in the answer, and nothing that is not kept. The last ones tell. */
  #check(ids: ReadonlySet<number>, knownBefore: number): void {
    for (const id of this.acknowledged.slice(Math.max(0, knownBefore - 30), knownBefore)) {
      if (!ids.has(id)) throw new Error(`a stale answer: ${id} is missing`);
    }
    let left = 0;
    for (const id of ids) {
      left += 1;
      if (left > ids.size - 30 && !this.database.kept.has(id)) throw new Error(`${id} was told of and is not kept`);
    }
  }

  fault(): void {
    if (this.isCalm) return;
    const engine = this.chance.pick(this.engines);
    switch (this.chance.between(0, 5)) {
      case 0:
        engine.kill();
        break;
      case 1:
        engine.freeze(this.chance.between(50, 2500));
        break;
      case 2:
        engine.loseConnection();
        break;
      case 3:
        this.database.slowUntil = this.queue.now + this.chance.between(100, 1500);
        break;
      case 4:
        this.database.restart(this.chance.between(10, 1200));
        break;
      case 5:
        for (const each of this.engines) if (each.isLeading) each.freeze(this.chance.between(600, 2000));
    }
    this.after(this.chance.between(50, 900), () => this.fault());
  }
}

/** One row that says who leads, which every writer locks, and what is kept. */
class Database {
  readonly #world: World;
  row: Leadership = { epoch: 0, owner: '', beats: 0, commits: 0, patienceMs: 0 };
  readonly kept = new Set<number>();
  slowUntil = 0;
  isDown = false;
  #lockedUntil = 0;
  #lastEpoch = 0;
  #life = 0;

  constructor(world: World) {
    this.#world = world;
  }

  restart(ms: number): void {
    this.#life += 1;
    this.isDown = true;
    for (const engine of this.#world.engines) engine.loseConnection();
    this.#world.after(ms, () => (this.isDown = false));
  }

  /** Writers wait for each other, because all lock the row. */
  write(done: () => void): void {
    const { chance, queue } = this.#world;
    const takes = queue.now < this.slowUntil ? chance.between(50, 900) : chance.between(0, 3);
    const at = Math.max(this.#lockedUntil, queue.now) + takes;
    this.#lockedUntil = at;
    const life = this.#life;
    this.#world.queue.schedule(at, () => {
      if (life === this.#life) done();
    });
  }

  holds({ epoch, owner, commits }: Held): boolean {
    return this.row.epoch === epoch && this.row.owner === owner && this.row.commits === commits;
  }

  commit(held: Held, ids: readonly number[]): boolean {
    if (!this.holds(held) && this.#world.bugs.commitUnchecked !== true) return false;
    if (held.epoch < this.#lastEpoch)
      throw new Error(`a commit of epoch ${held.epoch} after one of ${this.#lastEpoch}`);
    this.#lastEpoch = held.epoch;
    for (const id of ids) this.kept.add(id);
    this.row = { ...this.row, commits: this.row.commits + 1 };
    return true;
  }

  take(from: Leadership, owner: string, patienceMs: number): boolean {
    const { row } = this;
    const isSame =
      row.epoch === from.epoch && row.owner === from.owner && row.beats === from.beats && row.commits === from.commits;
    if (!isSame && this.#world.bugs.takeUncompared !== true) return false;
    if (from.epoch < row.epoch) throw new Error(`the epoch ${from.epoch + 1} was taken twice`);
    this.#world.told.takeovers += 1;
    this.row = { ...row, epoch: from.epoch + 1, owner, beats: row.beats + 1, patienceMs };
    return true;
  }
}

class Engine {
  readonly #world: World;
  readonly #index: number;
  readonly #offsetMs: number;
  readonly #ratePercent: number;
  /** Raised by every end. */
  life = 0;
  #candidate: Candidate | undefined;
  #attempts = 0;
  #connection = 0;
  #frozenUntil = 0;
  #wakeAt: number | undefined;
  isLeading = false;
  takesLinks = false;
  #ids = new Set<number>();
  #gathering: Entry[] = [];
  #turn: { readonly number: number; readonly entries: readonly Entry[] } | undefined;
  #turns = 0;

  constructor(world: World, index: number) {
    this.#world = world;
    this.#index = index;
    this.#offsetMs = world.chance.between(-3_600_000, 3_600_000) + 3_600_000;
    this.#ratePercent = world.chance.between(90, 110);
  }

  start(): void {
    this.#attempts += 1;
    this.life += 1;
    this.#candidate = createCandidate(`engine-${this.#index}/${this.#attempts}`, policy);
    this.isLeading = false;
    this.takesLinks = false;
    this.#ids = new Set(this.#world.bugs.readsAtStart === true ? this.#world.database.kept : []);
    this.#gathering = [];
    this.#turn = undefined;
    this.#tell({ kind: 'wake' });
  }

  /** SIGKILL, and started again later. */
  kill(): void {
    this.life += 1;
    this.#connection += 1;
    this.#candidate = undefined;
    this.isLeading = false;
    this.takesLinks = false;
    const life = this.life;
    this.#world.after(this.#world.chance.between(20, 600), () => {
      if (this.life === life) this.start();
    });
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#world.queue.now + ms);
  }

  thaw(): void {
    this.#frozenUntil = 0;
  }

  /** What happens to a process that is stopped happens when it goes on, in its order. */
  whenRunning(event: Event): void {
    const { queue } = this.#world;
    if (queue.now < this.#frozenUntil) queue.schedule(this.#frozenUntil, () => this.whenRunning(event));
    else event();
  }

  loseConnection(): void {
    this.#connection += 1;
  }

  submit(entry: Entry): void {
    if (!this.isLeading) return entry.answer({ kind: 'error' });
    this.#gathering.push(entry);
    if (this.#turn === undefined) this.#nextTurn();
  }

  #nextTurn(): void {
    if (this.#gathering.length === 0) return;
    const entries = this.#gathering;
    this.#gathering = [];
    this.#turn = { number: (this.#turns += 1), entries };
    const puts = entries.filter(({ ask }) => ask.kind === 'put');
    for (const { ask } of puts) if (ask.kind === 'put') this.#ids.add(ask.id);
    if (this.#world.bugs.speaksFirst === true) this.#answer(entries);
    if (puts.length === 0 && this.#world.bugs.readsUnchecked === true) this.#settle(this.#turn.number, true);
    else this.#tell({ kind: 'turn', turn: this.#turn.number, hasChanges: puts.length > 0 });
  }

  #answer(entries: readonly Entry[]): void {
    const ids = this.#ids;
    for (const { ask, answer } of entries) answer(ask.kind === 'put' ? { kind: 'done' } : { kind: 'told', ids });
  }

  #settle(number: number, isKept: boolean): void {
    const turn = this.#turn;
    if (turn?.number !== number) throw new Error('a turn is settled that is not under way');
    this.#turn = undefined;
    if (isKept) this.#answer(turn.entries);
    else for (const { answer } of turn.entries) answer({ kind: 'error' });
    this.#nextTurn();
  }

  #now(): number {
    return this.#offsetMs + Math.floor((this.#world.queue.now * this.#ratePercent) / 100);
  }

  #tell(input: ToCandidate): void {
    const { bugs } = this.#world;
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    let told = input;
    if (told.kind === 'lost' && told.isSent && bugs.guessesKept === true && this.isLeading)
      told = { kind: 'checked', isOurs: true };
    if (told.kind === 'checked' && bugs.ignoresDeposition === true) told = { kind: 'checked', isOurs: true };
    for (const action of candidate.apply(told, this.#now())) {
      if (this.#candidate !== candidate) return;
      this.#perform(action);
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    const deadline = this.#candidate?.nextDeadline();
    if (deadline === undefined) return;
    const at = Math.max(this.#world.queue.now, Math.ceil(((deadline - this.#offsetMs) * 100) / this.#ratePercent));
    if (this.#wakeAt !== undefined && this.#wakeAt >= this.#world.queue.now && this.#wakeAt <= at) return;
    this.#wakeAt = at;
    this.#world.queue.schedule(at, () =>
      this.whenRunning(() => {
        this.#wakeAt = undefined;
        this.#tell({ kind: 'wake' });
      }),
    );
  }

  #perform(action: CandidateAction): void {
    const { database, told, bugs } = this.#world;
    switch (action.do) {
      case 'look':
        return this.#ask(
          () => database.row,
          (row) => ({ kind: 'seen', row }),
        );
      case 'take':
        return this.#ask(
          () => database.take(action.from, action.owner, action.patienceMs),
          (isOurs) => ({ kind: 'taken', isOurs }),
          true,
        );
      case 'restore':
        return this.#ask(
          () => (bugs.readsAtStart === true ? this.#ids : new Set(database.kept)),
          (ids) => {
            this.#ids = ids;
            return { kind: 'restored' };
          },
        );
      case 'beat':
        return this.#ask(
          () => database.holds(action.held),
          (isOurs) => ({ kind: 'checked', isOurs }),
          true,
          () => {
            database.row = { ...database.row, beats: database.row.beats + 1, patienceMs: action.patienceMs };
          },
        );
      case 'check':
        return this.#ask(
          () => database.holds(action.held),
          (isOurs) => ({ kind: 'checked', isOurs }),
        );
      case 'commit': {
        const ids = this.#turn!.entries.flatMap(({ ask }) => (ask.kind === 'put' ? [ask.id] : []));
        return this.#ask(
          () => database.commit(action.held, ids),
          (isOurs) => ({ kind: 'checked', isOurs }),
          true,
        );
      }
      case 'release':
        return this.#ask(
          () => true,
          () => ({ kind: 'checked', isOurs: true }),
          true,
        );
      case 'lead':
        this.isLeading = true;
        this.takesLinks = true;
        return;
      case 'settle':
        return this.#settle(action.turn, action.isKept);
      case 'stop': {
        if (action.reason === 'deposed') told.deposed += 1;
        if (action.reason === 'unknown') told.unknown += 1;
        this.isLeading = false;
        const life = this.life;
        // A link that is there is not closed at once.
        this.#world.after(this.#world.chance.between(0, 50), () => {
          if (this.life === life) this.start();
        });
      }
    }
  }

  /**
   * There and back again. What the database has got it does, also when the answer has nobody to go to; a connection that breaks is
   * noticed later.
   * @param then is done in the same transaction, where it answers yes
   */
  #ask<Got>(does: () => Got, input: (got: Got) => ToCandidate, isWrite = false, then?: () => void): void {
    const world = this.#world;
    const { life } = this;
    const connection = this.#connection;
    const candidate = this.#candidate;
    let isAnswered = false;
    const answer = (told: () => ToCandidate): void =>
      this.whenRunning(() => {
        if (isAnswered || this.life !== life || this.#candidate !== candidate) return;
        isAnswered = true;
        this.#tell(told());
      });
    if (world.database.isDown) {
      world.after(world.chance.between(1, 20), () => answer(() => ({ kind: 'lost', isSent: false })));
      return;
    }
    const isBroken = (): boolean => this.#connection !== connection || this.life !== life;
    const lose = (): void =>
      world.after(world.chance.between(1, 30), () => answer(() => ({ kind: 'lost', isSent: true })));
    const arrive = (): void => {
      // Of a broken connection what was written may still arrive.
      if (isBroken() && world.chance.happens(500_000)) return lose();
      const perform = (): void => {
        const got = does();
        if (got === true) then?.();
        world.after(world.latency(), () => (isBroken() ? lose() : answer(() => input(got))));
      };
      if (!isWrite) perform();
      else world.database.write(perform);
      // A server that restarts answers no more.
      watch();
    };
    const watch = (): void => {
      if (isAnswered || this.life !== life) return;
      if (isBroken()) lose();
      else world.after(100, watch);
    };
    world.after(world.latency(), arrive);
  }
}

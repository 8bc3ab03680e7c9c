/**
 * An engine in virtual time that may be killed, stopped or cut off from its database, and has a clock of its own: it drives a candidate
 * as broker/led-store.ts does, and answers clients from what it has read and what it was asked since.
 */
import { createCandidate } from '../../broker/epoch/candidate.ts';
import type { Candidate, CandidateAction, EpochPolicy, ToCandidate } from '../../broker/epoch/contract.ts';
import { WarmCopy } from '../../broker/epoch/warm-copy.ts';
import type { DatabaseWorld, VirtualDatabase, Write } from './virtual-database.ts';

export type Ask = ({ readonly kind: 'put' } & Write) | { readonly kind: 'read' };
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'told'; readonly rows: ReadonlyMap<string, number> }
  | { readonly kind: 'error' };

export interface Entry {
  readonly ask: Ask;
  readonly answer: (answer: Answer) => void;
}

/** What is built wrong in it, to see that it is found. */
export interface EngineBugs {
  /** Of whoever drives the candidate. */
  readonly readsUnchecked?: boolean;
  readonly speaksFirst?: boolean;
  readonly readsAtStart?: boolean;
  /** Of the candidate. */
  readonly guessesKept?: boolean;
  readonly ignoresDeposition?: boolean;
}

export interface EngineWorld extends DatabaseWorld {
  readonly bugs: EngineBugs & DatabaseWorld['bugs'];
  readonly database: VirtualDatabase;
  readonly told: DatabaseWorld['told'] & { deposed: number; unknown: number };
  latency(): number;
}

const policy: EpochPolicy = {
  lookEveryMs: 50,
  beatEveryMs: 100,
  patienceMs: 500,
  patienceToRestoreMs: 900,
  leastSilenceMs: 0,
  goneMs: 150,
  retryMs: 100,
  maxAwayMs: 1500,
  whenLed: 'wait',
};

type Event = () => void;

export class VirtualEngine {
  readonly #world: EngineWorld;
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
  #copy = new WarmCopy<'row', number>();
  /** What it answers from. */
  #rows = new Map<string, number>();
  #gathering: Entry[] = [];
  #turn: { readonly number: number; readonly entries: readonly Entry[] } | undefined;
  #turns = 0;

  constructor(world: EngineWorld, index: number) {
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
    this.#copy = new WarmCopy();
    this.#rows = new Map();
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
    const writes = writesOf(entries);
    for (const { key, id, isGone } of writes) {
      if (isGone) this.#rows.delete(key);
      else this.#rows.set(key, id);
    }
    if (this.#world.bugs.speaksFirst === true) this.#answer(entries);
    if (writes.length === 0 && this.#world.bugs.readsUnchecked === true) this.#settle(this.#turn.number, true);
    else this.#tell({ kind: 'turn', turn: this.#turn.number, hasChanges: writes.length > 0 });
  }

  #answer(entries: readonly Entry[]): void {
    const rows = this.#rows;
    for (const { ask, answer } of entries) answer(ask.kind === 'put' ? { kind: 'done' } : { kind: 'told', rows });
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
          // What the database says of connections may be wrong.
          () => ({ ...database.row, isGone: !this.#world.isCalm && this.#world.chance.happens(300_000) }),
          (row) => ({ kind: 'seen', row }),
        );
      case 'take':
        return this.#ask(
          () => database.take(action.from, action.owner, action.patienceMs),
          (isOurs) => ({ kind: 'taken', isOurs }),
          true,
        );
      case 'follow':
        return this.#follow((commits) => ({ kind: 'followed', commits }));
      case 'restore':
        if (bugs.readsAtStart === true && this.#copy.position !== undefined) {
          this.#restore();
          return this.#tell({ kind: 'restored' });
        }
        return this.#follow(() => {
          this.#restore();
          return { kind: 'restored' };
        });
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
        const writes = writesOf(this.#turn!.entries);
        return this.#ask(
          () => database.commit(action.held, writes),
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

  #follow(told: (commits: number) => ToCandidate): void {
    const { position } = this.#copy;
    this.#ask(
      () => this.#world.database.follow(position),
      (read) => {
        this.#copy.take(read);
        return told(this.#copy.position!.commits);
      },
    );
  }

  #restore(): void {
    this.#rows = new Map();
    for (const [, key, id] of this.#copy.rows()) this.#rows.set(key, id);
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
      let got: Got;
      const perform = (): void => {
        got = does();
        if (got === true) then?.();
      };
      const answered = (): void => world.after(world.latency(), () => (isBroken() ? lose() : answer(() => input(got))));
      if (isWrite) world.database.write(perform, answered);
      else {
        perform();
        answered();
      }
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

function writesOf(entries: readonly Entry[]): readonly Write[] {
  return entries.flatMap(({ ask }) => (ask.kind === 'put' ? [ask] : []));
}

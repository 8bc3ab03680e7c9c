/**
 * Engines that want to lead, their database, their doors and clients in virtual time, with what goes wrong between them drawn from
 * a seed: killed and stopped processes, connections that break with a commit under way, a slow disk, a database that restarts, links that
 * break, clocks that differ. Throws at the first answer that is not kept, the first stale one and the first commit of an old epoch.
 */
import { type Chance, seededChance } from '../../faults/chance.ts';
import { createEventQueue } from '../../rig/virtual/event-queue.ts';
import { type DatabaseBugs, VirtualDatabase } from './virtual-database.ts';
import { type Answer, type Ask, type EngineBugs, type EngineWorld, VirtualEngine } from './virtual-engine.ts';

export type Bugs = DatabaseBugs & EngineBugs;

export interface Played {
  readonly acknowledged: number;
  readonly interrupted: number;
  readonly takeovers: number;
  readonly unknown: number;
  readonly deposed: number;
  /** How often the standby of the database took its place. */
  readonly promoted: number;
  /** How often an engine read everything, and how often only what had changed. */
  readonly rereads: number;
  readonly rests: number;
}

const faultyMs = 4000;
/** So long after the last fault somebody leads, and clients are answered. */
const calmMs = 4500;

/** Few, so that each is written often. */
const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);

type Event = () => void;

export function playEpochs(seed: number, bugs: Bugs = {}): Played {
  return new World(seed, bugs).play();
}

/** What a played world tells of itself, in numbers. */
export const nothingTold = {
  acknowledged: 0,
  interrupted: 0,
  takeovers: 0,
  unknown: 0,
  deposed: 0,
  promoted: 0,
  rereads: 0,
  rests: 0,
};

class World implements EngineWorld {
  readonly chance: Chance;
  readonly bugs: Bugs;
  readonly queue = createEventQueue<Event>(0);
  readonly database: VirtualDatabase;
  readonly engines: VirtualEngine[] = [];
  readonly told = { ...nothingTold };
  #nextId = 1;
  /** Of each key the place in its history that a client knows of at least. */
  readonly #acknowledged = new Map(keys.map((key) => [key, -1]));
  isCalm = false;

  constructor(seed: number, bugs: Bugs) {
    this.chance = seededChance(seed);
    this.bugs = bugs;
    this.database = new VirtualDatabase(this);
  }

  after(ms: number, event: Event): void {
    this.queue.schedule(this.queue.now + ms, event);
  }

  connectionsBreak(): void {
    for (const engine of this.engines) engine.loseConnection();
  }

  latency(): number {
    return !this.isCalm && this.chance.happens(30_000) ? this.chance.between(20, 800) : this.chance.between(1, 6);
  }

  play(): Played {
    const count = this.chance.between(2, 3);
    for (let index = 0; index < count; index += 1) this.engines.push(new VirtualEngine(this, index));
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
    const ask = this.#ask();
    const known = new Map(this.#acknowledged);
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
            if (answer.kind === 'told' && !isOver) this.#check(answer.rows, known);
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
    const place = this.database.history(ask.key).findIndex(({ id }) => id === ask.id);
    if (place === -1) throw new Error(`${ask.id} was acknowledged and is not kept`);
    this.#acknowledged.set(ask.key, Math.max(place, this.#acknowledged.get(ask.key)!));
  }

  #ask(): Ask {
    if (!this.chance.happens(600_000)) return { kind: 'read' };
    const isGone = this.chance.happens(250_000);
    return { kind: 'put', id: this.#nextId++, key: this.chance.pick(keys), isGone };
  }

  /** Each key is as it was after what was acknowledged before it was asked for, or later. */
  #check(rows: ReadonlyMap<string, number>, known: ReadonlyMap<string, number>): void {
    for (const key of keys) {
      const told = rows.get(key);
      const history = this.database.history(key);
      const after = history.slice(Math.max(0, known.get(key)!));
      const isInitial = known.get(key) === -1 && told === undefined;
      if (isInitial || after.some(({ id, isGone }) => told === (isGone ? undefined : id))) continue;
      const isKept = told === undefined || history.some(({ id }) => id === told);
      throw new Error(isKept ? `a stale answer about ${key}` : `${told} was told of and is not kept`);
    }
  }

  fault(): void {
    if (this.isCalm) return;
    const engine = this.chance.pick(this.engines);
    switch (this.chance.between(0, 6)) {
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
        this.database.failOver();
        break;
      case 6:
        for (const each of this.engines) if (each.isLeading) each.freeze(this.chance.between(600, 2000));
    }
    this.after(this.chance.between(50, 900), () => this.fault());
  }
}

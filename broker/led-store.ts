/**
 * The store of an engine that leads on a database which several engines may want: drives a candidate (broker/epoch) by the requests of
 * a PostgreSQL database and one timer. It is opened when this engine has taken over; when another one does, or nobody can know what is
 * kept, nothing more is kept or confirmed and whoever opened it is told once. Holds no rule of its own.
 */
import { randomUUID } from 'node:crypto';
import { addAbortListener } from 'node:events';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { OperationalError } from '../protocol/operational-error.ts';
import type { DurationMs, EpochMs } from '../protocol/time.ts';
import { createCandidate } from './epoch/candidate.ts';
import type { Candidate, CandidateAction, EpochPolicy, Held, StopReason, ToCandidate } from './epoch/contract.ts';
import { WarmCopy } from './epoch/warm-copy.ts';
import { tellOfClock } from './link/clocks.ts';
import { type Look, type PostgresDatabase, type WrittenTurn, postgresDatabase } from './store/postgres-database.ts';
import type { PostgresOptions } from './store/postgres-database.ts';
import {
  ConnectionLost,
  leaderName,
  notWritten,
  postgresError,
  reasonOf,
  startError,
} from './store/postgres-errors.ts';
import { type ReadRow, damaged as damagedRow } from './store/postgres-rows.ts';
import { type DamageListener, type RowChange, type Store, type TableName, tableNames } from './store/store.ts';

export interface LedStoreOptions extends PostgresOptions {
  readonly policy?: Partial<EpochPolicy>;
  /** Waits for the database where it cannot be reached at first. Default: that is an error. */
  readonly isPatient?: boolean;
  /** Nothing is kept any more. Told once, after the store was opened. */
  readonly onFailure?: (error: OperationalError) => void;
  readonly onWarning?: (warning: string) => void;
  /** Another engine leads, and this one waits: told once for each that is seen to lead. */
  readonly onWaiting?: (leader: string, epoch: number) => void;
  /** Told with each look at who leads. */
  readonly onFollowing?: (following: Following) => void;
  /** An answer that takes longer is told of; default 5 s. */
  readonly slowMs?: DurationMs;
  /** Default: that of this machine. */
  readonly wallClock?: () => EpochMs;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/** How an engine that waits stands to the one that leads. */
export interface Following {
  readonly epoch: number;
  /** How many commits its copy lacks; absent: it has none yet. */
  readonly behindCommits?: number;
}

export interface LedStore extends Store {
  /** Of this engine's leadership. */
  readonly epoch: number;
  /** How long the database takes for what it is asked now, in ms; 0 when it is asked nothing. */
  lagMs(): number;
  close(): Promise<void>;
}

const usualPolicy: EpochPolicy = {
  lookEveryMs: 50,
  beatEveryMs: 100,
  patienceMs: 500,
  patienceToRestoreMs: 30_000,
  // After a crash the same service comes again and waits so long; a second one, started by mistake, does not take over from a busy one.
  leastSilenceMs: 3000,
  // It tries to come back every 100 ms.
  goneMs: 250,
  retryMs: 100,
  maxAwayMs: 60_000,
  whenLed: 'refuse',
};

const usualSlowMs = 5000;
/** So long it is tried to say who leads now. */
const explainWithinMs = 1000;

/** @throws {OperationalError} when the database cannot be used, or another engine leads and this one is not to wait */
export function openLedStore(options: LedStoreOptions): Promise<LedStore> {
  return new Leadership(options).opened();
}

interface Waiting {
  readonly written: WrittenTurn | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class Leadership {
  readonly #options: LedStoreOptions;
  readonly #database: PostgresDatabase;
  readonly #candidate: Candidate;
  readonly #owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  readonly #turns = new Map<number, Waiting>();
  /** Until an engine is built of it. */
  #copy: WarmCopy<TableName, object> | undefined = new WarmCopy();
  #nextTurn = 1;
  #timer: NodeJS.Timeout | undefined;
  #seen: Look | undefined;
  #epoch = 0;
  #askedAt: number | undefined;
  #isAway = false;
  #knowsClock = false;
  #isOpen = false;
  #waitsFor = '';
  /** What the database said last when it said no, or was lost. */
  #reason: unknown;
  #failure: Promise<OperationalError> | undefined;
  #resolve: (store: LedStore) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #whenClosed: (() => void)[] = [];
  #isClosed = false;

  constructor(options: LedStoreOptions) {
    this.#options = options;
    this.#database = postgresDatabase(options);
    this.#candidate = createCandidate(this.#owner, { ...usualPolicy, ...options.policy });
  }

  async opened(): Promise<LedStore> {
    const { signal } = this.#options;
    try {
      using _ = signal && addAbortListener(signal, () => void this.#database.close());
      if (this.#options.isPatient !== true) await this.#database.look();
    } catch (error) {
      await this.#database.close();
      signal?.throwIfAborted();
      throw startError(this.#database.name, error instanceof ConnectionLost ? error.cause : error);
    }
    const led = new Promise<LedStore>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Once it leads, whoever has it closes it, after what is yet to be written.
    using _ = signal && addAbortListener(signal, () => this.#tell({ kind: 'close' }));
    this.#tell({ kind: 'wake' });
    return await led;
  }

  #tell(input: ToCandidate): void {
    const now = performance.now();
    for (const action of this.#candidate.apply(input, now)) this.#perform(action);
    clearTimeout(this.#timer);
    const deadline = this.#candidate.nextDeadline();
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => this.#tell({ kind: 'wake' }), Math.max(0, Math.ceil(deadline - performance.now())));
  }

  #perform(action: CandidateAction): void {
    const database = this.#database;
    switch (action.do) {
      case 'look':
        return this.#ask(database.look(), (row) => this.#looked(row));
      case 'take':
        return this.#ask(database.take(action.from, action.owner, action.patienceMs), (isOurs) =>
          this.#tell({ kind: 'taken', isOurs }),
        );
      case 'follow':
        return this.#ask(
          this.#follow(),
          (copy) => this.#tell({ kind: 'followed', commits: copy.position?.commits }),
          true,
        );
      case 'beat':
        return this.#check(database.beat(action.held, action.patienceMs));
      case 'check':
        return this.#check(database.check(action.held));
      case 'release':
        return this.#check(database.release(action.held));
      case 'commit':
        return this.#check(this.#commit(action.held, action.turn));
      case 'restore':
        this.#epoch = action.epoch;
        this.#isOpen = true;
        return this.#resolve(this.#store());
      case 'lead':
        return;
      case 'settle': {
        const turn = this.#turns.get(action.turn);
        this.#turns.delete(action.turn);
        if (action.isKept) turn?.resolve();
        else void this.#refuse(turn);
        return;
      }
      case 'stop':
        this.#stop(action.reason);
    }
  }

  #commit(held: Held, turn: number): Promise<boolean> {
    return this.#database.commit(held, this.#turns.get(turn)!.written!);
  }

  #check(answer: Promise<boolean>): void {
    this.#ask(answer, (isOurs) => this.#tell({ kind: 'checked', isOurs }));
  }

  /** Once: nothing depends on it, but people compare times. */
  #tellOfClock(clock: EpochMs): void {
    if (this.#knowsClock) return;
    this.#knowsClock = true;
    const { onWarning, wallClock = Date.now } = this.#options;
    tellOfClock(clock - wallClock(), (difference) =>
      onWarning?.(`The clock of ${this.#database.name} is ${difference}`),
    );
  }

  async #follow(): Promise<WarmCopy<TableName, object>> {
    const copy = this.#copy!;
    copy.take(await this.#database.follow(copy.position));
    return copy;
  }

  /** @param isLong it may take as long as reading everything does */
  #ask<Answer>(answer: Promise<Answer>, answered: (answer: Answer) => void, isLong = false): void {
    this.#askedAt = performance.now();
    const { slowMs = usualSlowMs } = this.#options;
    const slow = setTimeout(() => {
      if (isLong) return;
      this.#options.onWarning?.(
        `${this.#database.name} has not answered for ${slowMs / 1000} s; what is asked waits for it`,
      );
    }, slowMs);
    const over = (): void => {
      clearTimeout(slow);
      this.#askedAt = undefined;
    };
    const gotten = (got: Answer): void => {
      over();
      if (this.#isAway) this.#options.onWarning?.(`${this.#database.name} is there again`);
      this.#isAway = false;
      answered(got);
    };
    const failed = (error: unknown): void => {
      over();
      this.#reason = error;
      if (!(error instanceof ConnectionLost)) return this.#tell({ kind: 'refused' });
      if (!this.#isAway) {
        this.#options.onWarning?.(
          `${this.#database.name} has gone away (${this.#why(error)}); it is tried again and again`,
        );
      }
      this.#isAway = true;
      return this.#tell({ kind: 'lost', isSent: error.isSent });
    };
    answer.then(gotten, failed);
  }

  #looked(row: Look): void {
    this.#seen = row;
    const copied = this.#copy?.position?.commits;
    const behind = copied === undefined ? {} : { behindCommits: Math.max(0, row.commits - copied) };
    this.#tellOfClock(row.clock);
    this.#options.onFollowing?.({ epoch: row.epoch, ...behind });
    if (row.owner !== '' && row.owner !== this.#waitsFor && this.#options.policy?.whenLed === 'wait') {
      this.#waitsFor = row.owner;
      this.#options.onWaiting?.(leaderName(row.owner), row.epoch);
    }
    this.#tell({ kind: 'seen', row });
  }

  #stop(reason: StopReason): void {
    this.#failure = this.#explained(reason);
    void this.#end(reason, this.#failure);
  }

  async #end(reason: StopReason, explained: Promise<OperationalError>): Promise<void> {
    const failure = await explained;
    if (this.#isOpen && reason !== 'closed') this.#options.onFailure?.(failure);
    await this.#database.close();
    if (!this.#isOpen) this.#reject(failure);
    this.#isClosed = true;
    for (const closed of this.#whenClosed.splice(0)) closed();
  }

  /** Without the name of the database, which whoever tells of it has said. */
  #why(error: unknown): string {
    const { name } = this.#database;
    return reasonOf(error).replace(`${name} cannot be reached: `, '').replace(`${name} `, '');
  }

  async #explained(reason: StopReason): Promise<OperationalError> {
    const { name } = this.#database;
    switch (reason) {
      case 'deposed':
        return this.#whoDeposed();
      case 'unknown': {
        const hint = 'Whether the last of it is kept is not known; start again, which reads what is.';
        const complaint = `was lost while something was being kept (${this.#why(this.#reason)})`;
        return postgresError('STORE_NOT_WRITTEN', name, complaint, hint, this.#reason);
      }
      case 'refused':
        return this.#isOpen ? notWritten(name, this.#reason) : startError(name, this.#reason);
      case 'away': {
        const hint = 'Nothing was answered that is not kept. Start again when it is there.';
        return postgresError('STORE_UNREACHABLE', name, `is away: ${this.#why(this.#reason)}`, hint, this.#reason);
      }
      case 'led': {
        const { owner = '', epoch = 0 } = this.#seen ?? {};
        const complaint = `is in use: ${leaderName(owner)} leads it, epoch ${epoch}`;
        return postgresError(
          'STORE_IN_USE',
          name,
          complaint,
          'Stop that one first, or start this one with --role engine to wait.',
        );
      }
      case 'closed':
        return postgresError('STORE_NOT_WRITTEN', name, 'is closed');
    }
  }

  async #whoDeposed(): Promise<OperationalError> {
    const { name } = this.#database;
    const tooLong = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), explainWithinMs).unref();
    });
    const row = await Promise.race([this.#database.look().catch(() => undefined), tooLong]);
    if (row?.epoch === this.#epoch) {
      const hint = 'A standby without all commits was promoted, perhaps. Start again to go on with what is there.';
      return postgresError('STORE_TORN', name, 'has other commits than those that were made', hint);
    }
    const who = row === undefined || row.owner === '' ? 'another engine' : leaderName(row.owner);
    const which = row === undefined ? '' : `, epoch ${row.epoch}`;
    return postgresError(
      'STORE_DEPOSED',
      name,
      `is led by ${who} now${which}; this engine led epoch ${this.#epoch}`,
      'Nothing was answered that is not kept.',
    );
  }

  async #refuse(turn: Waiting | undefined): Promise<void> {
    turn?.reject(await this.#failure);
  }

  #turn(written: WrittenTurn | undefined): Promise<void> {
    const turn = this.#nextTurn++;
    return new Promise((resolve, reject) => {
      this.#turns.set(turn, { written, resolve, reject });
      this.#tell({ kind: 'turn', turn, hasChanges: written !== undefined });
    });
  }

  /** From the copy, and what is left to read, before an engine is built; from the database after that. */
  async #read(isWanted: (table: TableName) => boolean): Promise<Iterable<ReadRow>> {
    try {
      if (this.#copy !== undefined) return (await this.#follow()).rows(isWanted);
      return (await this.#database.read(tableNames.filter(isWanted))).rows;
    } catch (error) {
      throw startError(this.#database.name, error instanceof ConnectionLost ? error.cause : error);
    }
  }

  #believed(rows: Iterable<ReadRow>, damaged: DamageListener | undefined): Required<RowChange>[] {
    const believed: Required<RowChange>[] = [];
    for (const [table, key, row] of rows) {
      if (row !== damagedRow) believed.push({ table, key, row: row! });
      else if (damaged === undefined) {
        throw postgresError('STORE_TORN', this.#database.name, `has a damaged row: ${table} ${key}`);
      } else damaged(table, key);
    }
    return believed;
  }

  #store(): LedStore {
    const database = this.#database;
    return {
      name: database.name,
      epoch: this.#epoch,
      lastCommitAt: this.#seen?.at,
      lagMs: () => (this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt),
      rows: async (isWanted = () => true, damaged) => this.#believed(await this.#read(isWanted), damaged),
      restored: () => {
        this.#copy = undefined;
        this.#tell({ kind: 'restored' });
      },
      commit: (changes, at) => this.#turn(database.written(changes, at)),
      confirm: () => this.#turn(undefined),
      close: () => {
        this.#tell({ kind: 'close' });
        return this.#isClosed ? Promise.resolve() : new Promise((resolve) => this.#whenClosed.push(resolve));
      },
    };
  }
}

/**
 * A database in virtual time: one row that says who leads, which every writer locks, rows that are kept, and what each of the last commits
 * changed. It has a synchronous standby: a write is answered when that has it, and is visible a moment before. When it crashes in that
 * moment, whoever looks after the restart sees what a standby that is promoted later never had.
 */
import type { Held, Leadership } from '../../broker/epoch/contract.ts';
import type { Position, Read } from '../../broker/epoch/warm-copy.ts';
import type { Chance } from '../../faults/chance.ts';
import type { EventQueue } from '../../rig/virtual/event-queue.ts';

export interface Write {
  readonly id: number;
  readonly key: string;
  readonly isGone: boolean;
}

/** What a commit has changed. */
interface Change {
  readonly commits: number;
  readonly owner: string;
  readonly epoch: number;
  readonly writes: readonly Write[];
}

/** What is built wrong in it, to see that it is found. */
export interface DatabaseBugs {
  readonly commitUnchecked?: boolean;
  readonly takeUncompared?: boolean;
  /** Commits do not say of rows that are gone. */
  readonly changesIncomplete?: boolean;
  /** What has changed since comes as each commit wrote it, the last one first. */
  readonly changesMisordered?: boolean;
  /** What has changed since a number of commits, whoever made them. */
  readonly followsStrangers?: boolean;
}

export interface DatabaseWorld {
  readonly chance: Chance;
  readonly queue: EventQueue<() => void>;
  readonly bugs: DatabaseBugs;
  readonly isCalm: boolean;
  readonly told: { takeovers: number; promoted: number; rereads: number; rests: number };
  after(ms: number, event: () => void): void;
  connectionsBreak(): void;
}

/** So few that a standby which was stopped for a while has to read everything. */
const changesKept = 12;

export class VirtualDatabase {
  readonly #world: DatabaseWorld;
  row: Leadership = { epoch: 0, owner: '', beats: 0, commits: 0, patienceMs: 0 };
  /** What became of each key, in the order of commits. */
  readonly #histories = new Map<string, Write[]>();
  #changes: Change[] = [{ commits: 0, owner: 'nobody', epoch: 0, writes: [] }];
  /** What the standby has, too. */
  #confirmed: Leadership = this.row;
  slowUntil = 0;
  isDown = false;
  #crashesAtCommit = false;
  #lockedUntil = 0;
  #life = 0;

  constructor(world: DatabaseWorld) {
    this.#world = world;
  }

  history(key: string): readonly Write[] {
    return this.#histories.get(key) ?? [];
  }

  restart(ms: number): void {
    this.#life += 1;
    this.isDown = true;
    this.#world.connectionsBreak();
    this.#world.after(ms, () => (this.isDown = false));
  }

  /** It crashes with the next commit, comes back, and then its standby takes its place. */
  failOver(): void {
    this.#crashesAtCommit = true;
  }

  #crash(): void {
    const { chance } = this.#world;
    this.#crashesAtCommit = false;
    const downMs = chance.between(5, 60);
    this.restart(downMs);
    this.#world.after(downMs + chance.between(60, 350), () => {
      if (this.#world.isCalm) return;
      this.restart(chance.between(5, 60));
      this.#promote();
    });
  }

  #promote(): void {
    this.#world.told.promoted += 1;
    this.row = this.#confirmed;
    for (let last = this.#changes.at(-1)!; last.commits > this.row.commits; last = this.#changes.at(-1)!) {
      for (const { key } of last.writes) this.#histories.get(key)!.pop();
      this.#changes.pop();
    }
  }

  /** Writers wait for each other, because all lock the row. @param answered when the standby has it */
  write(perform: () => void, answered: () => void): void {
    const { chance, queue } = this.#world;
    const takes = queue.now < this.slowUntil ? chance.between(50, 900) : chance.between(0, 3);
    const at = Math.max(this.#lockedUntil, queue.now) + takes;
    this.#lockedUntil = at;
    const life = this.#life;
    queue.schedule(at, () => {
      if (life !== this.#life) return;
      perform();
      const { row } = this;
      queue.schedule(at + chance.between(0, 2), () => {
        if (life !== this.#life) return;
        this.#confirmed = row;
        answered();
      });
    });
  }

  holds({ epoch, owner, commits }: Held): boolean {
    return this.row.epoch === epoch && this.row.owner === owner && this.row.commits === commits;
  }

  commit(held: Held, writes: readonly Write[]): boolean {
    const { bugs } = this.#world;
    if (!this.holds(held) && bugs.commitUnchecked !== true) return false;
    const lastEpoch = this.#changes.at(-1)!.epoch;
    if (held.epoch < lastEpoch) throw new Error(`a commit of epoch ${held.epoch} after one of ${lastEpoch}`);
    for (const write of writes) {
      const history = this.#histories.get(write.key);
      if (history === undefined) this.#histories.set(write.key, [write]);
      else history.push(write);
    }
    const commits = this.row.commits + 1;
    this.row = { ...this.row, commits };
    this.#changes.push({ commits, owner: held.owner, epoch: held.epoch, writes });
    if (this.#changes.length > changesKept) this.#changes.shift();
    if (this.#crashesAtCommit) this.#crash();
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

  /** As of one moment. */
  follow(from: Position | undefined): Read<'row', number> {
    const { bugs, told } = this.#world;
    const last = this.#changes.at(-1)!;
    const to = { commits: last.commits, owner: last.owner };
    const own = this.#changes.find(({ commits }) => commits === from?.commits);
    const goesOn = own !== undefined && (own.owner === from?.owner || bugs.followsStrangers === true);
    if (from === undefined || !goesOn) {
      told.rereads += 1;
      return { to, rows: [...this.#histories.keys()].map((key) => ['row', key, this.#present(key)] as const) };
    }
    const since = this.#changes.filter(({ commits }) => commits > from.commits);
    const writes = since.flatMap((change) => change.writes);
    told.rests += Math.min(1, writes.length);
    if (bugs.changesMisordered === true) {
      const rows = writes.toReversed().map(({ key, id, isGone }) => ['row', key, isGone ? undefined : id] as const);
      return { from, to, rows };
    }
    const said = bugs.changesIncomplete === true ? writes.filter(({ isGone }) => !isGone) : writes;
    const keys = new Set(said.map(({ key }) => key));
    return { from, to, rows: [...keys].map((key) => ['row', key, this.#present(key)] as const) };
  }

  #present(key: string): number | undefined {
    const last = this.#histories.get(key)?.at(-1);
    return last === undefined || last.isGone ? undefined : last.id;
  }
}

/**
 * At which door each client and persistent session is. A client belongs to one of the doors that are members, by its client id. Where doors
 * are on machines of their own, a door becomes a member when it is linked and is none any more when its link ends or it drains; then
 * sessions go to others: a door that has some lets go of them first, and meanwhile what is for them is kept here. Who the members are is a
 * row, kept before anybody hears of it, so that the next engine knows which door has its sessions in memory as they are kept.
 */
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import type { DoorReadings } from '../mqtt/readings.ts';
import type { Effect } from '../engine/contract.ts';
import { interestOf } from '../mqtt/subscription-index.ts';
import { parseFilter } from '../mqtt/topic-rules.ts';
import type { Interests } from './interests.ts';
import type { FromEngine } from './messages.ts';
import { allDoors, doorOf } from './owner.ts';
import { type KeptRow, SessionRows } from './session-rows.ts';
import { WaitingSessions } from './waiting-sessions.ts';

/** A door as this file needs it. */
export interface PlacedDoor {
  readonly number: number;
  readonly line: { say(entry: FromEngine): void };
  readonly interests: Interests;
}

export interface SessionPlacesOptions {
  readonly rows: Iterable<KeptRow>;
  /** How many doors there are. */
  readonly doors: number;
  /** Doors come, go and take the sessions of others; default: each is started again, and has its own. */
  readonly areOnTheirOwn?: boolean;
  /** So long after its start an engine waits for doors that were members, in ms. Default 2000. */
  readonly awaitMs?: number;
  readonly forms: DoorReadings['namespacedNotify'];
  /** @returns whether it is kept */
  readonly keep: (changes: readonly SessionChange[], settled: (kept: boolean) => void) => void;
}

/** What a door says of itself. */
export interface Arrival {
  /** It has its sessions in memory, as of this generation of members. */
  readonly hasSessions: boolean;
  readonly generation: number;
}

interface MembersRow {
  readonly generation: number;
  readonly members: readonly number[];
  /** The generation since which each of them is one. */
  readonly since: readonly number[];
}

interface Move {
  readonly generation: number;
  /** Those who have not let go yet; absent: it is being kept. */
  awaited?: Set<PlacedDoor>;
}

const membersKey = 'members';

export class SessionPlaces {
  readonly #rows = new SessionRows();
  readonly #waiting: WaitingSessions;
  readonly #waitingGroups = new Set<string>();
  readonly #options: SessionPlacesOptions;
  readonly #linked = new Map<number, PlacedDoor>();
  readonly #leaving = new Set<PlacedDoor>();
  /** Members that an earlier engine had and that have not come yet. */
  readonly #awaited: Set<number>;
  readonly #timer: NodeJS.Timeout | undefined;
  #now: MembersRow;
  #move: Move | undefined;
  #isOver = false;

  constructor(options: SessionPlacesOptions) {
    this.#options = options;
    this.#waiting = new WaitingSessions(this.#rows, options.forms);
    const { doors, areOnTheirOwn = false, awaitMs = 2000, rows } = options;
    const all = allDoors(doors);
    this.#now = { generation: 0, members: areOnTheirOwn ? [] : all, since: areOnTheirOwn ? [] : all.map(() => 0) };
    for (const row of rows) {
      if (row.table !== 'mqttDoors') this.#rows.apply(row);
      else if (areOnTheirOwn) this.#now = row.row as MembersRow;
    }
    this.#awaited = new Set(this.#now.members);
    for (const clientId of this.#rows.clientIds()) this.#wait(clientId);
    for (const group of this.#rows.groups()) this.#waitingGroups.add(group);
    if (!areOnTheirOwn) return;
    this.#timer = setTimeout(() => {
      this.#awaited.clear();
      this.#converge();
    }, awaitMs).unref();
  }

  get members(): readonly number[] {
    return this.#now.members;
  }

  get generation(): number {
    return this.#now.generation;
  }

  /** A door has said this of one of its sessions. */
  apply(change: SessionChange): void {
    this.#rows.apply(change);
    if (change.table !== 'mqttSession' || !this.#waiting.has(change.key)) return;
    const heldBy = this.#waiting.take(change.key)?.heldBy;
    if (change.row !== undefined) this.#wait(change.key, heldBy);
  }

  /** @returns what is to be kept together with an effect, for sessions without a door */
  announced(effect: Effect): readonly KeptRow[] {
    return this.#waiting.announced(effect);
  }

  /** @returns what is to be kept of what a client of this door has published, for sessions without a door */
  passed(message: PassedMessage, by: PlacedDoor): readonly KeptRow[] {
    return this.#waiting.passed(message, by);
  }

  /** Before it is welcome: it hears what it has to know of its sessions. */
  come(door: PlacedDoor, { hasSessions, generation }: Arrival): void {
    this.#linked.set(door.number, door);
    this.#awaited.delete(door.number);
    const since = this.#now.since[this.#now.members.indexOf(door.number)];
    const isPlain = this.#options.areOnTheirOwn !== true;
    const isValid = hasSessions && this.#move === undefined && since !== undefined && (isPlain || since <= generation);
    if (hasSessions && !isValid) door.line.say(['forget']);
    if (!hasSessions) for (const row of this.#rows.retained()) door.line.say(['row', row]);
    if (this.#move === undefined) this.#give(door, isValid);
  }

  /** It has heard that it is welcome. */
  welcome(door: PlacedDoor): void {
    if (this.#options.areOnTheirOwn !== true) return;
    door.line.say(['members', this.generation, this.members]);
    if (this.#move === undefined) door.line.say(['complete', this.generation]);
    else this.#move.awaited?.add(door);
    this.#converge();
  }

  /** It has let go of sessions that are not its own any more. */
  released(door: PlacedDoor, generation: number): void {
    if (this.#move?.generation !== generation) return;
    this.#waiting.letGo(door);
    this.#noLongerAwaited(door);
  }

  /** It wants to end, and its sessions to be elsewhere. */
  leave(door: PlacedDoor): void {
    this.#leaving.add(door);
    this.#converge();
  }

  /**
   * Its link has ended, and what it was told last may not have come to it.
   * @returns what is to be kept of each effect that it was asked about, and of the messages that it was passed
   */
  left(
    door: PlacedDoor,
    effects: readonly Effect[],
    messages: readonly PassedMessage[],
  ): { readonly ofEffects: readonly (readonly KeptRow[])[]; readonly ofMessages: readonly KeptRow[] } {
    this.#leaving.delete(door);
    this.#waiting.letGo(door);
    if (this.#linked.get(door.number) !== door) return { ofEffects: effects.map(() => []), ofMessages: [] };
    this.#linked.delete(door.number);
    const those = new Set<string>();
    for (const clientId of this.#rows.clientIds()) {
      if (this.#ownerOf(clientId) !== door.number || this.#waiting.has(clientId)) continue;
      this.#wait(clientId);
      those.add(clientId);
    }
    for (const group of this.#rows.groups()) if (this.#ownerOf(group) === door.number) this.#waitingGroups.add(group);
    const ofEffects = effects.map((effect) => this.#waiting.announced(effect, those));
    const ofMessages = messages.flatMap((message) => this.#waiting.passed(message, undefined, those));
    this.#noLongerAwaited(door);
    this.#converge();
    return { ofEffects, ofMessages };
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #ownerOf(name: string, members = this.members): number | undefined {
    return members.length === 0 ? undefined : doorOf(name, members);
  }

  #wait(clientId: string, heldBy?: object): void {
    const row = this.#rows.session(clientId);
    if (row !== undefined) this.#waiting.add(row, heldBy);
  }

  /** @param isValid it has all but what was kept here */
  #give(door: PlacedDoor, isValid: boolean): void {
    for (const clientId of this.#waiting.clientIds()) {
      if (this.#ownerOf(clientId) !== door.number) continue;
      const { added = [] } = this.#waiting.take(clientId) ?? {};
      this.#hears(door, clientId);
      for (const row of isValid ? added : this.#rows.of(clientId)) door.line.say(['row', row]);
    }
    for (const group of this.#waitingGroups) {
      if (this.#ownerOf(group) !== door.number) continue;
      this.#waitingGroups.delete(group);
      if (!isValid) for (const row of this.#rows.messagesFor(group)) door.line.say(['row', row]);
    }
  }

  /** It says so itself when it has the session; what happens until then is for that, too. */
  #hears({ interests }: PlacedDoor, clientId: string): void {
    for (const [text] of this.#rows.session(clientId)?.filters ?? []) {
      const parsed = parseFilter(text);
      const interest = interestOf(typeof parsed === 'string' ? text : parsed.filter);
      if (interest !== undefined) interests.add(interest);
    }
  }

  /** Makes members of those that are there. */
  #converge(): void {
    if (this.#options.areOnTheirOwn !== true || this.#move !== undefined || this.#isOver) return;
    const staying = [...this.#linked.values()].filter((door) => !this.#leaving.has(door));
    const wanted = [...new Set([...staying.map(({ number }) => number), ...this.#awaited])].sort((a, b) => a - b);
    const isSame = wanted.length === this.members.length && wanted.every((number) => this.members.includes(number));
    if (isSame || wanted.length === 0) this.#sayWhoLeft();
    else this.#begin(wanted);
  }

  #begin(members: readonly number[]): void {
    const generation = this.generation + 1;
    const before = this.#now;
    const since = members.map((number) => {
      const index = before.members.indexOf(number);
      // Whoever has come again has nothing of what it had.
      return index === -1 ? generation : before.since[index]!;
    });
    const next: MembersRow = { generation, members, since };
    this.#move = { generation };
    this.#options.keep([{ table: 'mqttDoors', key: membersKey, row: next }], (isKept) => {
      if (isKept && !this.#isOver) this.#moveTo(next);
    });
  }

  #moveTo(next: MembersRow): void {
    for (const clientId of this.#rows.clientIds()) {
      const owner = this.#ownerOf(clientId);
      if (owner === this.#ownerOf(clientId, next.members) || this.#waiting.has(clientId)) continue;
      this.#wait(clientId, owner === undefined ? undefined : this.#linked.get(owner));
    }
    for (const group of this.#rows.groups()) {
      if (this.#ownerOf(group) !== this.#ownerOf(group, next.members)) this.#waitingGroups.add(group);
    }
    this.#now = next;
    const doors = [...this.#linked.values()];
    this.#move = { generation: next.generation, awaited: new Set(doors) };
    for (const { line } of doors) line.say(['members', next.generation, next.members]);
    this.#complete();
  }

  #noLongerAwaited(door: PlacedDoor): void {
    this.#move?.awaited?.delete(door);
    this.#complete();
  }

  #complete(): void {
    if (this.#move?.awaited?.size !== 0) return;
    this.#move = undefined;
    for (const door of this.#linked.values()) {
      this.#give(door, false);
      door.line.say(['complete', this.generation]);
    }
    this.#sayWhoLeft();
    this.#converge();
  }

  #sayWhoLeft(): void {
    for (const door of this.#leaving) {
      if (this.members.includes(door.number) && this.#linked.size > 1) continue;
      this.#leaving.delete(door);
      this.#linked.delete(door.number);
      door.line.say(['left']);
    }
  }
}

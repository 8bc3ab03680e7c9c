/**
 * The engine's end of the links to its doors: commands in, answers and effects out, each door in the order in which things came
 * to be. An effect goes to the doors that have clients of its thing. Rows of sessions go into the journal of the engine. Where a
 * door has persistent sessions, an effect is shown to that door before it is kept, and what the door keeps of it for them becomes
 * part of the same commit.
 * Source of the form: docs/decisions/0010-one-mind-many-doors.md.
 */
import type { Duplex } from 'node:stream';
import type { EpochMs } from '../../protocol/time.ts';
import type { Effect } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { SessionChange, SessionStore } from '../mqtt/kept-sessions.ts';
import { type Line, openLine } from './frames.ts';
import { Interests } from './interests.ts';
import { type FromDoor, type FromEngine, linkVersion } from './messages.ts';
import { doorOf } from './owner.ts';

/** What keeps the engine's outcomes, in their order, as the link needs it. */
export interface OutcomeJournal {
  /** The outcome that is handed in next waits until the returned function is called; its rows are kept with it. */
  hold(): (rows: readonly SessionChange[]) => void;
  keep(changes: readonly SessionChange[], settled: (kept: boolean) => void): void;
}

export interface EngineEndOptions {
  readonly port: ServicePort;
  readonly doors: number;
  readonly timeScale: number;
  /** Where sessions outlive the service; absent: nowhere. */
  readonly sessions?: {
    readonly journal: OutcomeJournal;
    readonly store: SessionStore;
  };
  /** Of an engine that leads on a database; default 0. */
  readonly epoch?: number;
  readonly things: KnownThings;
  /** What a door tells for whoever listens here. */
  readonly onTold?: (event: unknown, door: number) => void;
}

/** Which things there are, for doors to tell whose name a client id is. */
export interface KnownThings {
  names(): Iterable<string>;
  /** Calls `hear` for each thing that comes or goes. @returns ends it */
  onChange(hear: (name: string, exists: boolean) => void): () => void;
}

export interface EngineEnd {
  /** A door has come. */
  accept(stream: Duplex): void;
  /** Lets all doors refuse every device until then, those that come later too. */
  throttle(until: EpochMs): void;
  /** Tells all doors what is wanted of them, those that come later too. */
  want(what: unknown): void;
  /** Says to every door that the engine is there. */
  beat(): void;
  /** Numbers of the doors that are linked. */
  numbers(): readonly number[];
  close(): void;
}

interface Door {
  readonly number: number;
  readonly peer: string | undefined;
  readonly line: Line<FromEngine>;
  readonly interests: Interests;
  hasKeepers: boolean;
  readonly groups: Set<string>;
  /** Effects that this door is asked about, with what lets the journal go on. */
  readonly foreseen: Map<number, Foreseen>;
}

/** What a door hears whose number another one has, or it itself by a link that has not ended yet. */
export const doorTwice = 'a door of this number is linked';

type Hello = FromDoor & readonly ['hello', ...unknown[]];

/** Lets the outcome go on, with what the door keeps together with it. */
interface Foreseen {
  readonly letGo: ReturnType<OutcomeJournal['hold']>;
  readonly rows: SessionChange[];
}

export function createEngineEnd({
  port,
  doors: count,
  timeScale,
  sessions,
  epoch = 0,
  things,
  onTold,
}: EngineEndOptions): EngineEnd {
  /** Those that hear. */
  const doors = new Set<Door>();
  const lines = new Set<Line<FromEngine>>();
  let throttledUntil: EpochMs = -Infinity;
  let wanted: unknown;
  /** Effects that some doors were asked about before they became certain. */
  const ids = new Map<Effect, { readonly id: number; readonly asked: readonly Door[] }>();
  let nextEffect = 1;

  function foresee(effect: Effect): void {
    const asked = [...doors].filter(({ hasKeepers, interests }) => hasKeepers && interests.wants(effect));
    if (asked.length === 0 || sessions === undefined) return;
    const id = nextEffect++;
    ids.set(effect, { id, asked });
    for (const door of asked) {
      door.foreseen.set(id, { letGo: sessions.journal.hold(), rows: [] });
      door.line.say(['foresee', id, effect]);
    }
  }

  function tell(effect: Effect): void {
    const known = ids.get(effect);
    ids.delete(effect);
    for (const door of doors) {
      if (known?.asked.includes(door) === true) door.line.say(['certain', known.id]);
      else if (door.interests.wants(effect)) door.line.say(['effect', effect]);
    }
  }

  function hear(door: Door, entry: FromDoor): void {
    switch (entry[0]) {
      case 'ask': {
        const [, id, name, request] = entry;
        port.submit({ name, request } as Parameters<ServicePort['submit']>[0], (reply, at) =>
          door.line.say(['answer', id, reply, at]),
        );
        return;
      }
      case 'keep': {
        const [pending] = door.foreseen.values();
        if (pending === undefined) sessions?.journal.keep([entry[1]], () => {});
        else pending.rows.push(entry[1]);
        return;
      }
      case 'foreseen': {
        const pending = door.foreseen.get(entry[1]);
        if (pending === undefined) return;
        door.foreseen.delete(entry[1]);
        pending.letGo(pending.rows);
        return;
      }
      case 'settle': {
        const [, id] = entry;
        if (sessions === undefined) door.line.say(['settled', id, true]);
        else sessions.journal.keep([], (kept) => door.line.say(['settled', id, kept]));
        return;
      }
      case 'interests':
        door.interests.set('everything', false);
        for (const interest of entry[1]) door.interests.set(interest, true);
        return;
      case 'interest': {
        const [, interest, has, id] = entry;
        door.interests.set(interest, has);
        if (id !== undefined) door.line.say(['known', id]);
        return;
      }
      case 'keepers':
        door.hasKeepers = entry[1];
        return;
      case 'group':
        if (entry[2]) door.groups.add(entry[1]);
        else door.groups.delete(entry[1]);
        return;
      case 'pass': {
        const served = new Set(entry[1].groups);
        for (const other of doors) {
          if (other === door) continue;
          // Events of clients, which most have nobody for.
          if (entry[1].topic.startsWith('$aws/') && !other.interests.wantsTopic(entry[1].topic)) continue;
          const groups = [...other.groups].filter((group) => !served.has(group));
          for (const group of groups) served.add(group);
          other.line.say(['pass', { ...entry[1], groups }]);
        }
        return;
      }
      case 'tell':
        onTold?.(entry[1], door.number);
    }
  }

  /** @returns absent: it is refused */
  async function welcome(
    line: Line<FromEngine>,
    [, version, number, hears, wantsRows, peer]: Hello,
  ): Promise<Door | undefined> {
    if (version !== linkVersion) {
      line.say(['refused', `the engine speaks version ${linkVersion} of the link, the door ${version}`]);
      line.end();
      return undefined;
    }
    const why = hears ? whyNot(number, peer) : undefined;
    if (why !== undefined) {
      line.say(['refused', why]);
      line.end();
      return undefined;
    }
    const door: Door = {
      number,
      peer,
      line,
      interests: new Interests(),
      hasKeepers: false,
      groups: new Set(),
      foreseen: new Map(),
    };
    door.interests.set('everything', true);
    if (hears && wantsRows && sessions !== undefined) {
      // Behind what an earlier connection of this door has said.
      await new Promise<void>((resolve) => sessions.journal.keep([], () => resolve()));
      for (const change of await sessions.store.rows(() => {})) {
        if (belongs(change, number)) line.say(['row', change]);
      }
    }
    if (hears) {
      for (const name of things.names()) line.say(['thing', name, true]);
      doors.add(door);
    }
    line.say(['welcome', port.now(), timeScale, sessions !== undefined, epoch, count]);
    if (peer !== undefined) tellPeers();
    if (throttledUntil > port.now()) line.say(['throttled', throttledUntil]);
    if (hears && wanted !== undefined) line.say(['wanted', wanted]);
    return door;
  }

  function whyNot(number: number, peer: string | undefined): string | undefined {
    if (number >= count) return `there are ${count} doors, and this one says that it is number ${number + 1}`;
    if (peer === undefined) return undefined;
    return [...doors].some((door) => door.number === number) ? doorTwice : undefined;
  }

  function tellPeers(): void {
    const peers = [...doors].flatMap(({ number, peer }) => (peer === undefined ? [] : [[number, peer] as const]));
    for (const { line } of doors) line.say(['peers', peers]);
  }

  /** Retained messages are everybody's; a message that waits is where its session, or its group, is. */
  function belongs({ table, key, row }: Required<SessionChange>, number: number): boolean {
    if (table === 'mqttRetained') return true;
    const { clientId, group } = row as { readonly clientId?: string; readonly group?: string };
    return doorOf(clientId ?? group ?? key, count) === number;
  }

  const stop = port.onEffect(tell, foresee);
  const stopThings = things.onChange((name, exists) => {
    for (const { line } of doors) line.say(['thing', name, exists]);
  });
  return {
    accept(stream) {
      let door: Door | undefined;
      let isOver = false;
      const greet = async (hello: Hello): Promise<void> => {
        try {
          const welcomed = await welcome(line, hello);
          if (isOver && welcomed !== undefined) doors.delete(welcomed);
          else door = welcomed;
        } catch {
          line.end();
        }
      };
      const line: Line<FromEngine> = openLine<FromEngine, FromDoor>(stream, {
        heard(entry) {
          if (door !== undefined) return hear(door, entry);
          // A door says nothing more until it is welcome.
          if (entry[0] === 'hello') void greet(entry);
        },
        ended() {
          isOver = true;
          lines.delete(line);
          if (door === undefined) return;
          doors.delete(door);
          for (const { letGo, rows } of door.foreseen.values()) letGo(rows);
          door.foreseen.clear();
        },
      });
      lines.add(line);
    },
    throttle(until) {
      throttledUntil = until;
      for (const { line } of doors) line.say(['throttled', until]);
    },
    want(what) {
      wanted = what;
      for (const { line } of doors) line.say(['wanted', what]);
    },
    beat() {
      for (const { line } of doors) line.say(['alive']);
    },
    numbers: () => [...doors].map(({ number }) => number),
    close() {
      stop();
      stopThings();
      for (const line of lines) line.end();
    },
  };
}

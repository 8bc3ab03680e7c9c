/**
 * The engine's end of the links to its doors: commands in, answers and effects out, each door in the order in which things came
 * to be. An effect goes to the doors that have clients of its thing. Rows of sessions go into the journal of the engine. Where a
 * door has persistent sessions, an effect is shown to that door before it is kept, and what the door keeps of it for them becomes
 * part of the same commit.
 * Source of the form: docs/decisions/0010-one-mind-many-doors.md.
 */
import type { Duplex } from 'node:stream';
import type { EpochMs } from '../../protocol/time.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import type { Effect } from '../engine/contract.ts';
import type { ServicePort, TakeWritten } from '../engine/port.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import type { DoorReadings } from '../mqtt/readings.ts';
import { type Line, openLine } from './frames.ts';
import { Interests } from './interests.ts';
import { tellOfClock } from './clocks.ts';
import { type AboutNode, type FromDoor, type FromEngine, kinds, linkVersion } from './messages.ts';
import { SessionPlaces } from './session-places.ts';

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
  /** Where sessions outlive the service, and what is kept of them at the start; absent: nowhere. */
  readonly sessions?: {
    readonly journal: OutcomeJournal;
    readonly rows: Iterable<Required<SessionChange>>;
    readonly forms: DoorReadings['namespacedNotify'];
  };
  /** Doors are on machines of their own: they come and go, and take the sessions of others. Default: each is started again. */
  readonly doorsAreOnTheirOwn?: boolean;
  /** Of an engine that leads on a database; default 0. */
  readonly epoch?: number;
  readonly things: KnownThings;
  /** How a device's request is read and its answer is written. */
  readonly takeWritten: TakeWritten;
  /** An effect as the messages that it is told by; absent: it is none. */
  readonly messagesOf: (effect: Effect) => readonly ServiceMessage[] | undefined;
  /** Region and account, for people; absent: whatever doors have. */
  readonly identity?: string;
  /** The clock of a door's machine differs from this one's; in words. */
  readonly onClock?: (door: number, difference: string) => void;
  /** Default: that of this machine. */
  readonly wallClock?: () => EpochMs;
  /** What a door tells for whoever listens here. */
  readonly onTold?: (event: unknown, door: number) => void;
}

export interface ServiceMessage {
  readonly topic: string;
  readonly payload: string | Buffer;
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
  /** Messages that it was passed and has not kept yet. */
  readonly passed: Map<number, Passed>;
  /** What its clients have published and others have not kept yet. */
  readonly passing: Set<Promise<void>>;
  heardAt: number;
}

/** What a door hears whose number another one has, or it itself by a link that has not ended yet. */
export const doorTwice = 'a door of this number is linked';

type Hello = FromDoor & readonly ['hello', ...unknown[]];

/** An effect that some doors were asked about before it became certain. */
interface Asked {
  readonly id: number;
  readonly messages: readonly ServiceMessage[];
  readonly doors: readonly Door[];
}

/** Lets the outcome go on, with what the door keeps together with it. */
interface Foreseen {
  readonly effect: Effect;
  readonly letGo: ReturnType<OutcomeJournal['hold']>;
  readonly rows: SessionChange[];
}

interface Passed {
  readonly message: PassedMessage;
  readonly isKept: () => void;
}

/** A door that is stopped holds up everything that is kept; it answers each beat. */
const silentMs = 1000;

export function createEngineEnd({
  port,
  doors: count,
  timeScale,
  sessions,
  doorsAreOnTheirOwn = false,
  epoch = 0,
  things,
  takeWritten,
  messagesOf,
  onTold,
  identity,
  onClock,
  wallClock = Date.now,
}: EngineEndOptions): EngineEnd {
  /** Those that hear. */
  const doors = new Set<Door>();
  const lines = new Set<Line<FromEngine>>();
  /** Nothing was heard of them for too long. */
  const suspected = new WeakSet<Door>();
  let throttledUntil: EpochMs = -Infinity;
  let wanted: unknown;
  const asked = new Map<Effect, Asked>();
  let nextEffect = 1;
  let nextPass = 1;
  const places =
    sessions &&
    new SessionPlaces({
      rows: sessions.rows,
      doors: count,
      areOnTheirOwn: doorsAreOnTheirOwn,
      forms: sessions.forms,
      keep: (changes, settled) => sessions.journal.keep(changes, settled),
    });

  function foresee(effect: Effect): void {
    const those = [...doors].filter(({ hasKeepers, interests }) => hasKeepers && interests.wants(effect));
    if (sessions === undefined || places === undefined) return;
    const rows = places.announced(effect);
    if (rows.length > 0) sessions.journal.hold()(rows);
    const messages = those.length === 0 ? undefined : messagesOf(effect);
    if (messages === undefined) return;
    const id = nextEffect++;
    asked.set(effect, { id, messages, doors: those });
    for (const door of those) {
      door.foreseen.set(id, { effect, letGo: sessions.journal.hold(), rows: [] });
      for (const { topic, payload } of messages) door.line.sayBytes(kinds.foreseen, id, topic, payload);
      door.line.say(['foresee', id]);
    }
  }

  function tell(effect: Effect): void {
    const known = asked.get(effect);
    asked.delete(effect);
    let messages: readonly ServiceMessage[] | undefined = known?.messages;
    for (const door of doors) {
      if (known?.doors.includes(door) === true) door.line.say(['certain', known.id]);
      else if (door.interests.wants(effect)) {
        messages ??= messagesOf(effect);
        if (messages === undefined) door.line.say(['effect', effect]);
        else for (const { topic, payload } of messages) door.line.sayBytes(kinds.message, 0, topic, payload);
      }
    }
  }

  function hearRequest(door: Door, kind: number, id: number, topic: string, payload: Buffer): void {
    const parsed = parseJobsTopic(topic);
    if (kind !== kinds.request || parsed?.kind !== 'request') throw new Error(`a door asks on ${topic}`);
    takeWritten(topic, parsed, payload, (told) => {
      if ('code' in told) door.line.say(['answer', id, told, port.now()]);
      else {
        const { accepted, unreadable = '' } = told;
        door.line.sayBytes(accepted ? kinds.accepted : kinds.rejected, id, unreadable, told.payload);
      }
    });
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
        places?.apply(entry[1]);
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
        else void settle(door, sessions.journal, id);
        return;
      }
      case 'interests':
        door.interests.set('everything', false);
        for (const interest of entry[1]) door.interests.add(interest);
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
          pass({ ...entry[1], groups }, door, other);
        }
        const rows = places?.passed(entry[1], door) ?? [];
        if (rows.length > 0) sessions?.journal.keep(rows, () => {});
        return;
      }
      case 'passed':
        door.passed.get(entry[1])?.isKept();
        door.passed.delete(entry[1]);
        return;
      case 'released':
        places?.released(door, entry[1]);
        return;
      case 'leave':
        if (places === undefined) door.line.say(['left']);
        else places.leave(door);
        return;
      case 'tell':
        onTold?.(entry[1], door.number);
    }
  }

  /** What is published at QoS 1 is acknowledged when every door with persistent sessions has kept it. */
  function pass(message: PassedMessage, by: Door, to: Door): void {
    if (message.qos === 0 || !to.hasKeepers || places === undefined) return to.line.say(['pass', message]);
    const id = nextPass++;
    to.line.say(['pass', message, id]);
    const kept = new Promise<void>((isKept) => to.passed.set(id, { message, isKept }));
    by.passing.add(kept);
    void kept.then(() => by.passing.delete(kept));
  }

  async function settle(door: Door, journal: OutcomeJournal, id: number): Promise<void> {
    if (door.passing.size > 0) await Promise.all(door.passing);
    journal.keep([], (kept) => door.line.say(['settled', id, kept]));
  }

  /** What it was told and has not kept is kept for its sessions here. */
  function left(door: Door): void {
    doors.delete(door);
    const foreseen = [...door.foreseen.values()];
    const passed = [...door.passed.values()];
    door.foreseen.clear();
    door.passed.clear();
    const rows = places?.left(
      door,
      foreseen.map(({ effect }) => effect),
      passed.map(({ message }) => message),
    );
    for (const [index, pending] of foreseen.entries()) {
      pending.letGo([...pending.rows, ...(rows?.ofEffects[index] ?? [])]);
    }
    if (rows !== undefined && rows.ofMessages.length > 0) sessions?.journal.keep(rows.ofMessages, () => {});
    for (const { isKept } of passed) isKept();
    if (door.peer !== undefined) tellPeers();
  }

  /** @returns absent: it is refused */
  function welcome(
    line: Line<FromEngine>,
    [, version, number, hears, wantsRows, generation, about, peer]: Hello,
  ): Door | undefined {
    if (version !== linkVersion) {
      line.say(['refused', `the engine speaks version ${linkVersion} of the link, the door ${version}`]);
      line.end();
      return undefined;
    }
    const why = hears ? whyNot(number, about, peer) : undefined;
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
      passed: new Map(),
      passing: new Set(),
      heardAt: performance.now(),
    };
    door.interests.set('everything', true);
    if (hears) {
      places?.come(door, { hasSessions: !wantsRows, generation });
      for (const name of things.names()) line.say(['thing', name, true]);
      doors.add(door);
    }
    line.say(['welcome', port.now(), timeScale, sessions !== undefined, epoch, count, { clock: wallClock() }]);
    if (hears) places?.welcome(door);
    if (peer !== undefined) tellPeers();
    tellOfClock(about.clock - wallClock(), (difference) => onClock?.(number, difference));
    if (throttledUntil > port.now()) line.say(['throttled', throttledUntil]);
    if (hears && wanted !== undefined) line.say(['wanted', wanted]);
    return door;
  }

  function whyNot(number: number, { identity: itsOwn }: AboutNode, peer: string | undefined): string | undefined {
    if (identity !== undefined && itsOwn !== undefined && itsOwn !== identity) {
      return `the engine is for ${identity}, and this door for ${itsOwn}`;
    }
    if (number >= count) return `there are ${count} doors, and this one says that it is number ${number + 1}`;
    if (peer === undefined) return undefined;
    return [...doors].some((door) => door.number === number) ? doorTwice : undefined;
  }

  function tellPeers(): void {
    const peers = [...doors].flatMap(({ number, peer }) => (peer === undefined ? [] : [[number, peer] as const]));
    for (const { line } of doors) line.say(['peers', peers]);
  }

  const stop = port.onEffect(tell, foresee);
  const stopThings = things.onChange((name, exists) => {
    for (const { line } of doors) line.say(['thing', name, exists]);
  });
  return {
    accept(stream) {
      let door: Door | undefined;
      const line: Line<FromEngine> = openLine<FromEngine, FromDoor>(stream, {
        heard(entry) {
          if (door !== undefined) {
            door.heardAt = performance.now();
            hear(door, entry);
          } else if (entry[0] === 'hello') door = welcome(line, entry);
        },
        heardBytes(kind, id, name, bytes) {
          if (door === undefined) return;
          door.heardAt = performance.now();
          hearRequest(door, kind, id, name, bytes);
        },
        ended() {
          lines.delete(line);
          if (door !== undefined && doors.has(door)) left(door);
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
      for (const door of doors) {
        door.line.say(['alive']);
        // Looked at twice: this process may itself have been stopped.
        if (performance.now() - door.heardAt < silentMs) suspected.delete(door);
        else if (suspected.has(door)) door.line.cut();
        else suspected.add(door);
      }
    },
    numbers: () => [...doors].map(({ number }) => number),
    close() {
      stop();
      stopThings();
      places?.close();
      for (const line of lines) line.end();
    },
  };
}

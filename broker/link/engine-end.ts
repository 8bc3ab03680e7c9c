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
import type { ServicePort, TakeWritten } from '../engine/port.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { DoorReadings } from '../mqtt/readings.ts';
import { textIn } from '../mqtt/requests.ts';
import type { Inflow } from '../net/inflow.ts';
import { tellOfClock } from './clocks.ts';
import { type Line, openLine } from './frames.ts';
import { HeardByEngine } from './heard-by-engine.ts';
import { LinkedDoor, type OutcomeJournal } from './linked-door.ts';
import { type AboutNode, type FromDoor, type FromEngine, kinds, linkVersion, notificationKinds } from './messages.ts';
import { SessionPlaces } from './session-places.ts';
import { type Announce, TellingAgain } from './telling-again.ts';
import { pendingIn } from './told.ts';

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
  /** So long such doors are waited for that an earlier engine had, in ms. Default 2000. */
  readonly doorsAwaitedMs?: number;
  /** Of an engine that leads on a database; default 0. */
  readonly epoch?: number;
  /** Held while too much waits to be kept, of which doors are told; absent: it never is. */
  readonly inflow?: Inflow;
  readonly things: KnownThings;
  /** How a device's request is read and its answer is written. */
  readonly takeWritten: TakeWritten;
  /** An effect as the messages that it is told by, of which there may be none. */
  readonly announce: Announce;
  /** Region and account, for people; absent: whatever doors have. */
  readonly identity?: string;
  /** The clock of a door's machine differs from this one's; in words. */
  readonly onClock?: (door: number, difference: string) => void;
  /** Default: that of this machine. */
  readonly wallClock?: () => EpochMs;
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
  /** Tells whoever operates the service by a link. @returns whether there is anybody */
  tellOperator(counts: unknown): boolean;
  /** Says to every door that the engine is there. */
  beat(): void;
  /** Numbers of the doors that are linked. */
  numbers(): readonly number[];
  close(): void;
}

/** What a door hears whose number another one has, or it itself by a link that has not ended yet. */
export const doorTwice = 'a door of this number is linked';

type Hello = FromDoor & readonly ['hello', ...unknown[]];

/** An effect that some doors were asked about before it became certain. */
interface Asked {
  readonly id: number;
  /** What is told by it. */
  readonly pending: number;
  readonly doors: readonly LinkedDoor[];
}

/** A frame for each turn would cost the engine as much as all else that it does for an operator. */
const operatorGathersMs = 4;
/** A door that is stopped holds up everything that is kept; it answers each beat. */
const silentMs = 1000;

export function createEngineEnd({
  port,
  doors: count,
  timeScale,
  sessions,
  doorsAreOnTheirOwn = false,
  doorsAwaitedMs,
  epoch = 0,
  inflow,
  things,
  takeWritten,
  announce,
  onTold,
  identity,
  onClock,
  wallClock = Date.now,
}: EngineEndOptions): EngineEnd {
  const doors = new Set<LinkedDoor>();
  const lines = new Set<Line<FromEngine>>();
  /** Of those who only ask. */
  const operators = new Set<Line<FromEngine>>();
  /** Nothing was heard of them for too long. */
  const suspected = new WeakSet<LinkedDoor>();
  let throttledUntil: EpochMs = -Infinity;
  let wanted: unknown;
  const asked = new Map<Effect, Asked>();
  let nextEffect = 1;
  const journal = sessions?.journal;
  const places =
    sessions &&
    new SessionPlaces({
      rows: sessions.rows,
      doors: count,
      areOnTheirOwn: doorsAreOnTheirOwn,
      ...(doorsAwaitedMs !== undefined && { awaitMs: doorsAwaitedMs }),
      forms: sessions.forms,
      keep: (changes, settled) => sessions.journal.keep(changes, settled),
    });
  const again = new TellingAgain(port, announce, () => things.names());
  const heard = new HeardByEngine({ port, doors, takeWritten, places, journal, again, onTold });

  function foresee(effect: Effect): void {
    if (journal === undefined || places === undefined) return;
    const rows = places.announced(effect);
    if (rows.length > 0) journal.hold()(rows);
    if (effect.kind === 'principal') return;
    const those = [...doors].filter(({ hasKeepers, interests }) => hasKeepers && interests.wants(effect));
    if (those.length === 0) return;
    const id = nextEffect++;
    asked.set(effect, { id, pending: pendingIn(effect), doors: those });
    announce(effect, (topic, writePayload) => {
      const payload = writePayload();
      for (const { line } of those) line.sayBytes(kinds.foreseen, id, topic, payload);
    });
    for (const door of those) {
      door.foreseen.set(id, { effect, letGo: journal.hold(), rows: [] });
      door.line.say(['foresee', id]);
    }
  }

  function tell(effect: Effect): void {
    const known = asked.size === 0 ? undefined : asked.get(effect);
    if (known !== undefined) {
      asked.delete(effect);
      for (const { line } of known.doors) line.say(['certain', known.id, known.pending]);
    }
    const those: LinkedDoor[] = [];
    for (const door of doors) {
      if (known?.doors.includes(door) !== true && door.interests.wants(effect)) those.push(door);
    }
    if (those.length === 0) return;
    if (effect.kind === 'principal') for (const { line } of those) line.say(['effect', effect]);
    else {
      const pending = pendingIn(effect);
      announce(effect, (topic, writePayload) => {
        const payload = writePayload();
        for (const { line } of those) sayMessage(line, effect, pending, topic, payload);
      });
    }
  }

  /** What it was told and has not kept is kept for its sessions here. */
  function left(door: LinkedDoor): void {
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
    if (rows !== undefined && rows.ofMessages.length > 0) journal?.keep(rows.ofMessages, () => {});
    for (const { isKept } of passed) isKept();
    if (door.peer !== undefined) tellPeers();
  }

  /** @returns absent: it is refused */
  function welcome(
    line: Line<FromEngine>,
    [, version, number, hears, wantsRows, generation, about, peer]: Hello,
  ): LinkedDoor | undefined {
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
    const door = new LinkedDoor(line, number, peer);
    if (!hears) {
      line.gather(operatorGathersMs);
      operators.add(line);
    } else {
      places?.come(door, { hasSessions: !wantsRows, generation });
      for (const name of things.names()) line.say(['thing', name, true]);
      doors.add(door);
    }
    line.say(['welcome', port.now(), timeScale, sessions !== undefined, epoch, count, { clock: wallClock() }]);
    if (hears) places?.welcome(door);
    if (peer !== undefined) tellPeers();
    tellOfClock(about.clock - wallClock(), (difference) => onClock?.(number, difference));
    if (hears && inflow?.isHeld === true) line.say(['held', true]);
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

  inflow?.onChange((isHeld) => {
    for (const { line } of doors) line.say(['held', isHeld]);
  });
  const stop = port.onEffect(tell, foresee);
  const stopThings = things.onChange((name, exists) => {
    for (const { line } of doors) line.say(['thing', name, exists]);
  });
  return {
    accept(stream) {
      let door: LinkedDoor | undefined;
      const line: Line<FromEngine> = openLine<FromEngine, FromDoor>(stream, {
        heard(entry) {
          if (door !== undefined) heard.hear(door, entry);
          else if (entry[0] === 'hello') door = welcome(line, entry);
        },
        heardBytes(kind, id, name, bytes) {
          if (door !== undefined) heard.hearRequest(door, kind, id, name, bytes);
        },
        heardAbout(kind, id, thing, job, bytes, start, until) {
          if (door !== undefined) heard.hearAbout(door, kind, id, thing, job, textIn(bytes, start, until));
        },
        ended() {
          lines.delete(line);
          operators.delete(line);
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
    tellOperator(counts) {
      for (const line of operators) line.say(['counted', counts]);
      return operators.size > 0;
    },
    beat() {
      for (const door of doors) {
        door.line.say(['alive']);
        // Looked at twice: this process may itself have been stopped.
        if (performance.now() - door.line.heardAt < silentMs) suspected.delete(door);
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

/** Which effect it is of says more shortly what most messages are about. */
function sayMessage(
  line: Line<FromEngine>,
  effect: Effect,
  pending: number,
  topic: string,
  payload: string | Buffer,
): void {
  if ((effect.kind === 'notify' || effect.kind === 'notify-next') && effect.namespaceId === undefined) {
    const { JobExecutionsChanged: changed, NextJobExecutionChanged: next } = notificationKinds;
    line.sayAbout(effect.kind === 'notify' ? changed : next, pending, effect.thingName, '', payload);
  } else line.sayBytes(kinds.message, pending, topic, payload);
}

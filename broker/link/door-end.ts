/**
 * A door's end of the link to the engine: the engine's port, the store of sessions and the way to other doors, as doors know
 * them. When the link breaks, what was asked and not answered is answered with an error that says that it may have been done;
 * what is asked while there is no link waits for the next one, up to a bound. Never guesses what the engine did.
 */
import type { Duplex } from 'node:stream';
import type { EpochMs } from '../../protocol/time.ts';
import type { CommandOf, Effect, OperationName, Rejected, Reply } from '../engine/contract.ts';
import type { ServicePort, WrittenAnswer } from '../engine/port.ts';
import type { SessionChange, SessionStore } from '../mqtt/kept-sessions.ts';
import type { Passage, PassedMessage } from '../mqtt/passing.ts';
import { type Line, openLine } from './frames.ts';
import { Interests } from './interests.ts';
import { type FromDoor, type FromEngine, kinds, linkVersion } from './messages.ts';
import { tellOfClock } from './clocks.ts';
import { doorOf } from './owner.ts';

/** As many commands may be under way at once; a busy door has some hundreds. */
const maxUnanswered = 100_000;

export interface DoorEnd {
  readonly port: ServicePort;
  /** Absent: sessions do not outlive the service. Known when the link is attached for the first time. */
  readonly sessionStore: SessionStore | undefined;
  /** Whether there is a thing of this name. */
  isThing(name: string): boolean;
  readonly passage: Passage;
  /** For whoever listens where the engine is. */
  tell(event: unknown): void;
  /** Goes on over this stream. @returns when the engine has welcomed this door; rejects when it refuses it. */
  attach(stream: Duplex): Promise<void>;
  /** Resolves when the link that is in use has ended. */
  ended(): Promise<void>;
  /** Ends it: what was asked is answered as with any link that breaks. */
  detach(): void;
  /** Whether there is a link. */
  readonly isAttached: boolean;
  /** The highest epoch of an engine that has welcomed this door. */
  readonly epoch: number;
  /** The doors that clients belong to, by their client ids. */
  readonly members: readonly number[];
  /** Whether all sessions that are this door's are here. */
  readonly isComplete: boolean;
  /** Asks for its sessions to be elsewhere. Resolves when they are, or when the link has ended. */
  leave(): Promise<void>;
}

/** The engine does not want this door, and says why. */
export class LinkRefused extends Error {}

type Answer = (reply: Reply<never>, at: EpochMs) => void;
type TakeAnswer = (answer: WrittenAnswer | Rejected) => void;

/** What a device has asked, as it was written. */
interface WrittenRequest {
  readonly id: number;
  readonly topic: string;
  readonly payload: Buffer;
}

const interrupted: Rejected = {
  accepted: false,
  code: 'InternalError',
  message: 'The service was interrupted; what was asked may have been done.',
};
const tooMuch: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Rate exceeded' };

interface Listener {
  readonly tell: (effect: Effect) => void;
  readonly foresee?: (effect: Effect) => void;
}

/** Service time from an instant on, at a rate. */
export type MakeClock = (timeScale: number, notBefore: EpochMs) => { now(): EpochMs };

export interface DoorEndOptions {
  /** Whether it has clients; default: yes. Whoever only asks is told of nothing. */
  readonly hears?: boolean;
  /** Every device is to be refused until then. */
  readonly onThrottled?: (until: EpochMs) => void;
  /** What whoever is where the engine is wants of this door. */
  readonly onWanted?: (what: unknown) => void;
  /** Where other doors hand clients on to this one. */
  readonly peer?: string;
  /** Where the doors are that take clients of theirs, this one among them. */
  readonly onPeers?: (peers: ReadonlyMap<number, string>) => void;
  /** Whatever the engine says; it says something at least as often as it beats. */
  readonly onHeard?: () => void;
  /** Sessions and messages for them that are this door's from now on, beside those that it was opened with. */
  readonly onRows?: (rows: readonly Required<SessionChange>[]) => void;
  /** All other sessions, and their clients, are another door's from now on. */
  readonly onRelease?: (isOurs: (clientId: string) => boolean) => void;
  /** Region and account, for people; absent: whatever the engine has. */
  readonly identity?: string | undefined;
  /** The clock of the engine's machine differs from this one's; in words. */
  readonly onClock?: (difference: string) => void;
  /** Default: that of this machine. */
  readonly wallClock?: () => EpochMs;
  /** All that is this door's is here. */
  readonly onComplete?: () => void;
}

export function createDoorEnd(
  door: number,
  makeClock: MakeClock,
  {
    hears = true,
    onThrottled,
    onWanted,
    peer,
    onPeers,
    onHeard,
    onRows,
    onRelease,
    onComplete,
    identity,
    onClock,
    wallClock = Date.now,
  }: DoorEndOptions = {},
): DoorEnd {
  let line: Line<FromDoor> | undefined;
  let clock = makeClock(1, 0);
  let listeners: readonly Listener[] = [];
  let takers: readonly ((message: PassedMessage) => void)[] = [];
  let nextId = 1;
  const unanswered = new Map<number, Answer>();
  /** The same, of devices. */
  const unwritten = new Map<number, TakeAnswer>();
  const unsettled = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  /** Messages of an effect that is not certain yet. */
  const foreseen = new Map<number, Effect[]>();
  /** Said while there was no link, and what the engine has to know again after each new one. */
  let waiting: (FromDoor | WrittenRequest)[] = [];
  let hasKeepers = false;
  const interests = new Interests();
  /** Told when the engine knows of an interest. */
  const unknown = new Map<number, () => void>();
  const groups = new Set<string>();
  const things = new Set<string>();
  let keepsSessions = false;
  let wasWelcome = false;
  let epoch = 0;
  /** There is no other door. */
  let isAlone = false;
  let members: readonly number[] = [door];
  let generation = 0;
  let isComplete = false;
  const whenLeft: (() => void)[] = [];
  let leave: (() => void) | undefined;
  let rows: Required<SessionChange>[] = [];
  const whenEnded: (() => void)[] = [];

  function say(entry: FromDoor): void {
    if (line === undefined) waiting.push(entry);
    else line.say(entry);
  }

  function sayWritten({ id, topic, payload }: WrittenRequest, on: Line<FromDoor>): void {
    on.sayBytes(kinds.request, id, topic, payload);
  }

  function lost(): void {
    line = undefined;
    const left = [...unanswered.values()];
    const leftOfDevices = [...unwritten.values()];
    unanswered.clear();
    unwritten.clear();
    for (const answer of left) answer(interrupted, clock.now());
    for (const answer of leftOfDevices) answer(interrupted);
    for (const { reject } of unsettled.values()) reject(new Error(interrupted.message));
    unsettled.clear();
    foreseen.clear();
    const knew = [...unknown.values()];
    unknown.clear();
    for (const known of knew) known();
    for (const resolve of whenEnded.splice(0)) resolve();
    sessionsLeft();
  }

  function sessionsLeft(): void {
    for (const resolve of whenLeft.splice(0)) resolve();
  }

  function isOurs(clientId: string): boolean {
    return members.length > 0 && doorOf(clientId, members) === door;
  }

  /** Rows of a time when the door is open are for it at once. */
  function handOver(): void {
    const those = rows;
    if (those.length === 0 || onRows === undefined) return;
    rows = [];
    onRows(those);
  }

  /** What it had in memory has gone on elsewhere, and what it wanted to be kept of it is not. */
  function forget(): void {
    onRelease?.(() => false);
    waiting = waiting.filter((said) => 'topic' in said || (said[0] !== 'keep' && said[0] !== 'settle'));
    for (const { reject } of unsettled.values()) reject(new Error(interrupted.message));
    unsettled.clear();
  }

  function hear(entry: FromEngine): void {
    switch (entry[0]) {
      case 'answer': {
        const [, id, reply, at] = entry;
        const answer = unanswered.get(id);
        unanswered.delete(id);
        answer?.(reply as Reply<never>, at);
        if (!reply.accepted) unwrittenAnswer(id)?.(reply);
        return;
      }
      case 'effect':
        for (const listener of listeners) listener.tell(entry[1]);
        return;
      case 'certain': {
        const messages = foreseen.get(entry[1]) ?? [];
        foreseen.delete(entry[1]);
        for (const message of messages) for (const listener of listeners) listener.tell(message);
        return;
      }
      case 'foresee':
        say(['foreseen', entry[1]]);
        return;
      case 'known': {
        const known = unknown.get(entry[1]);
        unknown.delete(entry[1]);
        known?.();
        return;
      }
      case 'settled': {
        const [, id, kept] = entry;
        const settled = unsettled.get(id);
        unsettled.delete(id);
        if (kept) settled?.resolve();
        else settled?.reject(new Error('the service could not store its state'));
        return;
      }
      case 'pass':
        for (const take of takers) take(entry[1]);
        if (entry[2] !== undefined) say(['passed', entry[2]]);
        return;
      case 'alive':
        say(['alive']);
        return;
      case 'forget':
        forget();
        return;
      case 'members':
        [, generation, members] = entry;
        isComplete = false;
        onRelease?.(isOurs);
        say(['released', generation]);
        return;
      case 'complete':
        handOver();
        isComplete = true;
        onComplete?.();
        return;
      case 'left':
        sessionsLeft();
        return;
      case 'thing':
        if (entry[2]) things.add(entry[1]);
        else things.delete(entry[1]);
        return;
      case 'peers':
        onPeers?.(new Map(entry[1]));
        return;
      case 'row':
        rows.push(entry[1]);
        return;
      case 'throttled':
        onThrottled?.(entry[1]);
        return;
      case 'wanted':
        onWanted?.(entry[1]);
    }
  }

  function unwrittenAnswer(id: number): TakeAnswer | undefined {
    const answer = unwritten.get(id);
    unwritten.delete(id);
    return answer;
  }

  function hearBytes(kind: number, id: number, name: string, bytes: Buffer): void {
    switch (kind) {
      case kinds.accepted:
      case kinds.rejected: {
        const unreadable = name !== '' && { unreadable: name };
        unwrittenAnswer(id)?.({ accepted: kind === kinds.accepted, payload: bytes, ...unreadable });
        return;
      }
      case kinds.message: {
        const effect: Effect = { kind: 'event', topic: name, payload: bytes };
        for (const listener of listeners) listener.tell(effect);
        return;
      }
      case kinds.foreseen: {
        const effect: Effect = { kind: 'event', topic: name, payload: bytes };
        const others = foreseen.get(id);
        if (others === undefined) foreseen.set(id, [effect]);
        else others.push(effect);
        for (const listener of listeners) listener.foresee?.(effect);
        return;
      }
      default:
        throw new Error(`the engine says something of kind ${kind}`);
    }
  }

  const port: ServicePort = {
    takeWritten(topic, _parsed, payload, answer) {
      if (unanswered.size + unwritten.size >= maxUnanswered) {
        answer(tooMuch);
        return;
      }
      const request = { id: nextId++, topic, payload };
      unwritten.set(request.id, answer);
      if (line === undefined) waiting.push(request);
      else sayWritten(request, line);
    },
    submit(command, answer) {
      if (unanswered.size + unwritten.size >= maxUnanswered) {
        answer(tooMuch, clock.now());
        return;
      }
      const id = nextId++;
      unanswered.set(id, answer as Answer);
      say(['ask', id, command.name, command.request as CommandOf<OperationName>['request']]);
    },
    onEffect(tell, foresee) {
      const listener: Listener = { tell, ...(foresee && { foresee }) };
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
    now: () => clock.now(),
  };

  const store: SessionStore = {
    *rows() {
      const kept = rows;
      rows = [];
      yield* kept;
    },
    keep: (change) => say(['keep', change]),
    kept: () =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        unsettled.set(id, { resolve, reject });
        say(['settle', id]);
      }),
  };

  return {
    port,
    get sessionStore() {
      return keepsSessions ? store : undefined;
    },
    isThing: (name) => things.has(name),
    passage: {
      keepers(any) {
        hasKeepers = any;
        say(['keepers', any]);
      },
      pass(message) {
        if (!isAlone) say(['pass', message]);
      },
      interest(interest, has, known) {
        interests.set(interest, has);
        // The next engine hears all of them, and until then nobody says anything.
        if (line === undefined) known?.();
        else if (known === undefined) line.say(['interest', interest, has]);
        else {
          const id = nextId++;
          unknown.set(id, known);
          line.say(['interest', interest, has, id]);
        }
      },
      group(name, has) {
        if (has) groups.add(name);
        else groups.delete(name);
        say(['group', name, has]);
      },
      onPassed(take) {
        takers = [...takers, take];
      },
    },
    tell: (event) => say(['tell', event]),
    attach(stream) {
      return new Promise((resolve, reject) => {
        let isWelcome = false;
        const opened = openLine<FromDoor, FromEngine>(stream, {
          heard(entry) {
            onHeard?.();
            if (isWelcome) return hear(entry);
            if (entry[0] === 'refused') return reject(new LinkRefused(entry[1]));
            if (entry[0] !== 'welcome') return hear(entry);
            const [, at, timeScale, keeps, itsEpoch, count, about] = entry;
            if (itsEpoch < epoch || line !== undefined) {
              // It does not know yet that another one leads.
              stream.destroy();
              return;
            }
            isWelcome = true;
            tellOfClock(about.clock - wallClock(), (difference) => onClock?.(difference));
            epoch = itsEpoch;
            isAlone = count === 1;
            leave = () => stream.destroy();
            keepsSessions = keeps;
            clock = makeClock(timeScale, Math.max(at, wasWelcome ? clock.now() : 0));
            if (wasWelcome) handOver();
            wasWelcome = true;
            // Of an engine of before; this one says what it wants.
            onWanted?.(undefined);
            line = opened;
            opened.say(['interests', [...interests.all()]]);
            opened.say(['keepers', hasKeepers]);
            for (const group of groups) opened.say(['group', group, true]);
            for (const said of waiting) {
              if ('topic' in said) sayWritten(said, opened);
              else if (said[0] !== 'group' && said[0] !== 'keepers') opened.say(said);
            }
            waiting = [];
            resolve();
          },
          heardBytes(kind, id, name, bytes) {
            onHeard?.();
            if (isWelcome) hearBytes(kind, id, name, bytes);
          },
          ended(reason) {
            if (isWelcome) lost();
            else reject(new Error('the engine ended the link before it answered', { cause: reason }));
          },
        });
        things.clear();
        rows = [];
        const hello = [
          'hello',
          linkVersion,
          door,
          hears,
          !wasWelcome,
          generation,
          { identity, clock: wallClock() },
        ] as const;
        opened.say(peer === undefined ? hello : [...hello, peer]);
      });
    },
    ended: () =>
      new Promise((resolve) => {
        if (line === undefined) resolve();
        else whenEnded.push(resolve);
      }),
    detach: () => leave?.(),
    get isAttached() {
      return line !== undefined;
    },
    get epoch() {
      return epoch;
    },
    get members() {
      return members;
    },
    get isComplete() {
      return isComplete;
    },
    leave() {
      if (line === undefined) return Promise.resolve();
      say(['leave']);
      return new Promise((resolve) => whenLeft.push(resolve));
    },
  };
}

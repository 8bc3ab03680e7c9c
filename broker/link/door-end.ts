/**
 * A door's end of the link to the engine: the engine's port, the store of sessions and the way to other doors, as doors know
 * them. When the link breaks, what was asked and not answered is answered with an error that says that it may have been done;
 * what is asked while there is no link waits for the next one, up to a bound. Never guesses what the engine did.
 */
import type { Duplex } from 'node:stream';
import type { EpochMs } from '../../protocol/time.ts';
import { type RequestTopic, formatJobsTopic } from '../../protocol/topics.ts';
import type { CommandOf, OperationName } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { SessionStore } from '../mqtt/kept-sessions.ts';
import type { Passage } from '../mqtt/passing.ts';
import type { Inflow } from '../net/inflow.ts';
import { tellOfClock } from './clocks.ts';
import { type Line, openLine } from './frames.ts';
import { type EffectListener, HeardByDoor, type HearingOptions } from './heard-by-door.ts';
import { Interests } from './interests.ts';
import { type FromDoor, type FromEngine, kinds, linkVersion, requestKinds } from './messages.ts';
import { Unanswered, tooMuch } from './unanswered.ts';

export interface DoorEnd {
  readonly port: ServicePort;
  /** Absent: sessions do not outlive the service. Known when the link is attached for the first time. */
  readonly sessionStore: SessionStore | undefined;
  /** Whether there is a thing of this name. */
  isThing(name: string): boolean;
  readonly passage: Passage;
  /** Held while the engine says so. */
  readonly inflow: Inflow;
  /** For whoever listens where the engine is. */
  tell(event: unknown): void;
  /** Resolves when all has come that the engine had said until now, or the link has broken. */
  heardAll(): Promise<void>;
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

/** What a device has asked, as it was written. */
interface WrittenRequest {
  readonly id: number;
  readonly topic: RequestTopic;
  readonly payload: Buffer | string;
}

/** Service time from an instant on, at a rate. */
export type MakeClock = (timeScale: number, notBefore: EpochMs) => { now(): EpochMs };

export interface DoorEndOptions extends HearingOptions {
  /** Whether it has clients; default: yes. Whoever only asks is told of nothing. */
  readonly hears?: boolean;
  /** Where other doors hand clients on to this one. */
  readonly peer?: string;
  /** Whatever the engine says; it says something at least as often as it beats. */
  readonly onHeard?: () => void;
  /** Region and account, for people; absent: whatever the engine has. */
  readonly identity?: string | undefined;
  /** The clock of the engine's machine differs from this one's; in words. */
  readonly onClock?: (difference: string) => void;
  /** Default: that of this machine. */
  readonly wallClock?: () => EpochMs;
}

type Welcome = FromEngine & readonly ['welcome', ...unknown[]];

export function createDoorEnd(
  door: number,
  makeClock: MakeClock,
  { hears = true, peer, onHeard, identity, onClock, wallClock = Date.now, ...hearing }: DoorEndOptions = {},
): DoorEnd {
  let line: Line<FromDoor> | undefined;
  let clock = makeClock(1, 0);
  /** Said while there was no link. What the engine has to know after each new one is not among it. */
  let waiting: (FromDoor | WrittenRequest)[] = [];
  let hasKeepers = false;
  const interests = new Interests();
  const groups = new Set<string>();
  let keepsSessions = false;
  let wasWelcome = false;
  let epoch = 0;
  /** There is no other door. */
  let isAlone = false;
  let leave: (() => void) | undefined;
  const whenEnded: (() => void)[] = [];
  const unanswered = new Unanswered();
  const dropUnsaidRows = (): void => {
    waiting = waiting.filter((said) => 'topic' in said || (said[0] !== 'keep' && said[0] !== 'settle'));
  };
  const heard = new HeardByDoor(door, unanswered, say, dropUnsaidRows, hearing);

  function say(entry: FromDoor): void {
    if (line === undefined) waiting.push(entry);
    else line.say(entry);
  }

  function lost(): void {
    line = undefined;
    unanswered.interrupt(clock.now());
    for (const resolve of whenEnded.splice(0)) resolve();
    heard.lost();
  }

  /** The engine takes this door, and is told what it has to know of it. */
  function welcomed(opened: Line<FromDoor>, [, at, timeScale, keeps, itsEpoch, count, about]: Welcome): void {
    tellOfClock(about.clock - wallClock(), (difference) => onClock?.(difference));
    epoch = itsEpoch;
    isAlone = count === 1;
    keepsSessions = keeps;
    clock = makeClock(timeScale, Math.max(at, wasWelcome ? clock.now() : 0));
    if (wasWelcome) heard.handOver();
    // Of an engine of before; this one says what it wants.
    hearing.onWanted?.(undefined);
    heard.inflow.hold(false);
    line = opened;
    opened.say(['interests', [...interests.all()]]);
    opened.say(['keepers', hasKeepers]);
    for (const group of groups) opened.say(['group', group, true]);
    if (wasWelcome) opened.say(['told', [...heard.told.all()]]);
    wasWelcome = true;
    for (const said of waiting) {
      if ('topic' in said) sayRequest(opened, said.id, said.topic, said.payload);
      else opened.say(said);
    }
    waiting = [];
  }

  const port: ServicePort = {
    takeWritten(topic, payload, answer) {
      if (unanswered.isFull) {
        answer(tooMuch);
        return;
      }
      const id = unanswered.request(answer);
      if (line === undefined)
        waiting.push({ id, topic, payload: typeof payload === 'string' ? payload : Buffer.from(payload) });
      else sayRequest(line, id, topic, payload);
    },
    submit(command, answer) {
      if (unanswered.isFull) answer(tooMuch, clock.now());
      else {
        const id = unanswered.command(answer as Parameters<Unanswered['command']>[0]);
        say(['ask', id, command.name, command.request as CommandOf<OperationName>['request']]);
      }
    },
    onEffect(tell, foresee) {
      const listener: EffectListener = { tell, ...(foresee && { foresee }) };
      heard.listeners = [...heard.listeners, listener];
      return () => {
        heard.listeners = heard.listeners.filter((other) => other !== listener);
      };
    },
    now: () => clock.now(),
  };

  const store: SessionStore = {
    *rows() {
      yield* heard.takeRows();
    },
    keep: (change) => say(['keep', change]),
    kept: () => unanswered.keeping((id) => say(['settle', id])),
  };

  const passage: Passage = {
    keepers(any) {
      hasKeepers = any;
      line?.say(['keepers', any]);
    },
    pass(message) {
      if (!isAlone) say(['pass', message]);
    },
    interest(interest, has, known) {
      interests.set(interest, has);
      if (!has && typeof interest === 'object') heard.told.forget(interest.thing);
      // The next engine hears all of them, and until then nobody says anything.
      if (line === undefined) known?.();
      else if (known === undefined) line.say(['interest', interest, has]);
      else line.say(['interest', interest, has, unanswered.interest(known)]);
    },
    group(name, has) {
      if (has) groups.add(name);
      else groups.delete(name);
      line?.say(['group', name, has]);
    },
    onPassed(take) {
      heard.takers = [...heard.takers, take];
    },
  };

  return {
    port,
    get sessionStore() {
      return keepsSessions ? store : undefined;
    },
    inflow: heard.inflow,
    isThing: (name) => heard.things.has(name),
    passage,
    tell: (event) => say(['tell', event]),
    async heardAll() {
      if (line !== undefined) await unanswered.keeping((id) => say(['settle', id])).catch(() => {});
    },
    attach(stream) {
      return new Promise((resolve, reject) => {
        let isWelcome = false;
        const opened = openLine<FromDoor, FromEngine>(stream, {
          keepsBytes: true,
          heard(entry) {
            onHeard?.();
            if (entry[0] === 'refused') return reject(new LinkRefused(entry[1]));
            if (entry[0] !== 'welcome') return heard.hear(entry);
            if (entry[4] < epoch || line !== undefined) {
              // It does not know yet that another one leads.
              stream.destroy();
              return;
            }
            isWelcome = true;
            leave = () => stream.destroy();
            welcomed(opened, entry);
            resolve();
          },
          heardBytes(kind, id, name, bytes) {
            onHeard?.();
            if (isWelcome) heard.hearBytes(kind, id, name, bytes);
          },
          heardAbout(kind, id, thing, _job, bytes, start, until) {
            onHeard?.();
            if (isWelcome) heard.hearAbout(kind, id, thing, bytes.subarray(start, until));
          },
          ended(reason) {
            if (isWelcome) lost();
            else reject(new Error('the engine ended the link before it answered', { cause: reason }));
          },
        });
        heard.beginAnew();
        const about = { identity, clock: wallClock() };
        const hello = ['hello', linkVersion, door, hears, !wasWelcome, heard.generation, about] as const;
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
      return heard.members;
    },
    get isComplete() {
      return heard.isComplete;
    },
    leave() {
      if (line === undefined) return Promise.resolve();
      say(['leave']);
      return heard.whenLeft();
    },
  };
}

function sayRequest(line: Line<FromDoor>, id: number, topic: RequestTopic, payload: Buffer | string): void {
  const { thingName, operation, jobId = '', namespaceId } = topic;
  if (namespaceId === undefined) line.sayAbout(requestKinds[operation], id, thingName, jobId, payload);
  else line.sayBytes(kinds.request, id, formatJobsTopic(topic), payload);
}

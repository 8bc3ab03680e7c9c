/**
 * What the clients of a door may have missed, because an engine ended between keeping a change and telling of it: the next engine hears
 * from each door what was told last, compares that with what is pending now, and tells again what differs. AWS may tell twice, and so
 * may this; what was told is not told again. Source: docs/reference/notifications.md §1 (N1, N2).
 */
import type { Effect } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { type Interest, kindsOfThing } from '../mqtt/subscription-index.ts';
import type { LinkedDoor } from './linked-door.ts';
import { kinds } from './messages.ts';
import { type ToldOn, type ToldOfThing, byThing, nothingPending, pendingIn } from './told.ts';

/** Calls `tell` for each message that tells of an effect. */
export type Announce = (effect: Effect, tell: (topic: string, writePayload: () => string | Buffer) => void) => void;

/** So many things are looked at in one turn of the event loop. */
const thingsPerTurn = 200;
const nothingTold: ToldOfThing = { byTopic: new Map(), namespaces: new Map() };
const ofJobs = kindsOfThing.notify | kindsOfThing['notify-next'];

export class TellingAgain {
  readonly #port: ServicePort;
  readonly #announce: Announce;
  readonly #things: () => Iterable<string>;

  /** @param things names of all that there are */
  constructor(port: ServicePort, announce: Announce, things: () => Iterable<string>) {
    this.#port = port;
    this.#announce = announce;
    this.#things = things;
  }

  /** Somebody at this door is interested from now on, and asks for what is pending by itself: that counts as told. */
  begin({ line }: LinkedDoor, interest: Interest): void {
    if (typeof interest === 'string' || (interest.about & ofJobs) === 0) return;
    this.#describe(interest.thing, [], (effects) => {
      const told: ToldOn[] = [];
      for (const effect of effects) {
        const pending = pendingIn(effect);
        if (pending !== nothingPending) this.#announce(effect, (topic) => void told.push([topic, pending]));
      }
      if (told.length > 0) line.say(['told', told]);
    });
  }

  /** @param told what was told last at this door, by whichever engine */
  compare(door: LinkedDoor, told: readonly ToldOn[]): void {
    const known = byThing(told);
    const all = door.interests.wantsAllThings ? new Set([...this.#things(), ...known.keys()]) : door.interests.things();
    this.#goOn(door, known, all[Symbol.iterator]());
  }

  #goOn(door: LinkedDoor, known: ReadonlyMap<string, ToldOfThing>, things: Iterator<string>): void {
    for (let looked = 0; looked < thingsPerTurn; looked += 1) {
      const next = things.next();
      if (next.done === true) return;
      this.#compareThing(door, next.value, known.get(next.value) ?? nothingTold);
    }
    setImmediate(() => this.#goOn(door, known, things));
  }

  #compareThing({ line, interests }: LinkedDoor, thing: string, { byTopic, namespaces }: ToldOfThing): void {
    this.#describe(thing, [...namespaces.keys()], (effects) => {
      for (const effect of effects) {
        if (!interests.wants(effect)) continue;
        const pending = pendingIn(effect);
        this.#announce(withJobs(effect, namespaces), (topic, writePayload) => {
          if ((byTopic.get(topic) ?? nothingPending) === pending) return;
          line.sayBytes(kinds.message, pending, topic, writePayload());
        });
      }
    });
  }

  #describe(thingName: string, namespaceIds: readonly string[], tell: (effects: readonly Effect[]) => void): void {
    this.#port.submit({ name: 'jobrig:DescribeNotifications', request: { thingName, namespaceIds } }, (reply) => {
      if (reply.accepted) tell(reply.response.effects);
    });
  }
}

/** The documented form of a topic names a job, also one that is pending no more. */
function withJobs(effect: Effect, namespaces: ToldOfThing['namespaces']): Effect {
  if (effect.kind !== 'notify' || effect.namespaceId === undefined) return effect;
  const jobs = namespaces.get(effect.namespaceId) ?? [];
  return { ...effect, changedJobIds: [...new Set([...effect.changedJobIds, ...jobs])] };
}

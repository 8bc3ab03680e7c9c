/**
 * What of the service a door is to be told: effects of the things whose clients it has, awake or asleep, and of nothing else. Of a
 * door that has not said it yet, everything. Both ends of a link keep it: the door to say it again to the next engine.
 */
import type { Effect } from '../engine/contract.ts';
import { type Interest, kindsOfThing } from '../mqtt/subscription-index.ts';

const thingsPrefix = '$aws/things/';

export class Interests {
  readonly #things = new Map<string, number>();
  readonly #across = { events: false, everything: false };

  set(interest: Interest, has: boolean): void {
    if (typeof interest === 'string') this.#across[interest] = has;
    else if (has) this.#things.set(interest.thing, interest.about);
    else this.#things.delete(interest.thing);
  }

  /** This as well, whatever there is. */
  add(interest: Interest): void {
    if (typeof interest === 'string') this.#across[interest] = true;
    else this.#things.set(interest.thing, (this.#things.get(interest.thing) ?? 0) | interest.about);
  }

  /** All of it, to be {@link add}ed elsewhere. */
  *all(): Generator<Interest> {
    for (const about of ['events', 'everything'] as const) if (this.#across[about]) yield about;
    for (const [thing, about] of this.#things) yield { thing, about };
  }

  /** There is somebody who hears of whatever thing there is. */
  get wantsAllThings(): boolean {
    return this.#across.everything;
  }

  /** Of whose clients, or of whom by name, somebody here hears. */
  things(): Iterable<string> {
    return this.#things.keys();
  }

  wants(effect: Effect): boolean {
    switch (effect.kind) {
      case 'notify':
      case 'notify-next':
        return this.#across.everything || this.#isAbout(effect.thingName, kindsOfThing[effect.kind]);
      case 'event':
        return this.wantsTopic(effect.topic);
      case 'principal':
        return true;
    }
  }

  /** @param topic of a message of the service that is no notification of Jobs */
  wantsTopic(topic: string): boolean {
    const { events, everything } = this.#across;
    if (everything) return true;
    if (!topic.startsWith(thingsPrefix)) return events;
    const end = topic.indexOf('/', thingsPrefix.length);
    return this.#isAbout(topic.slice(thingsPrefix.length, end === -1 ? undefined : end), kindsOfThing.event);
  }

  #isAbout(thing: string, bit: number): boolean {
    return ((this.#things.get(thing) ?? 0) & bit) !== 0;
  }
}

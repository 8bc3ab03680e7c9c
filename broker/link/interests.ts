/**
 * What of the service a door is to be told: effects of the things whose clients it has, awake or asleep, and of nothing else. Of a
 * door that has not said it yet, everything. Both ends of a link keep it: the door to say it again to the next engine.
 */
import type { Effect } from '../engine/contract.ts';
import type { Interest } from '../mqtt/subscription-index.ts';

const thingsPrefix = '$aws/things/';

export class Interests {
  readonly #things = new Set<string>();
  readonly #across = { events: false, everything: false };

  set(interest: Interest, has: boolean): void {
    if (typeof interest === 'string') this.#across[interest] = has;
    else if (has) this.#things.add(interest.thing);
    else this.#things.delete(interest.thing);
  }

  /** All of it, to be {@link set} elsewhere. */
  *all(): Generator<Interest> {
    for (const about of ['events', 'everything'] as const) if (this.#across[about]) yield about;
    for (const thing of this.#things) yield { thing };
  }

  wants(effect: Effect): boolean {
    switch (effect.kind) {
      case 'notify':
      case 'notify-next':
        return this.#across.everything || this.#things.has(effect.thingName);
      case 'event':
        return this.wantsTopic(effect.topic);
      case 'principal':
        return true;
    }
  }

  /** @param topic of a message of the service */
  wantsTopic(topic: string): boolean {
    const { events, everything } = this.#across;
    if (everything) return true;
    if (!topic.startsWith(thingsPrefix)) return events;
    const end = topic.indexOf('/', thingsPrefix.length);
    return this.#things.has(topic.slice(thingsPrefix.length, end === -1 ? undefined : end));
  }
}

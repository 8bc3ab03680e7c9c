/**
 * Which clients are connected and which thing each is, by what the doors say, whether or not somebody looks; and what else a door
 * says of them, for the page. Where a run tells what its devices do, the doors' word is not told beside it.
 */
import type { Observation } from '../../observation/observation.ts';
import type { HttpDoorEvent } from '../http/door-events.ts';
import type { MqttDoorEvent } from '../mqtt/door-events.ts';
import { everyThing, noThing, undecided } from '../mqtt/identity.ts';
import type { RemarkCode } from './contract.ts';
import type { Receivers } from './sights.ts';

type EventOf<Kind extends (MqttDoorEvent | HttpDoorEvent)['kind']> = (MqttDoorEvent | HttpDoorEvent) & {
  readonly kind: Kind;
};

export interface ClientsOptions extends Receivers {
  readonly isThing: (name: string) => boolean;
  readonly isToldByRun: () => boolean;
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #known = new Map<string, { name: string; protocol: string }>();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  heard(event: MqttDoorEvent | HttpDoorEvent): void {
    switch (event.kind) {
      case 'connected':
        return this.#connected(event);
      case 'identified': {
        const client = this.#known.get(event.clientId);
        if (client === undefined) return;
        if (client.name !== event.thingName) this.#options.fold()?.rename(client.name, event.thingName);
        client.name = event.thingName;
        return;
      }
      case 'disconnected':
        return this.#disconnected(event);
      case 'subscribed': {
        const name = this.#toldOf(event.clientId);
        if (name === undefined) return;
        const { filters } = event;
        const granted = filters.filter(({ qos }) => qos !== undefined).map(({ filter }) => filter);
        this.#options.fold()?.entry(name)?.subscribed(granted);
        return this.#note(name, { kind: 'subscribed', filters });
      }
      case 'called':
        return this.#called(event);
      case 'malformed-json':
        return this.#remark(event.clientId, 'not-json');
      case 'subscription-denied':
        this.#remark(event.clientId, 'denied-subscription');
        return this.#refused(event.clientId, 'subscribe', event.filter, event.message);
      case 'publish-refused':
        this.#remark(event.clientId, 'refused-publish');
        return this.#refused(event.clientId, 'publish', event.topic, event.message);
    }
  }

  /** Shows those that were connected before anybody looked. */
  showAll(): void {
    for (const [clientId, { name }] of this.#known) {
      if (name !== clientId || this.#options.isThing(name)) this.#arrived(clientId, false);
    }
  }

  #connected({ clientId, principal, client, sessionPresent }: EventOf<'connected'>): void {
    const isThing = principal !== everyThing && principal !== noThing && principal !== undecided;
    this.#known.set(clientId, { name: isThing ? principal : clientId, protocol: client.protocol });
    // A client that may act for all, or for none, is no device, unless there is a thing of its name.
    if (isThing || principal === undecided || this.#options.isThing(clientId)) this.#arrived(clientId, sessionPresent);
  }

  #arrived(clientId: string, sessionPresent: boolean): void {
    const client = this.#known.get(clientId);
    const fold = this.#options.fold();
    if (client === undefined || fold === undefined) return;
    fold.touch(client.name)?.connected(client.protocol);
    if (!this.#options.isToldByRun()) this.#note(client.name, { kind: 'connected', sessionPresent });
  }

  #disconnected({ clientId, how, message }: EventOf<'disconnected'>): void {
    const client = this.#known.get(clientId);
    if (client === undefined || how === 'taken-over') return;
    this.#known.delete(clientId);
    const fold = this.#options.fold();
    if (fold?.find(client.name) === undefined) return;
    fold.touch(client.name)?.disconnected();
    if (this.#options.isToldByRun()) return;
    const end = how === 'goodbye' ? 'by-device' : how === 'lost' ? 'lost' : 'by-service';
    this.#note(client.name, { kind: 'disconnected', end, ...(message !== undefined && { reason: message }) });
  }

  #called({ thingName, request, error }: EventOf<'called'>): void {
    const fold = this.#options.fold();
    if (request === undefined || thingName === undefined || fold === undefined) return;
    const { operation, jobId, body } = request;
    const { status } = body;
    // Over HTTP an answer cannot be mistaken for another.
    fold.asked(thingName, operation, jobId, { hasToken: true, ...(status && { status }) });
    this.#note(thingName, { kind: 'sent', request, via: 'http' });
    if (error === undefined) return;
    const reason = `${error.exception}: ${error.message}`;
    this.#note(thingName, { kind: 'refused', what: 'request', topic: operation, reason });
  }

  /** Of a client that is shown, by what the door sees of it. */
  #toldOf(clientId: string): string | undefined {
    const name = this.#known.get(clientId)?.name;
    if (name === undefined || this.#options.fold()?.find(name) === undefined) return undefined;
    return this.#options.isToldByRun() ? undefined : name;
  }

  #remark(clientId: string, code: RemarkCode): void {
    const name = this.#known.get(clientId)?.name;
    if (name !== undefined) this.#options.fold()?.find(name)?.remark(code);
  }

  #refused(clientId: string, what: 'subscribe' | 'publish', topic: string, reason: string): void {
    const name = this.#toldOf(clientId);
    if (name !== undefined) this.#note(name, { kind: 'refused', what, topic, reason });
  }

  #note(thingName: string, seen: SeenAtDoor): void {
    this.#options.note(thingName, { ...seen, at: 0, source: 'wire', thingName });
  }
}

/** An observation without when, by whom and about whom. */
type SeenAtDoor = Observation extends infer One
  ? One extends Observation
    ? Omit<One, 'at' | 'source' | 'thingName'>
    : never
  : never;

/**
 * The one stream of what happens at a running service, for its log, its metrics and its live page: events of the doors, and
 * the same as observations for whoever looks. Who listens may come and go; nothing is put together for nobody.
 */
import type { ConnectionEnd, Kind, Observation, ObservationOf } from '../observation/observation.ts';
import { show } from '../observation/observers.ts';
import type { Watchers } from '../observation/watchers.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { HttpDoorEvent } from './http/door-events.ts';
import type { Ending, MqttDoorEvent } from './mqtt/door-events.ts';
import { everyThing, noThing, undecided } from './mqtt/identity.ts';

export type ServiceEvent = MqttDoorEvent | HttpDoorEvent;
export type ServiceEventListener = (event: ServiceEvent) => void;

/** Hands events on to whoever listens now, in the order in which they came. */
export class ServiceEvents {
  /** How often each kind has happened since the start. */
  readonly counts = new Map<ServiceEvent['kind'], number>();
  #listeners: readonly ServiceEventListener[] = [];
  #observe: ServiceEventListener | undefined;

  /** Told first of everything, and no listener of anybody's. */
  observeBy(observe: ServiceEventListener): void {
    this.#observe = observe;
  }

  /** @returns ends it. */
  add(hear: ServiceEventListener): () => void {
    const added: ServiceEventListener = (event) => hear(event);
    this.#listeners = [...this.#listeners, added];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== added);
    };
  }

  readonly tell: ServiceEventListener = (event) => {
    // A bug must not be seen by the caller alone.
    if ('stack' in event && this.#listeners.length === 0) console.error(event.stack);
    this.counts.set(event.kind, (this.counts.get(event.kind) ?? 0) + 1);
    this.#observe?.(event);
    for (const hear of this.#listeners) hear(event);
  };
}

/** What doors tell as events, as observations: connections, subscriptions, refusals and calls. */
export function observeEvents(watchers: Watchers, now: () => EpochMs): ServiceEventListener {
  /** Which thing a connected client is, as far as it is one. */
  const things = new Map<string, string>();
  const see = <K extends Kind>(
    kind: K,
    source: 'wire' | 'operator',
    thingName: string | undefined,
    seen: Omit<ObservationOf<K>, 'kind' | 'at' | 'source' | 'thingName'>,
  ): void => {
    if (watchers.observer[kind] === undefined) return;
    show(watchers.observer, {
      kind,
      at: now(),
      source,
      ...(thingName !== undefined && { thingName }),
      ...seen,
    } as unknown as Observation);
  };
  return (event) => {
    const clientId = 'clientId' in event ? event.clientId : undefined;
    const thingName = clientId === undefined ? undefined : things.get(clientId);
    switch (event.kind) {
      case 'connected': {
        const { principal, sessionPresent, client } = event;
        const isThing = principal !== everyThing && principal !== noThing && principal !== undecided;
        if (isThing) things.set(event.clientId, principal);
        return see('connected', 'wire', isThing ? principal : undefined, { sessionPresent, client });
      }
      case 'identified':
        things.set(event.clientId, event.thingName);
        return see('identified', 'wire', event.thingName, { clientId: event.clientId });
      case 'refused':
        return see('connect-failed', 'wire', thingName, {
          reason: event.message,
          ...(clientId !== undefined && { clientId }),
        });
      case 'disconnected':
        // One that was taken over has a successor of the same name.
        if (event.how !== 'taken-over') things.delete(event.clientId);
        return see('disconnected', 'wire', thingName, {
          end: ends[event.how],
          ...(event.message !== undefined && { reason: event.message }),
        });
      case 'subscribed':
      case 'unsubscribed':
        if (event.kind === 'subscribed') return see('subscribed', 'wire', thingName, { filters: event.filters });
        return see('unsubscribed', 'wire', thingName, { filters: event.filters });
      case 'subscription-denied':
        return see('refused', 'wire', thingName, {
          what: 'subscribe',
          topic: event.filter,
          reason: inWords(event),
        });
      case 'publish-refused':
        return see('refused', 'wire', thingName, { what: 'publish', topic: event.topic, reason: inWords(event) });
      case 'malformed-json':
        return see('refused', 'wire', thingName, { what: 'request', topic: event.topic, reason: event.message });
      case 'called':
        return seeCall(event, see);
      default:
        return undefined;
    }
  };
}

type See = <K extends Kind>(
  kind: K,
  source: 'wire' | 'operator',
  thingName: string | undefined,
  seen: Omit<ObservationOf<K>, 'kind' | 'at' | 'source' | 'thingName'>,
) => void;

function seeCall(event: HttpDoorEvent & { readonly kind: 'called' }, see: See): void {
  const { operation, thingName, jobId, force, startedAt, error, request } = event;
  if (request !== undefined) return see('sent', 'wire', thingName, { request, via: 'http' });
  see('called', 'operator', thingName, {
    operation,
    ...(jobId !== undefined && { jobId }),
    ...(force && { force }),
    outcome: error?.exception ?? 'ok',
    startedAt,
  });
}

const ends: Readonly<Record<Ending, ConnectionEnd>> = {
  goodbye: 'by-device',
  lost: 'lost',
  'taken-over': 'taken-over',
  'cut-off': 'by-service',
  shutdown: 'by-service',
};

function inWords({ message, advice }: { readonly message: string; readonly advice?: string }): string {
  return advice === undefined ? message : `${message}. ${advice}`;
}

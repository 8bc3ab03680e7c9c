/**
 * Who may say what where. `$aws/…` is the service's: a client may publish requests for its own thing there and listen to what
 * concerns its own thing; everybody may listen to lifecycle events, which are for fleet monitoring. Topics without `$` are
 * nobody's business. Pure decisions; the door acts on them.
 * Source: reference mqtt-api.md §6, connection.md §3–§5, events.md, ambiguities.md A18 and A19.
 */
import { type RequestTopic, type UnknownJobsTopic, parseJobsTopic } from '../../protocol/topics.ts';
import type { Reason } from './disconnection.ts';
import { type Principal, everyThing, noThing } from './identity.ts';
import { hasWildcard } from './subscription-index.ts';

export interface Publication {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** `ordinary`: route it as any broker would. A Jobs topic: ask the service. `refused`: AWS closes the connection. */
export type PublishVerdict =
  | { readonly kind: 'ordinary' }
  | { readonly kind: 'jobs'; readonly topic: RequestTopic | UnknownJobsTopic }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly message: string };

const ordinary: PublishVerdict = { kind: 'ordinary' };

export function judgePublish(principal: Principal, { topic, qos, retain }: Publication): PublishVerdict {
  if (!topic.startsWith('$')) return ordinary;
  if (hasWildcard(topic)) return refused('topicNameInvalid', `a wildcard in ${topic}`);
  const jobsTopic = parseJobsTopic(topic);
  if (jobsTopic === undefined) return refused('notAuthorized', `nobody may publish on ${topic}`);
  if (!actsFor(principal, jobsTopic.thingName)) return refused('notAuthorized', `not its own thing: ${topic}`);
  if (jobsTopic.kind === 'reply' || jobsTopic.kind === 'notification')
    return refused('notAuthorized', `the service's own topic: ${topic}`);
  if (retain) return refused('retainNotSupported', `RETAIN on ${topic}`);
  if (qos > 1) return refused('qosNotSupported', `QoS ${qos} on ${topic}`);
  return { kind: 'jobs', topic: jobsTopic };
}

/**
 * Whether a client may subscribe. A filter below `$` has to name the client's own thing literally: whatever could match a topic
 * of another thing is refused as a whole, and so are `$SYS` and `$share`, which the broker behind this door would grant
 * and never serve. A leading wildcard is harmless, since it does not match `$` topics.
 */
export function maySubscribe(principal: Principal, filter: string): boolean {
  if (!filter.startsWith('$')) return true;
  const [space, kind, thingName, ...rest] = filter.split('/');
  if (space !== '$aws') return false;
  if (principal === everyThing || kind === 'events') return true;
  return kind === 'things' && thingName === principal && principal !== noThing && rest.length > 0;
}

/** Why a filter was not granted, to clients that can be told. */
export function whyNotGranted(principal: Principal, filter: string): Reason {
  if (filter.startsWith('$share/')) return 'sharedSubscriptionsNotSupported';
  return maySubscribe(principal, filter) ? 'quotaExceeded' : 'notAuthorized';
}

/** Whether a message on a `$aws` topic concerns this client; the last look before it leaves, stored messages included. */
export function mayReceive(principal: Principal, topic: string): boolean {
  if (principal === everyThing || topic.startsWith('$aws/events/')) return true;
  return principal !== noThing && topic.startsWith(`$aws/things/${principal}/`);
}

function actsFor(principal: Principal, thingName: string): boolean {
  return principal === everyThing || (principal !== noThing && principal === thingName);
}

function refused(reason: Reason, message: string): PublishVerdict {
  return { kind: 'refused', reason, message };
}

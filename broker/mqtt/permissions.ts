/**
 * Who may say what where. `$aws/…` is the service's: a client may publish requests for its own thing there, use the topics
 * of AWS IoT that belong to no thing, and listen to what concerns its own thing; everybody may listen to lifecycle events,
 * which are for fleet monitoring. Topics without `$` are nobody's business. Where policies are enforced, they decide about all
 * of this. Pure decisions; the door acts on them.
 * Source: reference mqtt-api.md §6, connection.md §3–§5, events.md, shadow-and-provisioning.md §6, ambiguities.md A18, A19.
 */
import { isThingName } from '../../protocol/names.ts';
import { type JobsTopic, type RequestTopic, type UnknownJobsTopic, parseJobsTopic } from '../../protocol/topics.ts';
import type { Reason } from './disconnection.ts';
import { type Principal, everyThing, noThing } from './identity.ts';
import { type ReservedTopic, parseReservedTopic } from './reserved-topics.ts';
import { hasWildcard, topicFault } from './topic-rules.ts';

export interface Publication {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** A topic on which the service is asked something. */
export type ServiceTopic = RequestTopic | UnknownJobsTopic | ReservedTopic;

export type ParsedTopic = JobsTopic | ReservedTopic | undefined;

/** `ordinary`: route it as any broker would. `service`: ask the service. `refused`: AWS closes the connection. */
export type PublishVerdict =
  | { readonly kind: 'ordinary' }
  | { readonly kind: 'service'; readonly topic: ServiceTopic }
  | {
      readonly kind: 'refused';
      readonly reason: Reason;
      readonly message: string;
      /** Another client may do it: one that is another thing, or that policies allow it. */
      readonly dependsOnWho?: true;
    };

const ordinary: PublishVerdict = { kind: 'ordinary' };

/** Actions of policies that the door asks for. */
export type PolicyAction = 'iot:Connect' | 'iot:Publish' | 'iot:RetainPublish' | 'iot:Subscribe' | 'iot:Receive';

/** Who a client is, for permissions. */
export interface Access {
  /** For whom it may act: a thing, none or all. */
  readonly acting: Principal;
  readonly clientId: string;
  /**
   * What policies allow on a resource, `topic/a/b` for instance. Present, it decides instead of the rule that a client acts
   * for one thing; what nobody may do stays forbidden.
   */
  readonly allows?: ((action: PolicyAction, resource: string) => boolean) | undefined;
}

/** What a topic is to the service, by whomever it is used; `undefined`: nothing. */
export function parseTopic(topic: string): ParsedTopic {
  return parseJobsTopic(topic) ?? parseReservedTopic(topic);
}

/** @param parsed the topic of the publication. */
export function judgePublish(access: Access, publication: Publication, parsed: ParsedTopic): PublishVerdict {
  const verdict = judgeTopic(access, publication, parsed);
  const { allows } = access;
  if (allows === undefined || verdict.kind === 'refused') return verdict;
  const resource = `topic/${publication.topic}`;
  const isAllowed = allows('iot:Publish', resource) && (!publication.retain || allows('iot:RetainPublish', resource));
  return isAllowed ? verdict : forbidden(`no policy allows it: ${publication.topic}`);
}

function judgeTopic(
  { acting: principal, clientId }: Access,
  { topic, qos, retain }: Publication,
  parsed: ParsedTopic,
): PublishVerdict {
  if (qos > 1) return refused('qosNotSupported', `QoS ${qos} on ${topic}`);
  if (!topic.startsWith('$')) {
    const fault = topicFault(topic);
    return fault === undefined ? ordinary : refused('topicNameInvalid', `${fault} in ${topic}`);
  }
  if (parsed === undefined) {
    const fault = topicFault(topic);
    return fault === undefined
      ? refused('notAuthorized', `nobody may publish on ${topic}`)
      : refused('topicNameInvalid', `${fault} in ${topic}`);
  }
  const owner = parsed.kind === 'reserved' ? parsed.parameters : parsed;
  if (owner.thingName !== undefined && !actsFor(principal, owner.thingName))
    return forbidden(`not its own thing: ${topic}`);
  if (parsed.kind === 'reply' || parsed.kind === 'notification')
    return refused('notAuthorized', `the service's own topic: ${topic}`);
  if (parsed.kind === 'reserved' && !isOwnClientId(principal, clientId, parsed.parameters['clientId']))
    return forbidden(`not its own client id: ${topic}`);
  if (retain) return refused('retainNotSupported', `RETAIN on ${topic}`);
  return { kind: 'service', topic: parsed };
}

/** What belongs to no thing: everybody may listen there, and is told only what concerns him. */
const commonSpaces: ReadonlySet<string> = new Set(['events', 'certificates', 'provisioning-templates']);

/**
 * Whether a client may subscribe. A filter below `$` has to name the client's own thing literally: whatever could match a topic
 * of another thing is refused as a whole, and so is `$SYS`. A leading wildcard is harmless, since it does not match `$`
 * topics.
 * @param filter behind `$share/NAME/`, where it is shared.
 */
export function maySubscribe({ acting: principal, clientId, allows }: Access, filter: string): boolean {
  if (isForNobody(filter)) return false;
  const [, kind = '', ...levels] = filter.split('/');
  if (allows !== undefined) return allows('iot:Subscribe', `topicfilter/${filter}`);
  if (!filter.startsWith('$')) return true;
  if (principal === everyThing || commonSpaces.has(kind)) return true;
  return isOwnSpace(principal, clientId, kind, levels);
}

/** Below `$` there is nothing but AWS's topics, e.g. no `$SYS`. */
export function isForNobody(filter: string): boolean {
  return filter.startsWith('$') && filter !== '$aws' && !filter.startsWith('$aws/');
}

/** @param levels of a topic or filter below `$aws/KIND/`. */
function isOwnSpace(principal: Principal, clientId: string, kind: string, levels: readonly string[]): boolean {
  const [first, second, third] = levels;
  switch (kind) {
    case 'things':
    case 'device_location':
      return second !== undefined && principal !== noThing && first === principal;
    case 'commands':
      if (third === undefined) return false;
      if (first === 'clients') return second === clientId && !hasWildcard(clientId);
      return first === 'things' && principal !== noThing && second === principal;
    default:
      return false;
  }
}

/** The thing for which a client speaks that uses this topic or filter, if that names one. */
export function thingNamedIn(topic: string): string | undefined {
  if (!topic.startsWith('$aws/')) return undefined;
  const [, kind, first, second] = topic.split('/', 4);
  let thing: string | undefined;
  if (kind === 'things' || kind === 'device_location') thing = first;
  else if (kind === 'commands' && first === 'things') thing = second;
  return thing !== undefined && isThingName(thing) ? thing : undefined;
}

/** A client id may look like a wildcard: a topic is compared with it, never matched. */
function isOwnClientId(principal: Principal, clientId: string, named: string | undefined): boolean {
  return named === undefined || principal === everyThing || named === clientId;
}

function actsFor(principal: Principal, thingName: string): boolean {
  return principal === everyThing || (principal !== noThing && principal === thingName);
}

function forbidden(message: string): PublishVerdict {
  return { kind: 'refused', reason: 'notAuthorized', message, dependsOnWho: true };
}

function refused(reason: Reason, message: string): PublishVerdict {
  return { kind: 'refused', reason, message };
}

/**
 * SUBSCRIBE and UNSUBSCRIBE of one client. All filters of a packet are judged before one of them counts, so that a packet that
 * closes the connection changes nothing. Subscriptions are acknowledged when what they are for comes to this door, those of a persistent
 * session when they are safe.
 * Source: docs/reference/connection.md §3 to §5, docs/reference/ambiguities.md A18, docs/reference/limits.md §5.
 */
import type { GrantedFilter } from '../../observation/observation.ts';
import type { ISubscribePacket, ISubscription, IUnsubscribePacket } from 'mqtt-packet';
import { maxTopicFiltersPerSubscribe } from '../../protocol/limits.ts';
import { Disconnection, reasonCodes } from './disconnection.ts';
import type { Qos } from './message.ts';
import { isForNobody, maySubscribe } from './permissions.ts';
import type { Connection, Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { type ParsedFilter, parseFilter } from './topic-rules.ts';
import type { ClientIdentity } from './client-identity.ts';

export interface Subscribing {
  readonly sessions: Sessions;
  readonly identity: ClientIdentity;
  /** A filter that is not permitted closes the connection. */
  readonly forbiddenCloses: boolean;
  /** The client uses a filter of the service: it may decide who it is. */
  using(filter: string): void;
  /** These filters have been granted or denied; or given back. */
  subscribed(filters: readonly GrantedFilter[]): void;
  unsubscribed(filters: readonly string[]): void;
  denied(filter: string, denied: Disconnection, closes: boolean): void;
}

export function subscribe(
  connection: Connection,
  { messageId, subscriptions, properties }: ISubscribePacket,
  context: Subscribing,
): void {
  if (properties?.subscriptionIdentifier !== undefined) {
    throw new Disconnection('subscriptionIdentifiersNotSupported', 'a subscription identifier');
  }
  if (subscriptions.length === 0) throw new Disconnection('protocolError', 'a SUBSCRIBE without a filter');
  if (subscriptions.length > maxTopicFiltersPerSubscribe) {
    const count = `${subscriptions.length} filters in a SUBSCRIBE, of which ${maxTopicFiltersPerSubscribe} are allowed`;
    throw new Disconnection('quotaExceeded', count);
  }
  const judged = subscriptions.map((subscription) => judge(subscription, context));
  const { session, stream } = connection;
  const retained: (() => void)[] = [];
  const filters: GrantedFilter[] = [];
  const granted = subscriptions.map((subscription, index) => {
    const filter = judged[index]!;
    const outcome = filter instanceof Disconnection ? filter : grant(session, subscription, filter, context, retained);
    if (typeof outcome === 'number') {
      filters.push({ filter: subscription.topic, qos: outcome });
      return outcome;
    }
    filters.push({ filter: subscription.topic });
    return stream.version === 5 ? reasonCodes[outcome.reason] : reasonCodes.unspecified;
  });
  acknowledge(connection, stream.encode({ cmd: 'suback', messageId, granted }), context.sessions, retained);
  context.subscribed(filters);
}

export function unsubscribe(
  connection: Connection,
  { messageId, unsubscriptions }: IUnsubscribePacket,
  context: Subscribing,
): void {
  const { sessions } = context;
  if (unsubscriptions.length === 0) throw new Disconnection('protocolError', 'an UNSUBSCRIBE without a filter');
  const granted = unsubscriptions.map((filter) =>
    sessions.unsubscribe(connection.session, filter) ? 0 : reasonCodes.noSubscriptionExisted,
  );
  acknowledge(connection, connection.stream.encode({ cmd: 'unsuback', messageId, granted }), sessions, []);
  context.unsubscribed(unsubscriptions);
}

/** @returns the filter, or why it alone is not granted. @throws Disconnection for what closes the connection. */
function judge({ topic: text, qos }: ISubscription, context: Subscribing): ParsedFilter | Disconnection {
  const { identity } = context;
  const deny = (refusal: Disconnection): never => {
    context.denied(text, refusal, true);
    throw refusal;
  };
  const filter = parseFilter(text);
  if (typeof filter === 'string') return deny(new Disconnection('topicFilterInvalid', `${filter}: ${text}`));
  if (qos > 1) deny(new Disconnection('qosNotSupported', `QoS 2 for ${text}`, 'AWS has QoS 0 and 1.'));
  context.using(filter.filter);
  if (maySubscribe(identity, filter.filter)) return filter;
  const refusal = isForNobody(filter.filter)
    ? new Disconnection('notAuthorized', `subscribe refused: no client may, the service has nothing there: ${text}`)
    : new Disconnection('notAuthorized', `subscribe refused: ${text}`, identity.advice);
  if (context.forbiddenCloses) deny(refusal);
  context.denied(text, refusal, false);
  return refusal;
}

/** What nearly all filters have, for all of them. */
const onlyQos = [{ qos: 0 }, { qos: 1 }] as const;

function grant(
  session: Session,
  { topic: text, qos: asked, nl: noLocal, rap: retainAsPublished, rh: retainHandling = 0 }: ISubscription,
  filter: ParsedFilter,
  context: Subscribing,
  retained: (() => void)[],
): Qos | Disconnection {
  const { sessions } = context;
  const qos = asked === 1 ? 1 : 0;
  const isNew = !session.filters.all.has(text);
  const options =
    noLocal || retainAsPublished
      ? ({ qos, ...(noLocal && { noLocal }), ...(retainAsPublished && { retainAsPublished }) } as const)
      : onlyQos[qos];
  if (noLocal && filter.shareName !== undefined) throw new Disconnection('protocolError', `No Local for ${text}`);
  if (!sessions.subscribe(session, text, filter, options)) {
    const refusal = new Disconnection('quotaExceeded', `more subscriptions than a connection may have: ${text}`);
    context.denied(text, refusal, false);
    return refusal;
  }
  if ((retainHandling === 0 || (retainHandling === 1 && isNew)) && sessions.routing.hasRetained(filter)) {
    retained.push(() => sessions.routing.sendRetained(session, filter, qos));
  }
  return qos;
}

function acknowledge(
  { session, outbox }: Connection,
  packet: Buffer,
  sessions: Sessions,
  then: readonly (() => void)[],
): void {
  outbox.hold();
  outbox.send(packet);
  for (const act of then) act();
  if (session.keepsMessages) {
    outbox.hold();
    sessions.releaseWhenKept(outbox);
  }
  sessions.releaseWhenHeard(outbox);
}

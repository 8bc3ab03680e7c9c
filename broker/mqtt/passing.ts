/**
 * Ordinary messages that go from the clients of one door to those of another, where a service has several. The door delivers to
 * its own clients and passes the message on; of a group that shares a subscription the message goes to one member in all, so
 * each message says which groups are served already, or are to be served where it comes to.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { Message, Qos } from './message.ts';
import type { Interest } from './subscription-index.ts';

export interface PassedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  readonly qos: Qos;
  readonly retain: boolean;
  /** Base64, as MQTT 5 writes them. */
  readonly properties?: string;
  readonly expiresAt?: EpochMs;
  /** From a door: those that it has served. To a door: those that it is to serve. */
  readonly groups: readonly string[];
}

/** The way to the other doors. */
export interface Passage {
  pass(message: PassedMessage): void;
  /** Whether there are persistent sessions at this door, for which effects are kept together with what they come from. */
  keepers(any: boolean): void;
  /**
   * There are clients at this door, awake or asleep, that are to be told of this, or none any more: of nothing else is it told.
   * @param known called once what the service says from now on comes here; present where there are.
   */
  interest(interest: Interest, has: boolean, known?: () => void): void;
  /** There are members of this group at this door, or none any more. */
  group(name: string, has: boolean): void;
  /** Calls `take` for every message that comes from another door. */
  onPassed(take: (message: PassedMessage) => void): void;
}

export function toPass(message: Message, groups: readonly string[]): PassedMessage {
  const { topic, payload, qos, retain, properties, expiresAt } = message;
  const encoding = typeof payload === 'string' ? 'utf8' : 'base64';
  return {
    topic,
    payload: typeof payload === 'string' ? payload : payload.toString(encoding),
    encoding,
    qos,
    retain,
    ...(properties && { properties: properties.toString('base64') }),
    ...(expiresAt !== undefined && { expiresAt }),
    groups,
  };
}

export function fromPassed({ topic, payload, encoding, qos, retain, properties, expiresAt }: PassedMessage): Message {
  return {
    topic,
    payload: Buffer.from(payload, encoding),
    qos,
    retain,
    ...(properties !== undefined && { properties: Buffer.from(properties, 'base64') }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

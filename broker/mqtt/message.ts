/**
 * A message on its way to clients, in the terms of both versions of MQTT. Immutable, so that it can wait in several queues.
 * Source: MQTT 3.1.1 §3.3, MQTT 5 §3.3; expiry: docs/reference/limits.md §5.
 */
import type { EpochMs } from '../../protocol/time.ts';

/** AWS's broker has no QoS 2. */
export type Qos = 0 | 1;

export interface Message {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Of MQTT 5, as they stand on the wire, without length and without the expiry. */
  readonly properties?: Buffer;
  /** For who asked, whatever it may hear. */
  readonly isReply?: true;
  /** By the wall clock. From then on nobody is given it. */
  readonly expiresAt?: EpochMs;
}

export function isExpired({ expiresAt }: Message): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

/** The same message as one of its receivers gets it. */
export function asDelivered(message: Message, qos: Qos, retain: boolean): Message {
  return message.qos === qos && message.retain === retain ? message : { ...message, qos, retain };
}

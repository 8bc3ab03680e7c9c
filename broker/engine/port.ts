/**
 * What a door sees of the service: submit a command, get one reply; listen for effects. The runtime behind it keeps the
 * one clock and the one engine, makes changes durable before a reply leaves, and performs effects after the reply, so
 * that a device reads accepted → notify → notify-next in that order.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { RequestTopic } from '../../protocol/topics.ts';
import type { CommandOf, Effect, OperationName, Rejected, Reply, ResponseOf } from './contract.ts';

/** An answer to a device, as it is to be sent. */
export interface WrittenAnswer {
  readonly accepted: boolean;
  readonly payload: string | Buffer;
  /** Why the request was no JSON object, where it was none. */
  readonly unreadable?: string;
}

/**
 * Takes a device's request as it was written. `answer` is called once, with what is to be sent, or with a refusal that the caller
 * writes: the request was not read.
 * @param payload valid during the call only; ASCII may come as text
 */
export type TakeWritten = (
  topic: RequestTopic,
  payload: Buffer | string,
  answer: (answer: WrittenAnswer | Rejected) => void,
) => void;

export interface ServicePort {
  /**
   * Applies the command now; calls `answer` exactly once, in the order of submission: in the same turn when nothing has
   * to become durable, later in a durable service.
   */
  submit<Name extends OperationName>(
    command: CommandOf<Name>,
    answer: (reply: Reply<ResponseOf<Name>>, at: EpochMs) => void,
  ): void;
  /**
   * Calls `tell` for every effect, in order, after the reply that it follows. Where something has to become durable first,
   * `foresee` is called before, as soon as the effect is certain: what a listener keeps then is kept together with what
   * the effect came from. Returns how to stop listening.
   */
  onEffect(tell: (effect: Effect) => void, foresee?: (effect: Effect) => void): () => void;
  /** Present where the engine is elsewhere: what a device asks is read, and its answer written, where the engine is. */
  readonly takeWritten?: TakeWritten;
  /** Service time, which may run faster than the wall clock. */
  now(): EpochMs;
}

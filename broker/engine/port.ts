/**
 * What a door sees of the service: submit a command, get one reply; listen for effects. The runtime behind it keeps the
 * one clock and the one engine, makes changes durable before a reply leaves, and performs effects after the reply, so
 * that a device reads accepted → notify → notify-next in that order.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { CommandOf, Effect, OperationName, Reply, ResponseOf } from './contract.ts';

export interface ServicePort {
  /**
   * Applies the command now; calls `answer` exactly once, in the order of submission: in the same turn when nothing has
   * to become durable, later in a durable service.
   */
  submit<Name extends OperationName>(
    command: CommandOf<Name>,
    answer: (reply: Reply<ResponseOf<Name>>, at: EpochMs) => void,
  ): void;
  /** Calls `listener` for every effect, in order, after the reply that it follows. Returns how to stop listening. */
  onEffect(listener: (effect: Effect) => void): () => void;
  /** Service time, which may run faster than the wall clock. */
  now(): EpochMs;
}

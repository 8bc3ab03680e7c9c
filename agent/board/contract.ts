/**
 * One device as one machine: hardware (`agent/device`) with the job agent (`agent/core`) flashed on it. Pure: what
 * happened and the time go in, what the device does to the outside comes out, and one deadline says when it wants to be
 * woken. A live driver puts sockets and a clock around it, a simulation an event queue; neither knows how it works inside.
 *
 * Messages are objects, not text: `protocol/device-messages.ts` turns them into topics and bytes where there is a wire.
 */
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { GrantedFilter } from '../../observation/observation.ts';

/** What non-volatile memory held is gone, or reads as what was there before it. */
export interface MemoryFault {
  readonly what: 'checkpoint' | 'loader-record';
  readonly how: 'lose' | 'tear';
}

export type BoardInput =
  | { readonly kind: 'power-on' }
  /** Everything volatile is gone at once; a flash operation under way is torn. */
  | { readonly kind: 'power-cut' }
  /** From now on the supply gives so much less than its profile says: a battery runs low, or, with 0, is new. */
  | { readonly kind: 'supply-drop'; readonly byMv: number }
  /** Whether anything gets through to other machines: without it a download stands still. */
  | { readonly kind: 'network'; readonly isThere: boolean }
  | ({ readonly kind: 'memory-fault' } & MemoryFault)
  | { readonly kind: 'connected'; readonly sessionPresent: boolean }
  | { readonly kind: 'disconnected' }
  /** What came of the subscriptions asked for (SUBACK); requests may now be made. */
  | { readonly kind: 'subscribed'; readonly filters: readonly GrantedFilter[] }
  | { readonly kind: 'message'; readonly message: DeviceMessage }
  /** Of a stream, for a request for blocks. */
  | { readonly kind: 'stream'; readonly answer: StreamAnswer }
  /** The deadline that {@link Board.nextDeadline} named has come. */
  | { readonly kind: 'wake' };

export type BoardEffect =
  | { readonly kind: 'connect' }
  /** `abruptly`: without a DISCONNECT, because the device cannot send one. */
  | { readonly kind: 'disconnect'; readonly abruptly?: true }
  | { readonly kind: 'subscribe'; readonly filters: readonly string[] }
  /** QoS 1. */
  | { readonly kind: 'request'; readonly request: DeviceRequest }
  /** QoS 0. Whatever has to be subscribed to for the answer is the transport's matter. */
  | { readonly kind: 'ask-blocks'; readonly request: BlockRequest }
  /** For progress, timelines and triggers; nothing depends on it. `at`: when it happened, if the board was woken later. */
  | { readonly kind: 'trace'; readonly trace: DeviceTrace; readonly at: EpochMs };

export interface Board {
  readonly thingName: string;
  /** What its firmware says in CONNECT. */
  readonly keepAliveMs: DurationMs;
  /** Total and synchronous; `now` must not go back. */
  apply(input: BoardInput, now: EpochMs): readonly BoardEffect[];
  nextDeadline(): EpochMs | undefined;
  /**
   * No effect but traces comes before this instant, unless an input does. Never earlier than {@link nextDeadline}: who is not
   * interested in each end of an operation wakes the board at this one, and it catches up.
   */
  nextSign(): EpochMs | undefined;
  view(): DeviceView;
}

/**
 * A device on a link as one machine: a board with its power, its clock, both directions of its connection, its MQTT session as
 * the device sees it, and every fault of these. Pure: what the transport says and the time go in, what the transport must do
 * comes out, and one deadline says when to wake it. The virtual driver feeds it from an event queue, the live driver from a
 * socket; neither has logic of links, power or faults. What is seen is told to an observer (observation/observation.ts).
 */
import type { InstantFault, MessageFault, ThingFaults } from '../../faults/thing-faults.ts';
import type { MemoryFault } from '../board/contract.ts';
import type { Extent } from '../../faults/armed-faults.ts';
import type { Direction, HandshakeAnswer, MessageOperation } from '../../faults/plan.ts';
import type { ConnectionEnd, GrantedFilter } from '../../observation/observation.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { EpochMs } from '../../protocol/time.ts';

/** Counts the device's attempts to connect, from 1. What the transport says of an older one is ignored. */
export type ConnectionNumber = number;

/** A fault that waits for its occasion, so many times or for so long. */
export type ArmedFault =
  | (Extent &
      MessageFault & { readonly kind: 'message'; readonly direction: Direction } & {
        /** Of requests and replies; absent: all. */
        readonly operations?: readonly MessageOperation[];
      })
  /** What comes of CONNECT or SUBSCRIBE; `forMs` and `times` say how often. */
  | (Extent & { readonly kind: 'connect' | 'subscribe'; readonly answer: HandshakeAnswer });

/** Something that non-volatile memory holds is lost, or torn. */
export type StationMemoryFault = MemoryFault & { readonly kind: 'memory' };

export type StationFault = InstantFault | StationMemoryFault | ArmedFault;

export type StationInput =
  | { readonly kind: 'power-on' }
  /** Until `power-on`; ends a hold. */
  | { readonly kind: 'power-off' }
  /** What a plan has for this thing; its times count from now. */
  | { readonly kind: 'faults'; readonly faults: ThingFaults }
  /** One fault, now; while the device is held, when it is released. */
  | { readonly kind: 'fault'; readonly fault: StationFault }
  /** Every fault ends, the plan's too, and what went wrong is mended: there is power, network, a full battery. */
  | { readonly kind: 'end-faults' }
  /** Stops the device between two of its actions, its clock included: what arrives waits, nothing becomes due. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  /** The service's answer to CONNECT. */
  | {
      readonly kind: 'connack';
      readonly connection: ConnectionNumber;
      readonly sessionPresent: boolean;
    }
  | {
      readonly kind: 'suback';
      readonly connection: ConnectionNumber;
      readonly filters: readonly GrantedFilter[];
    }
  | { readonly kind: 'message'; readonly connection: ConnectionNumber; readonly message: DeviceMessage }
  | { readonly kind: 'stream'; readonly connection: ConnectionNumber; readonly answer: StreamAnswer }
  /** The connection never came up, was lost, or was closed by the other side. */
  | {
      readonly kind: 'closed';
      readonly connection: ConnectionNumber;
      readonly end: ConnectionEnd;
      readonly reason?: string;
    }
  /** The deadline has come. */
  | { readonly kind: 'wake' };

export type StationEffect =
  | { readonly kind: 'open'; readonly connection: ConnectionNumber }
  | { readonly kind: 'subscribe'; readonly connection: ConnectionNumber; readonly filters: readonly string[] }
  /** QoS 1. */
  | { readonly kind: 'publish'; readonly connection: ConnectionNumber; readonly request: DeviceRequest }
  /** QoS 0. Subscribes to the answers first, where that was not done on this connection. */
  | { readonly kind: 'ask-blocks'; readonly connection: ConnectionNumber; readonly request: BlockRequest }
  /** With a DISCONNECT, or without a word, as when power fails. The transport says nothing more of this connection. */
  | { readonly kind: 'close'; readonly connection: ConnectionNumber; readonly how: 'goodbye' | 'without-a-word' };

export interface Station {
  readonly thingName: string;
  /** Asks for a session that outlives its connections (MQTT clean=false). */
  readonly keepsSession: boolean;
  /**
   * Total and synchronous; `now` never goes back. An observer may call it in the middle of another call: that input is taken
   * next, before what was seen takes effect, and the outer call returns its effects.
   */
  apply(input: StationInput, now: EpochMs): readonly StationEffect[];
  nextDeadline(): EpochMs | undefined;
  /** Nothing that is sent over its connection arrives before this: a partition, which outlasts the end of all faults. */
  readonly heldBackUntil: EpochMs;
  view(): DeviceView;
}

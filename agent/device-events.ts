/**
 * Observations of a device as the events that were told before there were observations.
 */
import type { InjectedFault } from '../faults/thing-faults.ts';
import type { DeviceTrace } from '../observation/inside.ts';
import type { Observer } from '../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { EpochMs } from '../protocol/time.ts';

/** What happened to one device, in the time of the fleet's clock. */
export type DeviceEvent = { readonly at: EpochMs } & (
  | { readonly kind: 'sent'; readonly request: DeviceRequest }
  /** Told before the board sees the message. */
  | { readonly kind: 'received'; readonly message: DeviceMessage }
  | { readonly kind: 'trace'; readonly trace: DeviceTrace }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason?: string }
  | { readonly kind: 'power'; readonly on: boolean }
  /** Told before it takes effect; one of a message, when that is sent or has come in. */
  | { readonly kind: 'fault'; readonly fault: InjectedFault }
);

export function eventsOf(tell: (thingName: string, event: DeviceEvent) => void): Observer {
  return {
    sent: ({ thingName = '', at, request }) => tell(thingName, { kind: 'sent', at, request }),
    received: ({ thingName = '', at, message }) => tell(thingName, { kind: 'received', at, message }),
    traced: ({ thingName = '', at, trace }) => tell(thingName, { kind: 'trace', at, trace }),
    connected: ({ thingName = '', at }) => tell(thingName, { kind: 'connected', at }),
    'connect-failed': ({ thingName = '', at, reason }) => tell(thingName, { kind: 'disconnected', at, reason }),
    disconnected: ({ thingName = '', at, reason }) =>
      tell(thingName, { kind: 'disconnected', at, ...(reason !== undefined && { reason }) }),
    power: ({ thingName = '', at, on }) => tell(thingName, { kind: 'power', at, on }),
    fault: ({ thingName = '', at, name, operation }) =>
      tell(thingName, { kind: 'fault', at, fault: { name, ...(operation && { operation }) } as InjectedFault }),
  };
}

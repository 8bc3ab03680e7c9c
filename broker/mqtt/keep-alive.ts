/**
 * How long a client may be silent. aedes runs the clock: it starts one when a client connects and starts it anew with every
 * packet that it handles. Source: reference limits.md §5.
 */
import type { Client } from 'aedes';
import { keepAliveSeconds } from '../../protocol/limits.ts';

/** What AWS makes of the keep-alive that a client asks for. 0 means "never" in MQTT; AWS knows no never. */
export function keepAliveOf(seconds: number): number {
  const { min, max } = keepAliveSeconds;
  return seconds === 0 ? max : Math.min(Math.max(seconds, min), max);
}

/** Starts aedes' clock anew for a packet that aedes does not see. */
export function heardFrom(client: Client): void {
  const { _keepaliveTimer: clock } = client as Client & { readonly _keepaliveTimer: NodeJS.Timeout | null };
  clock?.refresh(); // there is none once the connection is closed
}

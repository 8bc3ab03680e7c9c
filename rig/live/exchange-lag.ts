/**
 * How late the rig itself is, as its devices feel it: the time from a request to its answer, of which the service takes none. An
 * exchange that a fault touched says nothing, nor does one of a device that was made to stand still. What took long is told of
 * its device as `lag`, so that the judge can tell a late device from a late machine.
 */
import type { ObservationOf, Observer } from '../../observation/observation.ts';
import type { DurationMs } from '../../protocol/time.ts';

export interface ExchangeLag {
  readonly observer: Observer;
  /** What this device has asked does not count. */
  forget(thingName: string): void;
  /** The longest exchange so far. */
  readonly longestMs: DurationMs;
}

/** Less is usual on any machine. */
const worthTellingMs: DurationMs = 1000;

export function watchExchanges(tell: (seen: ObservationOf<'lag'>) => void): ExchangeLag {
  /** The requests of each device that have no answer yet, by what is in both. */
  const open = new Map<string, Map<string, ObservationOf<'sent'>>>();
  let longestMs: DurationMs = 0;

  function forget(thingName: string | undefined): void {
    if (thingName !== undefined) open.delete(thingName);
  }

  return {
    observer: {
      sent(seen) {
        const { thingName = '', request } = seen;
        const own = open.get(thingName) ?? new Map<string, ObservationOf<'sent'>>();
        open.set(thingName, own);
        own.set(nameOf(request.operation, request.jobId, request.body.clientToken), seen);
      },
      received({ thingName = '', at, message }) {
        if (message.kind !== 'reply') return;
        const own = open.get(thingName);
        const name = nameOf(message.operation, message.jobId, message.payload.clientToken);
        const sent = own?.get(name);
        if (sent === undefined) return;
        own?.delete(name);
        const behindMs = at - sent.at;
        longestMs = Math.max(longestMs, behindMs);
        if (behindMs >= worthTellingMs) tell({ kind: 'lag', source: 'host', at, thingName, behindMs });
      },
      fault: ({ thingName }) => forget(thingName),
      disconnected: ({ thingName }) => forget(thingName),
      power: ({ thingName }) => forget(thingName),
    },
    forget,
    get longestMs() {
      return longestMs;
    },
  };
}

function nameOf(operation: string, jobId: string | undefined, token: unknown): string {
  return `${operation} ${jobId ?? ''} ${String(token)}`;
}

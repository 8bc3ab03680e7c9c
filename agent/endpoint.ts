/** What a fleet has to know of the endpoint that it connects to. */
import { OperationalError } from '../protocol/operational-error.ts';
import type { DurationMs } from '../protocol/time.ts';

export function isSecure(endpoint: string): boolean {
  return /^(?:mqtts|wss):/.test(endpoint);
}

/** How many devices may be connecting at a time: of those that wait behind too many handshakes some give up, and come again. */
export function attemptsAt(endpoint: string): number {
  return isSecure(endpoint) ? 200 : 2000;
}

/** Not even the first device gets through. @param endpoint its URL, or what it is called */
export function unreachable(endpoint: string, reason: string): OperationalError {
  return new OperationalError('ENDPOINT_UNREACHABLE', `No device can connect to ${endpoint}: ${reason}`, {
    hint: isSecure(endpoint)
      ? 'Check the address, the port and the certificates (--certs).'
      : 'Check the address and the port.',
  });
}

/** It takes connections and is no service of Jobs. @param missing what has not come */
export function silent(endpoint: string, missing: string, ms: DurationMs): OperationalError {
  return new OperationalError(
    'ENDPOINT_UNREACHABLE',
    `${endpoint} takes connections, but has answered no request for ${Math.round(ms / 1000)} s (${missing})`,
    { hint: 'Is it a service of AWS IoT Jobs, and may a client ask for the thing that its client id names?' },
  );
}

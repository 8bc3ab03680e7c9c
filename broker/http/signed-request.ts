/** A request as it is signed, for who reads one and who checks its signature (signatures.ts). */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** All behind the first question mark: a second one is a part of it, wherever it stands. */
export function queryOf(target: string): URLSearchParams {
  return new URLSearchParams(`&${queryTextOf(target)}`);
}

export function queryTextOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

/** Takes the same time wherever two texts differ, so that the time tells nothing of a signature. */
export function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

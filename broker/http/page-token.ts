/**
 * The token by which the rig's own page proves that an action comes from it: a page of another origin can send requests but
 * cannot read this one's text. Made anew with each start, written into the page, sent along with each action.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface PageToken {
  /** For the page to hold. */
  readonly text: string;
  /** In constant time. */
  matches(given: string | undefined): boolean;
}

export function createPageToken(): PageToken {
  const text = randomBytes(32).toString('base64url');
  const wanted = digest(text);
  return { text, matches: (given) => given !== undefined && timingSafeEqual(digest(given), wanted) };
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * UUIDs without chance: the same engine fed the same commands gives out the same ids. Version 8 of RFC 9562, filled with a
 * hash of what the id stands for; not a secret and not meant to be.
 */
import type { ThingRow } from './rows.ts';

/** @param text names one thing, group or event, and no other. */
export function uuidOf(text: string): string {
  const hex = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b].map((seed) => hashOf(text, seed)).join('');
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join(
    '-',
  );
}

/** The id of a thing for as long as it is there; one of the same name that is made later has another. */
export function thingIdOf({ sequence, thingName }: ThingRow): string {
  return uuidOf(`thing/${thingName}/${sequence}`);
}

/** FNV-1a, then the finalizer of MurmurHash3, so that neighbouring names have unlike ids. Eight hexadecimal digits. */
function hashOf(text: string, seed: number): string {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
}

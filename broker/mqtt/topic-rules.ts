/**
 * What topics, filters and other text may look like, whoever may use them. Pure.
 * Source: MQTT 3.1.1 §1.5.3 (text), §4.7 (topics and filters), §4.8.2 of MQTT 5 (shared subscriptions);
 * docs/reference/limits.md §5 and connection.md §3 for AWS's.
 */
import { isUtf8 } from 'node:buffer';
import { maxShareNameLength, maxTopicBytes, maxTopicSlashes } from '../../protocol/limits.ts';

/** What is wrong with the bytes of a text. */
export function textFault(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return 'U+0000';
  return isUtf8(bytes) ? undefined : 'ill-formed UTF-8';
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** What is wrong with the topic of a message. AWS's reserved topics may be longer and deeper than others. */
export function topicFault(topic: string): string | undefined {
  if (topic === '') return 'an empty topic';
  if (hasWildcard(topic)) return 'a wildcard';
  return lengthFault(topic);
}

/** A filter as it counts for matching, and the group that shares it. */
export interface ParsedFilter {
  readonly filter: string;
  /** Of a shared subscription. */
  readonly shareName?: string;
}

const sharePrefix = '$share/';

/** Assumed: AWS says only that its reserved topics may be longer. Its longest hold three names of 128 bytes, nine levels deep. */
const maxReservedTopicBytes = 512;
const maxReservedTopicSlashes = 32;

/** @returns what is wrong with it, as a text. */
export function parseFilter(text: string): ParsedFilter | string {
  if (!text.startsWith(sharePrefix)) return filterFault(text) ?? { filter: text };
  const end = text.indexOf('/', sharePrefix.length);
  const shareName = text.slice(sharePrefix.length, end === -1 ? undefined : end);
  if (end === -1 || shareName === '' || hasWildcard(shareName)) return 'a shared subscription that names no group';
  if (shareName.length > maxShareNameLength) return `a group above ${maxShareNameLength} characters`;
  const filter = text.slice(end + 1);
  return filterFault(filter) ?? { filter, shareName };
}

function filterFault(filter: string): string | undefined {
  if (filter === '') return 'an empty filter';
  const hash = filter.indexOf('#');
  if (hash !== -1 && (hash !== filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/'))) {
    return '# in another place than the last level';
  }
  for (let at = filter.indexOf('+'); at !== -1; at = filter.indexOf('+', at + 1)) {
    const isLevel = (at === 0 || filter[at - 1] === '/') && (at === filter.length - 1 || filter[at + 1] === '/');
    if (!isLevel) return '+ beside other characters of its level';
  }
  return lengthFault(filter);
}

function lengthFault(text: string): string | undefined {
  const isReserved = text.startsWith('$aws/');
  const maxBytes = isReserved ? maxReservedTopicBytes : maxTopicBytes;
  const maxSlashes = isReserved ? maxReservedTopicSlashes : maxTopicSlashes;
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) return `more than ${maxBytes} bytes`;
  let slashes = 0;
  for (let at = text.indexOf('/'); at !== -1; at = text.indexOf('/', at + 1)) slashes += 1;
  return slashes > maxSlashes ? `more than ${maxSlashes} slashes` : undefined;
}

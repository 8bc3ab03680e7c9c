/**
 * The members of triggers, deeds and what is given by the words that files have for them, both ways. The forms beside this file have
 * checked every value and read it: what changes here is names, and how a value is written.
 */
import { sizeText, spanText } from './units.ts';

/** By member: its word in files. Every other member is called there as it is here. */
const wordOf = new Map([
  ['afterMs', 'after'],
  ['byMs', 'by'],
  ['dropMv', 'drop-mv'],
  ['forMs', 'for'],
  ['imageBytes', 'image-size'],
  ['jitterMs', 'jitter'],
  ['jumpMs', 'jump'],
  ['latencyMs', 'latency'],
  ['nameLength', 'name-length'],
  ['offForMs', 'off-for'],
  ['percent', 'at'],
  ['presignedMs', 'presigned'],
  ['settleMs', 'settle'],
  ['sideEffects', 'side-effects'],
  ['timedOut', 'timed-out'],
  ['timeoutMinutes', 'timeout'],
  ['withinMs', 'within'],
]);
const memberOf = new Map([...wordOf].map(([member, word]) => [word, member]));
/** Members that have members with such names themselves. */
const nested: ReadonlySet<string> = new Set(['ends', 'link', 'retries']);

const minuteMs = 60_000;

/** @param read by a form @returns the same as the contract calls it, without what is not there */
export function membersFrom<Members>(read: object): Members {
  const members = Object.entries(read).flatMap(([word, value]: [string, unknown]) => {
    if (value === undefined) return [];
    const member = memberOf.get(word) ?? word;
    if (nested.has(word)) return [[member, membersFrom(value as object)]];
    return [[member, member === 'timeoutMinutes' ? (value as number) / minuteMs : value]];
  });
  return Object.fromEntries(members) as Members;
}

/** The same as a file writes it. */
export function membersFor(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([member, value]: [string, unknown]) =>
      value === undefined ? [] : [[wordOf.get(member) ?? member, valueFor(member, value)]],
    ),
  );
}

export function valueFor(member: string, value: unknown): unknown {
  if (nested.has(member)) return membersFor(value as object);
  if (member === 'timeoutMinutes') return spanText((value as number) * minuteMs);
  if (member === 'imageBytes') return sizeText(value as number);
  if (member === 'percent') return `${String(value)}%`;
  if (member === 'pattern') return `/${String(value)}/`;
  return member.endsWith('Ms') ? spanText(value as number) : value;
}

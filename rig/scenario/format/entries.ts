/**
 * Entries of a script: `when` something has happened, `do` this; or a deed alone. Scenarios and shapes of a load are read in the
 * same way, each by words of its own.
 */
import type { z } from 'zod';
import type { Complain, MemberPath } from '../../../protocol/form.ts';
import { isJsonObject } from '../../../protocol/json.ts';
import { nearName, unknownHint, unknownWord } from '../../../protocol/near-name.ts';
import { checked } from './checked.ts';

export interface Words<Trigger, Deed> {
  /** By word: the members that may stand under it. */
  readonly deedForms: Readonly<Record<string, z.ZodType>>;
  /** By word: the member that is meant where no members stand under it. */
  readonly shortForms: Readonly<Partial<Record<string, string>>>;
  /** @param read by the form of this word */
  readonly deedFrom: (word: string, read: object) => Deed;
  readonly triggerOf: (value: unknown, path: MemberPath, complain: Complain) => Trigger | undefined;
}

interface EntryOf<Trigger, Deed> {
  readonly when?: Trigger;
  readonly deeds: readonly Deed[];
}

export function entriesFrom<Trigger, Deed>(
  value: unknown,
  path: MemberPath,
  words: Words<Trigger, Deed>,
  complain: Complain,
): readonly EntryOf<Trigger, Deed>[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, index) => entryFrom(entry, [...path, index], words, complain) ?? []);
}

const besideDeeds = ['when', 'do'];

function entryFrom<Trigger, Deed>(
  value: unknown,
  path: MemberPath,
  words: Words<Trigger, Deed>,
  complain: Complain,
): EntryOf<Trigger, Deed> | undefined {
  const deedsAt = (deed: unknown, place: MemberPath): readonly Deed[] => {
    const read = deedAt(deed, place, words, complain);
    return read === undefined ? [] : [read];
  };
  if (typeof value === 'string') return { deeds: deedsAt(value, path) };
  if (!isJsonObject(value)) return complain(path, 'expected a deed, or `when` with `do`');
  const { when, do: does, ...others } = value;
  const beside = Object.keys(others);
  if (when === undefined && does === undefined) {
    const [word = ''] = beside;
    const isDeed = word in words.deedForms || nearName(word, besideDeeds) === undefined;
    if (beside.length === 1 && isDeed) return { deeds: deedsAt(others, path) };
    if (beside.length === 1) return complain([...path, word], unknownHint(word, besideDeeds), besideDeeds);
    return complain(path, `expected one deed, or \`when\` with \`do\`; found ${beside.join(', ') || 'nothing'}`);
  }
  for (const word of beside) complain([...path, word], unknownHint(word, besideDeeds), besideDeeds);
  const trigger = when === undefined ? undefined : words.triggerOf(when, [...path, 'when'], complain);
  const place = [...path, 'do'];
  // One, or a list of them.
  const list = Array.isArray(does) ? does.flatMap((deed, index) => deedsAt(deed, [...place, index])) : undefined;
  const deeds = list ?? (does === undefined ? [] : deedsAt(does, place));
  return { ...(trigger && { when: trigger }), deeds };
}

function deedAt<Deed>(
  value: unknown,
  path: MemberPath,
  words: Words<unknown, Deed>,
  complain: Complain,
): Deed | undefined {
  if (typeof value === 'string') return deedFromWord(value, {}, path, words, complain);
  if (!isJsonObject(value)) return complain(path, 'expected a deed');
  const [word = '', ...others] = Object.keys(value);
  if (word !== '' && others.length === 0) return deedFromWord(word, value[word], [...path, word], words, complain);
  return complain(path, `expected one deed; found ${[word, ...others].join(', ') || 'nothing'}`);
}

function deedFromWord<Deed>(
  word: string,
  value: unknown,
  path: MemberPath,
  { deedForms, shortForms, deedFrom }: Words<unknown, Deed>,
  complain: Complain,
): Deed | undefined {
  const known = Object.keys(deedForms);
  if (!known.includes(word)) return complain(path, unknownWord(word, known), known);
  const short = shortForms[word];
  const members = short !== undefined && !isJsonObject(value) ? { [short]: value } : (value ?? {});
  const read = checked(deedForms[word]!, members, path, complain);
  return read === undefined ? undefined : deedFrom(word, read as object);
}

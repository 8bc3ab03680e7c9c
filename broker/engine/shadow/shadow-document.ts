/**
 * The document of a device shadow: what an update makes of a section and of the times of its members, and what `desired` has
 * that `reported` has not. Values are replaced, never written to, so that what was handed out stays as it is.
 * Source: reference shadow-and-provisioning.md §1 (document rules).
 */
import { isJsonObject, type JsonObject } from '../../../protocol/json.ts';

export const sections = ['desired', 'reported'] as const;
export type SectionName = (typeof sections)[number];

/** A section that is empty is absent. */
export type ShadowState = { readonly [Name in SectionName]?: JsonObject };

/** Mirrors the state: `{timestamp}`, in epoch seconds, in the place of each leaf and of each element of an array. */
export type ShadowMetadata = { readonly [Name in SectionName]?: JsonObject };

/** What an update names: a section that is `null` is removed. */
export type ShadowPatch = { readonly [Name in SectionName]?: JsonObject | null };

export interface ShadowDocument {
  readonly state: ShadowState;
  readonly metadata: ShadowMetadata;
}

export const emptyDocument: ShadowDocument = { state: {}, metadata: {} };

/**
 * @param patch `null` empties the document.
 * @param timestamp of every leaf that the patch names, epoch seconds.
 */
export function updatedDocument(before: ShadowDocument, patch: ShadowPatch | null, timestamp: number): ShadowDocument {
  if (patch === null) return emptyDocument;
  const state: { [Name in SectionName]?: JsonObject } = {};
  const metadata: { [Name in SectionName]?: JsonObject } = {};
  for (const name of sections) {
    const change = patch[name];
    if (change === null) continue;
    const [kept, keptTimes] = [before.state[name], before.metadata[name]];
    const section = change === undefined ? kept : mergedValues(kept, change);
    const times = change === undefined ? keptTimes : mergedTimes(keptTimes, change, timestamp);
    if (section !== undefined && Object.keys(section).length > 0) {
      state[name] = section;
      metadata[name] = times ?? {};
    }
  }
  return { state, metadata };
}

/** The times that an `accepted` message tells of: those of the leaves that the patch names. */
export function timesOf(patch: ShadowPatch | null, timestamp: number): ShadowMetadata {
  return updatedDocument(emptyDocument, patch, timestamp).metadata;
}

/**
 * Objects merge, everything else is replaced whole, `null` removes.
 * Assumed: an object that has nothing left goes, as a section does.
 */
function mergedValues(before: unknown, patch: JsonObject): JsonObject | undefined {
  const merged = new Map(isJsonObject(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(patch)) {
    const after = isJsonObject(value) ? mergedValues(merged.get(name), value) : value;
    if (after === null || after === undefined) merged.delete(name);
    else merged.set(name, after);
  }
  return merged.size === 0 ? undefined : Object.fromEntries(merged);
}

/** As {@link mergedValues}, with times for values; a leaf's time is an object too, but what it replaces is known by the patch. */
function mergedTimes(before: unknown, patch: JsonObject, timestamp: number): JsonObject | undefined {
  const merged = new Map(isJsonObject(before) && !isTime(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(patch)) {
    const after = isJsonObject(value) ? mergedTimes(merged.get(name), value, timestamp) : timeOf(value, timestamp);
    if (after === undefined) merged.delete(name);
    else merged.set(name, after);
  }
  return merged.size === 0 ? undefined : Object.fromEntries(merged);
}

/** The time of a leaf; a member of an object that is called `timestamp` has an object there, not a number. */
function isTime(value: JsonObject): boolean {
  return typeof value['timestamp'] === 'number';
}

function timeOf(value: unknown, timestamp: number): unknown {
  if (value === null) return undefined;
  return Array.isArray(value) ? value.map((element) => timeOfElement(element, timestamp)) : { timestamp };
}

function timeOfElement(value: unknown, timestamp: number): unknown {
  if (!isJsonObject(value)) return timeOf(value, timestamp);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, timeOfElement(member, timestamp)]));
}

/** What a device has to do: the members of `desired` that `reported` lacks or has otherwise, with the times of `desired`. */
export interface Delta {
  readonly state: JsonObject;
  readonly metadata: JsonObject;
}

/** @returns `undefined` when there is nothing to do. */
export function deltaOf({ state, metadata }: ShadowDocument): Delta | undefined {
  return state.desired && difference(state.desired, state.reported, metadata.desired ?? {});
}

function difference(desired: JsonObject, reported: unknown, times: JsonObject): Delta | undefined {
  const has = new Map(isJsonObject(reported) ? Object.entries(reported) : []);
  const state: [string, unknown][] = [];
  const metadata: [string, unknown][] = [];
  const timeOfMember = new Map(Object.entries(times));
  for (const [name, wanted] of Object.entries(desired)) {
    const [found, time] = [has.get(name), timeOfMember.get(name)];
    if (isJsonObject(wanted) && isJsonObject(found)) {
      const below = difference(wanted, found, isJsonObject(time) ? time : {});
      if (below === undefined) continue;
      state.push([name, below.state]);
      metadata.push([name, below.metadata]);
    } else if (!isSame(wanted, found)) {
      state.push([name, wanted]);
      metadata.push([name, time]);
    }
  }
  if (state.length === 0) return undefined;
  return { state: Object.fromEntries(state), metadata: Object.fromEntries(metadata) };
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((element, index) => isSame(element, other[index]));
  }
  if (isJsonObject(one) && isJsonObject(other)) {
    const members = Object.entries(one);
    const others = new Map(Object.entries(other));
    return members.length === others.size && members.every(([name, value]) => isSame(value, others.get(name)));
  }
  return one === other;
}

/**
 * What a client says to a shadow: the text of an update, or the token that a get or a delete may carry. Checks all that the
 * text itself shows, in AWS's words; the version and the size of the merged document are for who has the document.
 * Source: reference shadow-and-provisioning.md §1 (document rules, texts), open point S1.
 */
import { isJsonObject, type JsonObject } from '../../../protocol/json.ts';
import { maxClientTokenBytes } from '../../../protocol/limits.ts';
import { utf8Length } from '../../../protocol/utf8.ts';
import { sections, type ShadowPatch } from './shadow-document.ts';

export interface UpdateRequest {
  /** `null` empties the document. */
  readonly patch: ShadowPatch | null;
  readonly version: number | undefined;
  readonly clientToken: string | undefined;
}

export type ReadRequest<Value> = { readonly value: Value } | { readonly problem: string };

const invalidJson = 'Invalid JSON';

/** @param maxDepth levels of members below each section. */
export function readUpdate(text: string, maxDepth: number): ReadRequest<UpdateRequest> {
  const request = parse(text);
  if (!isJsonObject(request)) return { problem: invalidJson };
  const { state, version = null, clientToken } = request;
  if (state === undefined) return { problem: 'Missing required node: state' };
  if (state !== null && !isJsonObject(state)) return { problem: 'State node must be an object' };
  const problem = state === null ? undefined : problemOf(state, maxDepth);
  if (problem !== undefined) return { problem };
  if (version !== null && !(Number.isSafeInteger(version) && (version as number) >= 0)) {
    return { problem: 'Invalid version' };
  }
  if (!isClientToken(clientToken)) return { problem: 'Invalid clientToken' };
  return {
    value: { patch: state, version: (version as number | null) ?? undefined, clientToken: clientToken ?? undefined },
  };
}

/** What a get or a delete says: nothing, or an object with a token. */
export function readClientToken(text: string): ReadRequest<string | undefined> {
  if (text === '') return { value: undefined };
  const request = parse(text);
  if (!isJsonObject(request)) return { problem: invalidJson };
  const { clientToken } = request;
  return isClientToken(clientToken) ? { value: clientToken ?? undefined } : { problem: 'Invalid clientToken' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isClientToken(value: unknown): value is string | null | undefined {
  if (value === undefined || value === null) return true;
  return typeof value === 'string' && utf8Length(value) <= maxClientTokenBytes;
}

function problemOf(state: JsonObject, maxDepth: number): string | undefined {
  for (const [name, section] of Object.entries(state)) {
    const known = sections.find((one) => one === name);
    if (known === undefined) return 'State contains an invalid node';
    if (section === null) continue;
    if (!isJsonObject(section)) return `${known === 'desired' ? 'Desired' : 'Reported'} node must be an object`;
    const depth = depthOf(section, maxDepth);
    if (depth > maxDepth) return 'JSON contains too many levels of nesting; maximum is 6';
    if (hasNullElement(section, false)) return 'State contains an invalid node';
  }
  return undefined;
}

/** Levels of members and elements below a value, as far as it matters: no deeper than one above the limit. */
function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, limit - 1));
  return deepest + 1;
}

/** `null` removes a member of an object; in an array it would mean nothing. */
function hasNullElement(value: unknown, inArray: boolean): boolean {
  if (value === null) return inArray;
  if (Array.isArray(value)) return value.some((element) => hasNullElement(element, true));
  return isJsonObject(value) && Object.values(value).some((member) => hasNullElement(member, inArray));
}

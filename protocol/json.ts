/**
 * JSON objects, told apart from the other five things that JSON text can be. Payloads and job documents are objects;
 * what else parses is refused by whoever reads it (reference mqtt-api.md §1 and §6).
 */

export type JsonObject = { readonly [member: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns `undefined` for text that is not the JSON of an object. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Present<Members> = {
  [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name];
} & { [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Exclude<Members[Name], undefined> };

/** The same without the members that are `undefined`: what is not known is not there. */
export function present<const Members extends object>(members: Members): Present<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<Members>;
}

/** The names of what is true, in order. */
export function thatHold<Name extends string>(facts: Readonly<Record<Name, boolean>>): readonly Name[] {
  return (Object.keys(facts) as Name[]).filter((name) => facts[name]);
}

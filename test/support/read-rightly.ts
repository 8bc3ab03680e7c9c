/**
 * JSON that every Node reads as it was written. V8 of Node 24, 25 and of 26 before 26.12 reads a member whose name is one escaped character as `\`
 * once it has met a member of that name where another object has its next one.
 * Source: https://github.com/nodejs/node/issues/63785.
 */
export function isReadRightly(value: unknown): boolean {
  return value === undefined || !/[{,]\s*"\\(?:u[0-9a-f]{4}|[^u])"\s*:/.test(JSON.stringify(value));
}

/**
 * What the engine believes of itself, always checked: a broken belief is a bug in the engine and stops the run. A user's
 * mistake never ends here; it is a rejection.
 */

export function assert(condition: boolean, belief: string): asserts condition {
  if (!condition) throw new Error(`engine: it should hold that ${belief}`);
}

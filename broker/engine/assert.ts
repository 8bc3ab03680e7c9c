/**
 * What must hold inside the engine, always checked. A failed assertion is a bug in the engine: the runtime stops the service
 * (broker/runtime.ts), a simulation ends its run. A user's mistake never ends here; it is a rejection.
 */

export function assert(condition: boolean, belief: string): asserts condition {
  if (!condition) broken(belief);
}

/** For beliefs whose text is made only when they fail. */
export function broken(belief: string): never {
  throw new Error(`engine: it should hold that ${belief}`);
}

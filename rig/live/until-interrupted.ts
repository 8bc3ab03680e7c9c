/** Work that its signal ends without an error: what was found until then is told. */

/** @returns nothing where it was interrupted @throws whatever else `work` throws */
export async function untilInterrupted<Value>(
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    return undefined;
  }
}

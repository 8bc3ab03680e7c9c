/**
 * What is to be ended after the test that started it, the latest first. Support modules are loaded once for many test files,
 * so that a hook of their own would be one of the first file only: they say here what is to be done, and set-up.ts, which is
 * run for every file, has it done.
 */
type End = () => Promise<unknown> | void;

const ends: End[] = [];

export function endAfterTest(end: End): void {
  ends.push(end);
}

export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

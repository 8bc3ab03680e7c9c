/**
 * Says at the start when jobrig runs on a Node that it has not been tried on. It goes on: most of it will work, and what does not is
 * easier understood by whoever knows.
 */

/** Majors on which `.ci/run` plays the tests. */
export const testedNodes: readonly number[] = [20, 22, 24, 26];

/** @returns one line, or `undefined` where there is nothing to say. */
export function untestedNode(version: string): string | undefined {
  const major = Number.parseInt(version, 10);
  const newest = Math.max(...testedNodes);
  if (!(major > newest)) return undefined;
  return `tested on Node ${testedNodes.join(', ')}; this is Node ${version}. What does not work here may work on Node ${newest}.`;
}

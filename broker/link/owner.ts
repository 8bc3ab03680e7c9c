/** Which of several doors a client belongs to: always the same one, whoever asks, so that its session is in one place. */

/** @returns from 0. FNV-1a over the UTF-16 units, which is even enough for names. */
export function doorOf(name: string, doors: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % doors;
}

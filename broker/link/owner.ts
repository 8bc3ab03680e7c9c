/** Which of several doors a client belongs to: always the same one, whoever asks, so that its session is in one place. */

/**
 * @param doors their numbers, in order, of which there is one at least: of another list few names have another door
 * @returns one of them
 */
export function doorOf(name: string, doors: readonly number[]): number {
  let best = doors[0]!;
  let highest = -1;
  const hash = hashOf(name);
  for (const door of doors) {
    const weight = mixed(hash ^ Math.imul(door + 1, 0x9e3779b1));
    if (weight <= highest) continue;
    highest = weight;
    best = door;
  }
  return best;
}

/** Those of a service whose doors are always all there. */
export function allDoors(count: number): readonly number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/** FNV-1a over the UTF-16 units. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** Each bit of the result depends on each of the argument: the last steps of MurmurHash3. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

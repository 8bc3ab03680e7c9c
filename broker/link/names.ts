/**
 * Names that are said often, of things and of jobs, as numbers: who says one says it whole the first time, with the place where the
 * other side keeps it, and then its place only. There is a bound: once all places are taken, the oldest name makes room, and is said
 * whole again when it comes up. Each direction of a line has its own, so that no two sides have to agree on anything.
 */

/** As many are kept on each end, for each direction, of things and of jobs. */
const maxNames = 65_536;

/** Where the empty name is, which is nobody's. */
const noName = 0;

/** Of who says them. */
export class SaidNames {
  readonly #places = new Map<string, number>();
  readonly #names: string[] = [''];
  readonly #max: number;
  #next = 1;

  constructor(max = maxNames) {
    this.#max = max;
  }

  /** @returns where the other side has it; `undefined`: nowhere, so that it has to be {@link place}d */
  of(name: string): number | undefined {
    return name === '' ? noName : this.#places.get(name);
  }

  /** @returns where it is from now on, of which the other side has to be told */
  place(name: string): number {
    const place = this.#next;
    const before = this.#names[place];
    if (before !== undefined) this.#places.delete(before);
    this.#names[place] = name;
    this.#places.set(name, place);
    this.#next = place === this.#max ? 1 : place + 1;
    return place;
  }
}

/** Of who hears them. The same name is the same string each time, whose hash is known. */
export class HeardNames {
  readonly #names: (string | undefined)[] = [''];

  /** @returns false: there is no such place */
  place(at: number, name: string): boolean {
    if (at < 1 || at > maxNames) return false;
    while (this.#names.length < at) this.#names.push(undefined);
    this.#names[at] = name;
    return true;
  }

  at(place: number): string | undefined {
    return this.#names[place];
  }
}

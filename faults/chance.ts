/**
 * Seeded chance: the only source of randomness of the pure rooms. One stream per purpose: `fork('link')` depends on the seed
 * and the name alone, not on how much was drawn before, so a new purpose or one more draw disturbs no other stream.
 * Integers only, so that a seed means the same on every machine. The generator itself is pure-rand's xoroshiro128+.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with the given probability in parts per million: 0 never, 1,000,000 always. */
  happens(perMillion: number): boolean;
  /** One of the items, each as likely as the others; there must be one. */
  pick<Item>(items: readonly Item[]): Item;
  /** The stream of another purpose. */
  fork(purpose: string): Chance;
}

export const million = 1_000_000;

/** @param seed a whole number from 0 to `Number.MAX_SAFE_INTEGER`. */
export function seededChance(seed: number): Chance {
  return stream(mix(seed >>> 0), mix(Math.floor(seed / 0x1_0000_0000) + 0x9e37_79b9));
}

function stream(high: number, low: number): Chance {
  return new Stream(high, low);
}

class Stream implements Chance {
  readonly #high: number;
  readonly #low: number;
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(high: number, low: number) {
    // Every word of the state depends on both: the generator's first number is the sum of two words, and seeds differ in one.
    const right = low ^ mix(high);
    const left = high ^ mix(right);
    this.#high = high;
    this.#low = low;
    this.#generator = xoroshiro128plusFromState([
      mix(left),
      mix(right ^ 0x85eb_ca6b),
      mix(left ^ 0xc2b2_ae35),
      mix(right) | 1,
    ]);
  }

  between(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  happens(perMillion: number): boolean {
    return perMillion > 0 && uniformInt(this.#generator, 0, million - 1) < perMillion;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[uniformInt(this.#generator, 0, items.length - 1)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  fork(purpose: string): Chance {
    let a = this.#high;
    let b = this.#low;
    for (let index = 0; index < purpose.length; index += 1) {
      const code = purpose.charCodeAt(index);
      a = mix(a ^ code);
      b = mix(Math.imul(b, 31) + code);
    }
    return stream(mix(a + 1), mix(b + 2));
  }
}

/** A bijective scramble of 32 bits: equal inputs only give equal outputs. */
function mix(word: number): number {
  let bits = word | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0_aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a_2d97);
  return (bits ^ (bits >>> 15)) | 0;
}

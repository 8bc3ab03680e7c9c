/**
 * A run's fingerprint: every event of the run folded into 64 bits, kept as two unsigned words. Integers and strings only, no
 * floating point beyond whole numbers, so that a seed gives the same hash on every machine. Not cryptographic: it tells
 * two runs apart, nothing else. The rounds are FNV-1a's, over 32-bit words instead of bytes, with two different primes.
 */

export interface TraceHash {
  /** Whole numbers, up to `Number.MAX_SAFE_INTEGER`. */
  number(value: number): void;
  text(value: string): void;
  /** Sixteen hexadecimal digits. */
  digest(): string;
}

export function createTraceHash(): TraceHash {
  let high = 0x811c_9dc5 | 0;
  let low = 0x9747_b28c | 0;
  const word = (value: number): void => {
    high = Math.imul(high ^ value, 0x0100_0193);
    low = Math.imul(low ^ ((value << 13) | (value >>> 19)), 0x0108_4ba1) ^ (high >>> 15);
  };
  return {
    number(value) {
      word(value | 0);
      word((value / 0x1_0000_0000) | 0);
    },
    text: (value) => word(wordOf(value)),
    digest: () => hex(high) + hex(low),
  };
}

/** The words of a run are few and come again and again: each is folded once. */
const known = new Map<string, number>();
const maxKnown = 10_000;

function wordOf(text: string): number {
  const found = known.get(text);
  if (found !== undefined) return found;
  let folded = 0x811c_9dc5 | 0;
  for (let index = 0; index < text.length; index += 1) {
    folded = Math.imul(folded ^ text.charCodeAt(index), 0x0100_0193);
  }
  folded ^= Math.imul(text.length, 0x9e37_79b1);
  if (known.size < maxKnown) known.set(text, folded);
  return folded;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

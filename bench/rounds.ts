/**
 * Two alternatives measured side by side: A B, B A, A B, … in one run, so that whatever else the machine does falls on
 * both; one round of each first, not counted, to warm up. What is compared are the pairs: a ratio per pair, and of those
 * the median with its range. Absolute figures of a shared machine move by a factor of two, the ratios hold.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Pair<Sample> {
  readonly ours: Sample;
  readonly theirs: Sample;
}

export interface Alternatives<Sample> {
  readonly ours: () => Promise<Sample>;
  readonly theirs: () => Promise<Sample>;
}

export async function interleave<Sample>(
  { ours, theirs }: Alternatives<Sample>,
  rounds: number,
  onRound: (done: number) => void,
): Promise<readonly Pair<Sample>[]> {
  await ours();
  await theirs();
  const pairs: Pair<Sample>[] = [];
  while (pairs.length < rounds) {
    const oursFirst = pairs.length % 2 === 0;
    const first = await (oursFirst ? ours() : theirs());
    const second = await (oursFirst ? theirs() : ours());
    pairs.push(oursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first });
    onRound(pairs.length);
  }
  return pairs;
}

/** The same with any number of alternatives: each round begins with another one. @returns of each round a sample of each */
export async function rotate<Sample>(
  alternatives: readonly (() => Promise<Sample>)[],
  rounds: number,
  onRound: (done: number) => void,
): Promise<readonly (readonly Sample[])[]> {
  for (const warmUp of alternatives) await warmUp();
  const all: Sample[][] = [];
  while (all.length < rounds) {
    const samples: Sample[] = [];
    for (let turn = 0; turn < alternatives.length; turn += 1) {
      const index = (all.length + turn) % alternatives.length;
      samples[index] = await alternatives[index]!();
    }
    all.push(samples);
    onRound(all.length);
  }
  return all;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

export function medianOf<Sample>(samples: readonly Sample[], value: (sample: Sample) => number): number {
  return spreadOf(samples.map(value)).median;
}

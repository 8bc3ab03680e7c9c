/** What a script waits for, as a count out of a whole: by it a trigger is judged, and from it progress is drawn. */
import type { ShapeTrigger } from './contract.ts';
import type { RolledOut, Tally } from './tally.ts';

export interface Goal {
  readonly name: string;
  readonly done: number;
  /** Infinity: nobody knows. */
  readonly total: number;
}

/** What comes by what things do; a time that passes does not. */
export type CountedTrigger = Exclude<ShapeTrigger, { readonly on: 'idle' }>;

/** What the last cut or deletion has disturbed. */
export interface Disturbed {
  /** As far as is known now: a thing may finish its execution before it is taken away. */
  readonly things: () => number;
  readonly recoveredBefore: number;
}

interface Progress {
  readonly tally: Pick<Tally, 'count' | 'fleet' | 'jobs'>;
  readonly rollouts: ReadonlyMap<string, Pick<RolledOut, 'base' | 'planned'>>;
  readonly disturbed: Disturbed;
}

export function goalOf(when: CountedTrigger, { tally, rollouts, disturbed }: Progress): Goal {
  const { count, fleet } = tally;
  const share = (whole: number): number => Math.ceil((whole * when.percent) / 100);
  switch (when.on) {
    case 'connected':
      return { name: 'connected', done: fleet.connected, total: share(count) };
    case 'recovered': {
      const { things, recoveredBefore } = disturbed;
      return { name: 'recovered', done: fleet.recovered - recoveredBefore, total: share(things()) };
    }
    default: {
      const rollout = rollouts.get(when.job);
      const counts = tally.jobs(rollout?.base ?? '');
      const done = when.on === 'in-progress' ? counts.started : counts.succeeded + counts.failed + counts.pulled;
      // Of a rollout without an end all are never there, and a share is one of the things.
      const isAll = when.on === 'finished' && when.percent === 100;
      return { name: when.on, done, total: share(rollout?.planned ?? (isAll ? Infinity : count)) };
    }
  }
}

export function wordsOf(when: ShapeTrigger): string {
  switch (when.on) {
    case 'connected':
      return 'connecting';
    case 'recovered':
      return 'recovering';
    case 'idle':
      return 'idle';
    case 'in-progress':
      return `rolling out ${when.job}`;
    case 'finished':
      return `finishing ${when.job}`;
  }
}

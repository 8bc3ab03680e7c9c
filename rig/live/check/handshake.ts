/**
 * The handshake: one plain job to its end, then one lost connection, on a device of which nothing is known yet. It is a scenario
 * like any other; what was seen of it makes the portrait, and is the record that a sweep is laid along.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { plainScenario } from '../../scenario/plain.ts';
import type { Played } from '../play.ts';
import type { BenchPlace, PlayAt } from './bench-place.ts';
import type { Moment } from '../../scenario/moments.ts';
import { messageMoments } from './sweep.ts';

const label = 'handshake';

export const handshakeScenario = plainScenario({
  id: 'handshake',
  claim: 'A plain job is done, and a lost connection is made again.',
  about: 'V1',
  script: [
    // Time to subscribe: a device that does not ask when it connects is for a scenario to find.
    { when: { on: 'connected', afterMs: 300 }, deeds: [{ do: 'create-job', job: label }] },
    { when: { on: 'execution', status: 'SUCCEEDED', job: label }, deeds: [] },
    { when: { on: 'idle', forMs: 200 }, deeds: [{ do: 'link', how: 'drop', forMs: 0 }] },
    { when: { on: 'connected' }, deeds: [] },
  ],
  expect: [{ job: label, status: ['SUCCEEDED'] }],
  claims: ['V1'],
});

export interface Handshake {
  /** The plain job came to its end. */
  readonly isDone: boolean;
  readonly jobId: string;
  readonly version: string;
  readonly moments: readonly Moment[];
}

export interface HandshakeOptions extends PlayAt {
  readonly timeoutMs: DurationMs;
  /** Ends the handshake: nothing will come of it. */
  readonly giveUp: AbortSignal;
}

export async function handshake(
  place: BenchPlace,
  options: HandshakeOptions,
): Promise<Handshake & { readonly played: Played }> {
  const played = await place.play(handshakeScenario, { ...options, endsWith: failsJob });
  return { played, ...handshakeIn(played) };
}

/** What became of the plain job, in whichever world it was played. */
export function handshakeIn({ observations, versions }: Pick<Played, 'observations' | 'versions'>): Handshake {
  const job = observations.find((one) => one.kind === 'execution');
  const jobId = job?.kind === 'execution' ? job.execution.jobId : '';
  const ended = observations.find((one) => one.kind === 'execution' && one.status === 'SUCCEEDED');
  const endedAt: EpochMs | undefined = ended?.at;
  return {
    isDone: endedAt !== undefined,
    jobId,
    version: versions.get(jobId) ?? '',
    moments: endedAt === undefined ? [] : messageMoments(observations, jobId, endedAt),
  };
}

/** A plain job that does not succeed ends the handshake: nothing is to be learnt from what follows. */
function failsJob(seen: Observation): boolean {
  return seen.kind === 'execution' && (seen.status === 'FAILED' || seen.status === 'REJECTED');
}

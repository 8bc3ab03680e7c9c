/** The claims in words for reports: their names, and what a right device does where one breaks. Source: docs/recovery.md. */
import { claims } from '../verdict/claims.ts';
import { type ClaimId, claimIds } from '../verdict/contract.ts';

export const claimNames = Object.fromEntries(claimIds.map((id) => [id, claims[id].name])) as Readonly<
  Record<ClaimId, string>
>;

/** V2, no zombie work; of the engine's claims the number alone. */
export function claimName(claim: string): string {
  const name = (claimNames as Readonly<Record<string, string>>)[claim];
  return name === undefined ? claim : `${claim}, ${name}`;
}

/** What a right device does where this claim breaks, in order. */
export function rightDevice(claim: string): readonly string[] {
  return right[claim as ClaimId] ?? [];
}

const right: Readonly<Partial<Record<ClaimId, readonly string[]>>> = {
  V1: [
    'it takes the answer for final',
    'it undoes what it began',
    'it asks for its next job, by $next/get or start-next',
    'it is idle, or works on what it was told',
  ],
  V2: [
    'it takes the refusal for final: the execution does not exist any more',
    'it closes the download and writes nothing more',
    'it says nothing more about this execution',
    'it asks for its next job',
  ],
  V3: [
    'it asks once more before it activates the image',
    'it makes the spare slot unbootable',
    'past the reboot it ends with exactly one confirmed image',
  ],
  V4: [
    'it tells executions apart by jobId, executionNumber and queuedAt',
    'it runs a new execution under an old id',
    'it does the work of one execution once',
  ],
  V5: [
    'it clears all that belongs to the old job',
    'it asks for its next job and starts it',
    'it needs no power cycle for that',
  ],
  V6: [
    'it repeats only what may succeed later',
    'its pauses grow and have chance in them',
    'it gives up when the answer is final',
  ],
  V7: [
    'it deletes its record of the job last of all, once the rest is undone',
    'after a power cut it asks before it goes on',
    'it reports again only what the service has not taken',
  ],
  V8: ['it restarts only to activate an image', 'after a crash it waits longer each time'],
  V9: ['it reports the version that runs, after it has checked', 'it compares the version after each boot'],
  V10: ['it frees the memory of the job', 'it closes every download', 'its subscriptions are as before'],
};

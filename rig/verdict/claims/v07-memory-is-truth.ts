/**
 * V7: what is in non-volatile memory agrees with what was reported. Inside: no checkpoint is left once a job is over. On the wire:
 * after a power cut no job comes back that had been over, and known to be over, for long before.
 */
import type { Observation } from '../../../observation/observation.ts';
import { type ClaimDefinition, notObserved, pass } from '../claim.ts';
import { eachJobNamedBy } from '../told.ts';

export const memoryIsTruth: ClaimDefinition = {
  id: 'V7',
  name: 'memory is truth',
  statement: 'remembers nothing of a job that is over, also after a power cut',
  needs: ['inside', 'power'],
  begin({ record, broke, sights }) {
    let hasSeenInside = false;
    /** The rig has taken or changed what memory held, and the device has not read it since. */
    let isSpoiled = false;
    /** What messages have named since the device woke: a reason to try, even where they are old. Only where a job could come back. */
    const named = new Set<string>();

    const noteNamed = (jobId: string): void => void named.add(jobId);

    function check(
      jobId: string | undefined,
      executionNumber: number | undefined,
      seen: Observation,
      what: string,
    ): void {
      const one = jobId === undefined ? undefined : record.overOf(jobId, executionNumber);
      if (one?.wasOverBeforeCut !== true || named.has(one.identity.jobId)) return;
      broke({
        sign: 'ghost-job',
        reason: `${what} ${jobId} after a power cut, although it knew before that it was over`,
        evidence: [one.changed, seen],
      });
    }

    return {
      observer: {
        received({ message }) {
          if (record.hasSurvivors) eachJobNamedBy(message, noteNamed);
        },
        power({ on }) {
          if (!on) named.clear();
        },
        program({ event }) {
          if (event === 'exited') named.clear();
        },
        fault({ name }) {
          if (name.startsWith('memory ')) isSpoiled = true;
        },
        'traced boot'() {
          isSpoiled = false;
          if (named.size > 0) named.clear();
        },
        sent(seen) {
          const { operation, jobId, body } = seen.request;
          if (record.hasSurvivors && operation === 'UpdateJobExecution')
            check(jobId, body.executionNumber, seen, 'updates');
        },
        download(seen) {
          if (record.hasSurvivors && seen.state === 'asked')
            check(seen.jobId, seen.executionNumber, seen, 'asks for bytes of');
        },
      },
      quiet({ checkpoint }, seen) {
        hasSeenInside = true;
        if (checkpoint === undefined || isSpoiled) return;
        broke({
          sign: 'checkpoint-left',
          reason: `still remembers ${wordsOf(checkpoint)}`,
          evidence: [seen],
        });
      },
      conclude() {
        const [survivor] = [...record.remembered()].filter(({ wasOverBeforeCut }) => wasOverBeforeCut).slice(-1);
        if (survivor !== undefined) return pass('no job that was over came back after a power cut', [survivor.changed]);
        if (hasSeenInside) return pass('no checkpoint was left once a job was over');
        return notObserved(
          sights.has('inside')
            ? 'the device was never idle'
            : 'the power was not cut after a job was over, and the memory cannot be seen',
        );
      },
    };
  },
};

/** What a checkpoint of ours names; of another one all that it holds. */
function wordsOf(checkpoint: object): string {
  const { execution, step } = checkpoint as {
    readonly execution?: { readonly jobId?: string };
    readonly step?: string;
  };
  if (execution?.jobId === undefined) return JSON.stringify(checkpoint);
  return step === undefined ? execution.jobId : `${execution.jobId} at ${step}`;
}

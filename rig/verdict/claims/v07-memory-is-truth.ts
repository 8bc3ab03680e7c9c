/**
 * V7: what is in non-volatile memory agrees with what was reported. Inside: no checkpoint is left once a job is over. On the wire:
 * after a power cut no job comes back that had been over, and known to be over, for long before.
 */
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, notObserved, pass } from '../claim.ts';
import { eachJobNamedBy } from '../told.ts';

export class MemoryIsTruth implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V7',
    name: 'memory is truth',
    statement: 'remembers nothing of a job that is over, also after a power cut',
    needs: ['inside', 'power'],
  };
  readonly #context: ClaimContext;
  #hasSeenInside = false;
  /** The rig has taken or changed what memory held, and the device has not read it since. */
  #isSpoiled = false;
  /** What messages have named since the device woke: a reason to try, even where they are old. Only where a job could come back. */
  readonly #named = new Set<string>();
  readonly #noteNamed = (jobId: string): void => void this.#named.add(jobId);

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onReceived({ message }: ObservationOf<'received'>): void {
    if (this.#context.record.hasSurvivors) eachJobNamedBy(message, this.#noteNamed);
  }

  onPower({ on }: ObservationOf<'power'>): void {
    if (!on) this.#named.clear();
  }

  onProgram({ event }: ObservationOf<'program'>): void {
    if (event === 'exited') this.#named.clear();
  }

  onFault({ name }: ObservationOf<'fault'>): void {
    if (name.startsWith('memory ')) this.#isSpoiled = true;
  }

  onBoot(): void {
    this.#isSpoiled = false;
    if (this.#named.size > 0) this.#named.clear();
  }

  onSent(seen: ObservationOf<'sent'>): void {
    const { operation, jobId, body } = seen.request;
    if (this.#context.record.hasSurvivors && operation === 'UpdateJobExecution')
      this.#check(jobId, body.executionNumber, seen, 'updates');
  }

  onDownload(seen: ObservationOf<'download'>): void {
    if (this.#context.record.hasSurvivors && seen.state === 'asked')
      this.#check(seen.jobId, seen.executionNumber, seen, 'asks for bytes of');
  }

  onQuiet({ checkpoint }: DeviceView, seen: Observation | undefined): void {
    this.#hasSeenInside = true;
    if (checkpoint === undefined || this.#isSpoiled) return;
    this.#context.broke('V7', {
      sign: 'checkpoint-left',
      reason: `still remembers ${wordsOf(checkpoint)}`,
      evidence: [seen],
    });
  }

  conclude(): Conclusion {
    const { record, sights } = this.#context;
    const [survivor] = [...record.remembered()].filter(({ wasOverBeforeCut }) => wasOverBeforeCut).slice(-1);
    if (survivor !== undefined) return pass('no job that was over came back after a power cut', [survivor.changed]);
    if (this.#hasSeenInside) return pass('no checkpoint was left once a job was over');
    return notObserved(
      sights.has('inside')
        ? 'the device was never idle'
        : 'the power was not cut after a job was over, and the memory cannot be seen',
    );
  }

  #check(jobId: string | undefined, executionNumber: number | undefined, seen: Observation, what: string): void {
    const { record, broke } = this.#context;
    const one = jobId === undefined ? undefined : record.overOf(jobId, executionNumber);
    if (one?.wasOverBeforeCut !== true || this.#named.has(one.identity.jobId)) return;
    broke('V7', {
      sign: 'ghost-job',
      reason: `${what} ${jobId} after a power cut, although it knew before that it was over`,
      evidence: [one.changed, seen],
    });
  }
}

/** What a checkpoint of ours names; of another one all that it holds. */
function wordsOf(checkpoint: object): string {
  const { execution, step } = checkpoint as {
    readonly execution?: { readonly jobId?: string };
    readonly step?: string;
  };
  if (execution?.jobId === undefined) return JSON.stringify(checkpoint);
  return step === undefined ? execution.jobId : `${execution.jobId} at ${step}`;
}

/**
 * V10: after each job RAM, slot, download and subscriptions are as before. RAM is compared between moments with a connection,
 * which has buffers of its own. On the wire only filters show: those of single jobs may not pile up.
 */
import type { DeviceView } from '../../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, notObserved, pass } from '../claim.ts';
import { isQuiet } from '../quiet.ts';

export class BackToBaseline implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V10',
    name: 'back to baseline',
    statement: 'holds as much memory, and as few downloads, slots and subscriptions, as before the job',
    needs: ['inside'],
  };
  readonly #context: ClaimContext;
  /** RAM in use before the first job, idle and connected. */
  #baselineBytes: number | undefined;
  #usedBytes: number | undefined;
  /** The rig took away what the device knew of its slots. */
  #isSpoiled = false;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onFault({ name }: ObservationOf<'fault'>): void {
    if (name.startsWith('memory ')) this.#isSpoiled = true;
  }

  onReceived(): void {
    this.#noteBaseline();
  }

  onExecution(): void {
    this.#noteBaseline();
  }

  onSubscribed(seen: ObservationOf<'subscribed'>): void {
    const { record, limits, broke } = this.#context;
    if (record.filters.size <= limits.heldFilters) return;
    let left = 0;
    for (const filter of record.filters) {
      const jobId = /\/jobs\/([^/+#$]+)\//.exec(filter)?.[1];
      if (jobId !== undefined && jobId !== 'start-next' && jobId !== 'get' && this.#isOver(jobId)) left += 1;
    }
    if (left <= limits.heldFilters) return;
    broke('V10', {
      sign: 'filters-left',
      reason: `still subscribed to ${left} topics of jobs that are over`,
      evidence: [seen],
    });
  }

  onQuiet({ ram, openDownload, slots }: DeviceView, seen: Observation | undefined): void {
    const { broke } = this.#context;
    const { usedBytes } = ram;
    this.#usedBytes = usedBytes;
    if (openDownload)
      broke('V10', { sign: 'download-left-open', reason: 'a download is still open', evidence: [seen] });
    const leftover = slots.find(({ state }) => state === 'partial' || state === 'ready');
    if (leftover !== undefined && !this.#isSpoiled)
      broke('V10', { sign: 'slot-not-freed', reason: `a slot is still ${leftover.state}`, evidence: [seen] });
    else if (this.#baselineBytes !== undefined && usedBytes > this.#baselineBytes) {
      broke('V10', {
        sign: 'memory-not-freed',
        reason: `uses ${usedBytes} bytes of RAM, ${this.#baselineBytes} before the jobs`,
        evidence: [seen],
      });
    }
  }

  conclude(): Conclusion {
    if (this.#usedBytes !== undefined)
      return pass(`idle with ${this.#usedBytes} bytes of RAM in use, no slot and no download open`);
    return notObserved('the memory of this device cannot be seen; its subscriptions did not pile up');
  }

  #noteBaseline(): void {
    if (this.#baselineBytes !== undefined) return;
    const { record } = this.#context;
    const view = record.view();
    if (view === undefined || !isQuiet(view)) return;
    for (const { startedAt } of record.remembered()) if (startedAt !== undefined) return;
    this.#baselineBytes = view.ram.usedBytes;
  }

  #isOver(jobId: string): boolean {
    const all = this.#context.record.ofJob(jobId);
    return all.length > 0 && all.every(({ endedAt }) => endedAt !== undefined);
  }
}

/**
 * V10: after each job RAM, slot, download and subscriptions are as before. RAM is compared between moments with a connection,
 * which has buffers of its own. On the wire only filters show: those of single jobs may not pile up.
 */
import { type ClaimDefinition, notObserved, pass } from '../claim.ts';
import { isQuiet } from '../quiet.ts';

export const backToBaseline: ClaimDefinition = {
  id: 'V10',
  name: 'back to baseline',
  statement: 'holds as much memory, and as few downloads, slots and subscriptions, as before the job',
  needs: ['inside'],
  begin({ record, broke, limits }) {
    /** RAM in use before the first job, idle and connected. */
    let baselineBytes: number | undefined;
    let usedBytes: number | undefined;
    /** The rig took away what the device knew of its slots. */
    let isSpoiled = false;

    function noteBaseline(): void {
      const view = baselineBytes === undefined ? record.view() : undefined;
      if (view === undefined || !isQuiet(view)) return;
      for (const { startedAt } of record.remembered()) if (startedAt !== undefined) return;
      baselineBytes = view.ram.usedBytes;
    }

    return {
      observer: {
        fault({ name }) {
          if (name.startsWith('memory ')) isSpoiled = true;
        },
        received: noteBaseline,
        execution: noteBaseline,
        subscribed(seen) {
          if (record.filters.size <= limits.heldFilters) return;
          let left = 0;
          for (const filter of record.filters) {
            const jobId = /\/jobs\/([^/+#$]+)\//.exec(filter)?.[1];
            if (jobId !== undefined && jobId !== 'start-next' && jobId !== 'get' && isOver(jobId)) left += 1;
          }
          if (left <= limits.heldFilters) return;
          broke({
            sign: 'filters-left',
            reason: `still subscribed to ${left} topics of jobs that are over`,
            evidence: [seen],
          });
        },
      },
      quiet(view, seen) {
        const evidence = [seen];
        usedBytes = view.ram.usedBytes;
        if (view.openDownload) broke({ sign: 'download-left-open', reason: 'a download is still open', evidence });
        const leftover = view.slots.find(({ state }) => state === 'partial' || state === 'ready');
        if (leftover !== undefined && !isSpoiled)
          broke({ sign: 'slot-not-freed', reason: `a slot is still ${leftover.state}`, evidence });
        else if (baselineBytes !== undefined && usedBytes > baselineBytes) {
          broke({
            sign: 'memory-not-freed',
            reason: `uses ${usedBytes} bytes of RAM, ${baselineBytes} before the jobs`,
            evidence,
          });
        }
      },
      conclude() {
        if (usedBytes !== undefined)
          return pass(`idle with ${usedBytes} bytes of RAM in use, no slot and no download open`);
        return notObserved('the memory of this device cannot be seen; its subscriptions did not pile up');
      },
    };

    function isOver(jobId: string): boolean {
      const all = record.ofJob(jobId);
      return all.length > 0 && all.every(({ endedAt }) => endedAt !== undefined);
    }
  },
};

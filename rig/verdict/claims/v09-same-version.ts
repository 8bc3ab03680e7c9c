/**
 * V9: device and service agree on the version that runs. What is compared: what a SUCCEEDED says (the version in its document or
 * its statusDetails) with what runs inside, what the shadow reports, or what the witness told. A device that names the version of the
 * document in its details once has to do so each time.
 */
import { identityKey } from '../../../observation/execution.ts';
import type { ObservationOf } from '../../../observation/observation.ts';
import type { ExecutionPayload } from '../../../protocol/device-messages.ts';
import { type ClaimDefinition, notObserved, pass } from '../claim.ts';

const rememberedDocuments = 32;

export const sameVersion: ClaimDefinition = {
  id: 'V9',
  name: 'same version',
  statement: 'runs the version that it reported',
  needs: ['inside', 'shadow', 'witness'],
  begin({ record, broke, limits }) {
    /** What firmware documents install, by execution. */
    const wanted = new Map<string, string>();
    /** What a SUCCEEDED said last. */
    let reported: { readonly version: string; readonly seen: ObservationOf<'execution'> } | undefined;
    /** What the device itself says that it runs, by shadow or witness. */
    let told: { readonly version: string; readonly seen: ObservationOf<'reported-version' | 'witness'> } | undefined;
    let agreed: ObservationOf<'execution'> | undefined;
    /** SUCCEEDED with the document's version in its details, and with another one. */
    let detailed: ObservationOf<'execution'> | undefined;
    let contradicts: { readonly documented: string; readonly seen: ObservationOf<'execution'> } | undefined;

    function noteDocument(key: string | undefined, document: object): void {
      if (key === undefined) return;
      const { operation, version } = document as { readonly operation?: unknown; readonly version?: unknown };
      if (operation === 'firmware' && version === wanted.get(key)) return;
      // The same ids may have come back with another document, within one second.
      wanted.delete(key);
      if (operation !== 'firmware' || typeof version !== 'string') return;
      wanted.set(key, version);
      if (wanted.size > rememberedDocuments) wanted.delete(wanted.keys().next().value!);
    }

    function noteExecution(execution: ExecutionPayload | undefined): void {
      if (execution?.jobDocument !== undefined) noteDocument(identityKey(execution), execution.jobDocument);
    }

    function tell(version: string, seen: ObservationOf<'reported-version' | 'witness'>): void {
      told = { version, seen };
      if (reported?.version === version) agreed = reported.seen;
    }

    function compareDetails(documented: string, seen: ObservationOf<'execution'>): void {
      const named = seen.statusDetails?.['version'];
      if (named === documented) detailed = seen;
      else if (named !== undefined) contradicts = { documented, seen };
    }

    return {
      observer: {
        received({ message }) {
          if (message.kind === 'notification') {
            return message.name === 'NextJobExecutionChanged' ? noteExecution(message.payload.execution) : undefined;
          }
          if (message.outcome === 'rejected' || message.operation === 'GetPendingJobExecutions') return;
          if (message.operation !== 'UpdateJobExecution') return noteExecution(message.payload.execution);
          const { jobDocument } = message.payload;
          if (jobDocument !== undefined)
            noteDocument(record.pendingOf(message.jobId ?? '', undefined)?.key, jobDocument);
        },
        execution(seen) {
          if (seen.status !== 'SUCCEEDED' || seen.by !== 'device') return;
          const documented = wanted.get(identityKey(seen.execution));
          const version = documented ?? seen.statusDetails?.['version'];
          if (version === undefined) return;
          reported = { version, seen };
          if (documented !== undefined) compareDetails(documented, seen);
          const view = record.view();
          if (view !== undefined) {
            if (view.runningVersion === version) agreed = seen;
            else
              broke({
                sign: 'reported-another-version',
                reason: `reported ${version} and runs ${view.runningVersion}`,
                evidence: [seen],
              });
          } else if (told?.version === version) agreed = seen;
        },
        'reported-version': (seen) => tell(seen.version, seen),
        witness(seen) {
          if (seen.version !== undefined && seen.effect === 'activated') tell(seen.version, seen);
        },
      },
      conclude(now) {
        if (detailed !== undefined && contradicts !== undefined) {
          const { documented, seen } = contradicts;
          return {
            outcome: 'fail',
            sign: 'reported-another-version',
            reason: `reported SUCCEEDED for ${documented}, and that it runs ${seen.statusDetails?.['version']}`,
            evidence: [seen, detailed].sort((a, b) => a.at - b.at),
          };
        }
        if (agreed !== undefined && agreed === reported?.seen) return pass(`both say ${reported.version}`, [agreed]);
        if (reported === undefined || (told === undefined && record.view() === undefined)) {
          return notObserved(
            reported === undefined ? 'no job reported a version' : 'what runs on this device cannot be seen',
          );
        }
        if (told === undefined) return notObserved('no job reported a version that could be compared');
        if (now - Math.max(reported.seen.at, record.disturbedAt) <= limits.noticeMs)
          return notObserved('the shadow has had no time yet');
        return {
          outcome: 'fail',
          sign: 'reported-another-version',
          reason: `reported ${reported.version}, and says that it runs ${told.version}`,
          evidence: [told.seen, reported.seen].sort((a, b) => a.at - b.at),
        };
      },
    };
  },
};

/**
 * V9: device and service agree on the version that runs. What is compared: what a SUCCEEDED says (the version in its document or
 * its statusDetails) with what runs inside, what the shadow reports, or what the witness told. A device that names the version of the
 * document in its details once has to do so each time.
 */
import { identityKey } from '../../../observation/execution.ts';
import type { ObservationOf } from '../../../observation/observation.ts';
import type { ExecutionPayload } from '../../../protocol/device-messages.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, notObserved, pass } from '../claim.ts';

const rememberedDocuments = 32;

type Told = ObservationOf<'reported-version' | 'witness'>;
type Ended = ObservationOf<'execution'>;

export class SameVersion implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V9',
    name: 'same version',
    statement: 'runs the version that it reported',
    needs: ['inside', 'shadow', 'witness'],
  };
  readonly #context: ClaimContext;
  /** What firmware documents install, by execution. */
  readonly #wanted = new Map<string, string>();
  /** What a SUCCEEDED said last. */
  #reported: { readonly version: string; readonly seen: Ended } | undefined;
  /** What the device itself says that it runs, by shadow or witness. */
  #told: { readonly version: string; readonly seen: Told } | undefined;
  #agreed: Ended | undefined;
  /** SUCCEEDED with the document's version in its details, and with another one. */
  #detailed: Ended | undefined;
  #contradicts: { readonly documented: string; readonly seen: Ended } | undefined;

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onReceived({ message }: ObservationOf<'received'>): void {
    if (message.kind === 'notification') {
      if (message.name === 'NextJobExecutionChanged') this.#noteExecution(message.payload.execution);
      return;
    }
    if (message.outcome === 'rejected' || message.operation === 'GetPendingJobExecutions') return;
    if (message.operation !== 'UpdateJobExecution') return this.#noteExecution(message.payload.execution);
    const { jobDocument } = message.payload;
    if (jobDocument !== undefined)
      this.#noteDocument(this.#context.record.pendingOf(message.jobId ?? '', undefined)?.key, jobDocument);
  }

  onExecution(seen: Ended): void {
    if (seen.status !== 'SUCCEEDED' || seen.by !== 'device') return;
    const { record, broke } = this.#context;
    const documented = this.#wanted.get(identityKey(seen.execution));
    const version = documented ?? seen.statusDetails?.['version'];
    if (version === undefined) return;
    this.#reported = { version, seen };
    if (documented !== undefined) this.#compareDetails(documented, seen);
    const view = record.view();
    if (view !== undefined) {
      if (view.runningVersion === version) this.#agreed = seen;
      else
        broke('V9', {
          sign: 'reported-another-version',
          reason: `reported ${version} and runs ${view.runningVersion}`,
          evidence: [seen],
        });
    } else if (this.#told?.version === version) this.#agreed = seen;
  }

  onReportedVersion(seen: ObservationOf<'reported-version'>): void {
    this.#tell(seen.version, seen);
  }

  onWitness(seen: ObservationOf<'witness'>): void {
    if (seen.version !== undefined && seen.effect === 'activated') this.#tell(seen.version, seen);
  }

  conclude(now: EpochMs): Conclusion {
    const { record, limits } = this.#context;
    const reported = this.#reported;
    const told = this.#told;
    if (this.#detailed !== undefined && this.#contradicts !== undefined) {
      const { documented, seen } = this.#contradicts;
      return {
        outcome: 'fail',
        sign: 'reported-another-version',
        reason: `reported SUCCEEDED for ${documented}, and that it runs ${seen.statusDetails?.['version']}`,
        evidence: [seen, this.#detailed].sort((a, b) => a.at - b.at),
      };
    }
    if (this.#agreed !== undefined && this.#agreed === reported?.seen)
      return pass(`both say ${reported.version}`, [this.#agreed]);
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
  }

  #noteExecution(execution: ExecutionPayload | undefined): void {
    if (execution?.jobDocument !== undefined) this.#noteDocument(identityKey(execution), execution.jobDocument);
  }

  #noteDocument(key: string | undefined, document: object): void {
    if (key === undefined) return;
    const wanted = this.#wanted;
    const { operation, version } = document as { readonly operation?: unknown; readonly version?: unknown };
    if (operation === 'firmware' && version === wanted.get(key)) return;
    // The same ids may have come back with another document, within one second.
    wanted.delete(key);
    if (operation !== 'firmware' || typeof version !== 'string') return;
    wanted.set(key, version);
    if (wanted.size > rememberedDocuments) wanted.delete(wanted.keys().next().value!);
  }

  #tell(version: string, seen: Told): void {
    this.#told = { version, seen };
    if (this.#reported?.version === version) this.#agreed = this.#reported.seen;
  }

  #compareDetails(documented: string, seen: Ended): void {
    const named = seen.statusDetails?.['version'];
    if (named === documented) this.#detailed = seen;
    else if (named !== undefined) this.#contradicts = { documented, seen };
  }
}

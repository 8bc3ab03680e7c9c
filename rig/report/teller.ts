/**
 * The story of one device in human lines: as lines.ts has them for each observation alone, and with what only the course of
 * things tells: the first update of a job starts it, the same update again is a repetition, a refused version is set against
 * the one that was believed, and after a pull somebody asks how long it took.
 */
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DeviceRequest } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { nextJobId } from '../../protocol/topics.ts';
import { ordinal } from '../scenario/words.ts';
import { type Line, detailsText, lineOf } from './lines.ts';
import { spanText } from './words.ts';

/** Tells the lines of what comes next; in order, one device to a teller. */
export type Teller = (seen: Observation) => readonly Line[];

export function createTeller(): Teller {
  const story = new Story();
  return (seen) => story.next(seen);
}

class Story {
  /** By job id. */
  readonly #started = new Set<string>();
  #lastUpdate: { readonly text: string; readonly believed: number | undefined; times: number } | undefined;
  #wantsDocument = false;
  #pulled: { readonly at: EpochMs; readonly jobId: string } | undefined;
  #hasInside = false;

  next(seen: Observation): readonly Line[] {
    const line = lineOf(seen);
    switch (seen.kind) {
      case 'sent':
        return line === undefined ? [] : [{ ...line, text: this.#sent(seen) ?? line.text }];
      case 'received':
        return line === undefined ? [] : this.#received(seen, line);
      case 'execution':
        if (seen.force === true) this.#pulled = { at: seen.at, jobId: seen.execution.jobId };
        return line === undefined ? [] : [line];
      case 'traced':
        this.#hasInside = true;
        if (seen.trace.kind === 'recovered') return [this.#idleAgain(seen.at, 'Idle again')];
        return line === undefined ? [] : [line];
      default:
        return line === undefined ? [] : [line];
    }
  }

  #sent({ request, via }: ObservationOf<'sent'>): string | undefined {
    if (request.operation !== 'UpdateJobExecution') return undefined;
    const text = this.#update(request);
    return via === 'http' ? `${text} over HTTP` : text;
  }

  #update({ jobId = '', body }: DeviceRequest): string {
    const { status, statusDetails = {}, expectedVersion, includeJobDocument } = body;
    this.#wantsDocument = includeJobDocument === true;
    const text = JSON.stringify([jobId, status, statusDetails]);
    const last = this.#lastUpdate;
    if (last?.text === text && last.believed === expectedVersion) {
      last.times += 1;
      return `sends the same update again, ${ordinal(last.times)} time`;
    }
    this.#lastUpdate = { text, believed: expectedVersion, times: 1 };
    const details = detailsText(statusDetails);
    if (status === 'IN_PROGRESS' && !this.#started.has(jobId)) {
      this.#started.add(jobId);
      const believes = expectedVersion === undefined ? '' : `, believes version ${expectedVersion}`;
      return `starts **${jobId}**${believes}`;
    }
    if (status === 'IN_PROGRESS') return `reports IN_PROGRESS${details === '' ? '' : `, ${details}`}`;
    this.#started.delete(jobId);
    return `reports ${status ?? 'nothing'} for **${jobId}**${details === '' ? '' : `: ${details}`}`;
  }

  #received({ message, at }: ObservationOf<'received'>, line: Line): readonly Line[] {
    if (message.kind !== 'reply') return [line];
    if (message.outcome === 'rejected') {
      const { code, executionState } = message.payload;
      const believed = this.#lastUpdate?.believed;
      if (code !== 'VersionMismatch' || believed === undefined || executionState === undefined) return [line];
      const text = `**refused: VersionMismatch**, it believed ${believed}, the service has ${executionState.versionNumber}`;
      return [{ ...line, text }];
    }
    if (message.operation === 'UpdateJobExecution') {
      const hasDocument = this.#wantsDocument && message.payload.jobDocument !== undefined;
      return [hasDocument ? { ...line, text: `${line.text}, with the document` } : line];
    }
    const asksNext =
      message.operation === 'StartNextPendingJobExecution' ||
      message.operation === 'GetPendingJobExecutions' ||
      message.jobId === nextJobId;
    if (!asksNext || this.#pulled === undefined || this.#hasInside) return [line];
    return [line, this.#idleAgain(at, 'Asks for work again')];
  }

  #idleAgain(at: EpochMs, what: string): Line {
    const after = this.#pulled === undefined ? '' : `, ${spanText(at - this.#pulled.at)} after the pull`;
    this.#pulled = undefined;
    return { actor: 'device', text: `${what}${after}`, tone: 'recovery' };
  }
}

/**
 * V6: retries, requests, connections, bytes and erases stay under limits, with pauses that grow and have chance in them. Requests
 * and connections show on the wire; bytes and erases only where a world shows them, and then the reason says so.
 */
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import { type DurationMs, type EpochMs, msPerMinute } from '../../../protocol/time.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, pass } from '../claim.ts';
import { PauseWatch, type Tried } from '../pauses.ts';

const connecting: Tried = { operation: 'connect' };

export class Bounded implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V6',
    name: 'bounded',
    statement: 'keeps requests, connections, bytes and erases under limits, with growing, jittered pauses',
    needs: [],
  };
  readonly #context: ClaimContext;
  readonly #requests: RateLimit;
  readonly #connects: RateLimit;
  readonly #requestPauses: PauseWatch;
  readonly #connectPauses: PauseWatch;
  readonly #transfers: Transfers;
  #hasSeenInside = false;
  /** Executions that the device ended, in order of time. */
  readonly #ended: EpochMs[] = [];

  constructor(context: ClaimContext) {
    const { limits } = context;
    this.#context = context;
    this.#requests = new RateLimit(limits.requestsPerMinute);
    this.#connects = new RateLimit(limits.connectsPerMinute);
    this.#requestPauses = new PauseWatch(context, 'repeats the same request');
    this.#connectPauses = new PauseWatch(context, 'tries to connect');
    this.#transfers = new Transfers(context);
  }

  onConnecting(seen: ObservationOf<'connecting'>): void {
    const { limits, broke } = this.#context;
    const over = this.#connects.count(seen);
    if (over !== undefined) {
      broke('V6', {
        sign: 'connects-without-pause',
        reason: `more than ${limits.connectsPerMinute} attempts to connect within a minute`,
        evidence: over,
        since: seen.at - msPerMinute,
      });
    }
    this.#connectPauses.tried(connecting, seen);
  }

  onConnectFailed({ at }: ObservationOf<'connect-failed'>): void {
    this.#connectPauses.failed(connecting, at);
  }

  onConnected(): void {
    this.#connectPauses.succeeded();
  }

  onDisconnected({ at }: ObservationOf<'disconnected'>): void {
    this.#connectPauses.failed(connecting, at);
    this.#requestPauses.succeeded();
  }

  onProgram(): void {
    this.#connectPauses.succeeded();
    this.#requestPauses.succeeded();
  }

  onExecution({ by, status, at }: ObservationOf<'execution'>): void {
    if (by === 'device' && status !== 'IN_PROGRESS') this.#ended.push(at);
  }

  onSent(seen: ObservationOf<'sent'>): void {
    const { limits, broke } = this.#context;
    const more = limits.requestsPerExecution * this.#endedWithin(seen.at - msPerMinute);
    const over = this.#requests.count(seen, more);
    if (over !== undefined) {
      broke('V6', {
        sign: 'requests-without-pause',
        reason: `more than ${limits.requestsPerMinute} requests within a minute`,
        evidence: over,
        since: seen.at - msPerMinute,
      });
    }
    this.#requestPauses.tried(seen.request, seen);
  }

  onReceived({ message, at }: ObservationOf<'received'>): void {
    if (message.kind !== 'reply') return;
    if (message.outcome === 'accepted') this.#requestPauses.succeeded();
    else this.#requestPauses.failed(message, at);
  }

  onDownload(seen: ObservationOf<'download'>): void {
    this.#transfers.asked(seen);
  }

  onQuiet({ flash }: DeviceView, seen: Observation | undefined): void {
    const { limits, broke, record } = this.#context;
    this.#hasSeenInside = true;
    const most = limits.erasesPerExecution * (record.executions + 1);
    if (flash.erases <= most) return;
    broke('V6', {
      sign: 'erases-too-much',
      reason: `${flash.erases} erases of flash; ${most} can be explained`,
      evidence: [seen],
    });
  }

  conclude(): Conclusion {
    const parts = [`${this.#requests.busiest} requests in the busiest minute`];
    const unseen: string[] = [];
    if (this.#context.sights.has('downloads')) parts.push('no image twice');
    else unseen.push('downloads');
    if (!this.#hasSeenInside) unseen.push('erases');
    const note = unseen.length === 0 ? '' : `; ${unseen.join(' and ')} not observed`;
    return pass(`${parts.join(', ')}${note}`);
  }

  #endedWithin(since: EpochMs): number {
    const ended = this.#ended;
    while (ended[0] !== undefined && ended[0] < since) ended.shift();
    return ended.length;
  }
}

/** Of too many events in a minute so many are shown. */
const shownEvents = 6;

/** Counts events within a minute. */
class RateLimit {
  readonly #most: number;
  /** When they were, in order; those before `#from` are too old. */
  readonly #times: EpochMs[] = [];
  readonly #latest: Observation[] = [];
  #seen = 0;
  #from = 0;
  busiest = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param more that are allowed now. @returns the last of them when there were too many */
  count(seen: Observation, more = 0): readonly Observation[] | undefined {
    const times = this.#times;
    times.push(seen.at);
    while (seen.at - times[this.#from]! >= msPerMinute) this.#from += 1;
    if (this.#from > 64) {
      times.splice(0, this.#from);
      this.#from = 0;
    }
    this.#latest[this.#seen % shownEvents] = seen;
    this.#seen += 1;
    const within = times.length - this.#from;
    if (within > this.busiest) this.busiest = within;
    return within > this.#most + more ? this.#shown() : undefined;
  }

  /** In order. */
  #shown(): readonly Observation[] {
    const from = this.#seen % this.#latest.length;
    return [...this.#latest.slice(from), ...this.#latest.slice(0, from)];
  }
}

interface Transfer {
  readonly jobId: string;
  readonly executionNumber: number | undefined;
  bytes: number;
  readonly connects: number;
}

const rememberedTransfers = 64;
/** What a fault does to messages may go on for so long. */
const disturbedForMs: DurationMs = 300_000;

/** Bytes asked for one execution: an image once, and again for each connection and a few mishaps. */
class Transfers {
  readonly #context: ClaimContext;
  readonly #asked: Transfer[] = [];

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  asked(seen: ObservationOf<'download'>): void {
    if (seen.state !== 'asked') return;
    const { record, limits, broke } = this.#context;
    const { totalBytes } = seen;
    if (totalBytes === undefined) return;
    // A block of a stream that does not come is asked for again, as often as messages are lost.
    if (seen.via === 'stream' && seen.at - record.disturbedAt < disturbedForMs) return;
    const transfer = this.#transferOf(seen);
    transfer.bytes += seen.bytes;
    // So much is always allowed.
    if (transfer.bytes <= totalBytes * limits.downloadsPerExecution) return;
    const made = Math.max(
      1,
      record.ofJob(seen.jobId).reduce((sum, { interruptions }) => sum + 1 + interruptions, 0),
    );
    const most = totalBytes * (limits.downloadsPerExecution * made + record.connects - transfer.connects);
    if (totalBytes === 0 || transfer.bytes <= most) return;
    broke('V6', {
      sign: 'downloads-again-and-again',
      reason: `asked for ${transfer.bytes} bytes for ${seen.jobId}, an image of ${totalBytes}`,
      evidence: [seen],
    });
  }

  #transferOf({ jobId, executionNumber }: ObservationOf<'download'>): Transfer {
    for (let index = this.#asked.length - 1; index >= 0; index -= 1) {
      const known = this.#asked[index]!;
      if (known.jobId === jobId && known.executionNumber === executionNumber) return known;
    }
    const transfer: Transfer = { jobId, executionNumber, bytes: 0, connects: this.#context.record.connects };
    this.#asked.push(transfer);
    if (this.#asked.length > rememberedTransfers) this.#asked.shift();
    return transfer;
  }
}

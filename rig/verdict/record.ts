/**
 * What is known of one device, folded from its observations: its executions at the service, what it was told of them, its
 * connection, its open requests, its power. Every claim asks this record instead of folding the same stream again.
 */
import type { ExecutionIdentity, Step } from '../../observation/execution.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type ExecutionRecord, ExecutionRecords } from './execution-records.ts';
import type { Limits } from './limits.ts';
import { type OpenRequest, OpenRequests } from './open-requests.ts';
import { goneCodes, showsGone } from './told.ts';

const remembersLags = 64;
/** What left a door so shortly before the connection ended may not have arrived. */
const arrivalMs: DurationMs = 2000;

export class DeviceRecord extends ExecutionRecords {
  /** What it subscribed to on this connection, or in a session that outlives it. */
  readonly filters = new Set<string>();
  isConnected = false;
  connected: ObservationOf<'connected'> | undefined;
  disconnected: ObservationOf<'disconnected'> | undefined;
  /** Connections so far. */
  connects = 0;
  isPowered = true;
  /** It does nothing any more: nothing needs to be waited for. */
  isHung = false;
  /** The last thing that the rig did to it or its link, after which a device needs time again. */
  disturbedAt: EpochMs = 0;
  /** The last request of the device. */
  lastSent: ObservationOf<'sent'> | undefined;
  lastReceived: ObservationOf<'received'> | undefined;
  /** Some job was over before a power cut, and must not come back. */
  hasSurvivors = false;
  /** The last move of its inside, where that is shown. */
  moved: ObservationOf<'moved'> | undefined;
  readonly #limits: Limits;
  readonly #requests = new OpenRequests();
  readonly #lags: ObservationOf<'lag'>[] = [];

  constructor(limits: Limits) {
    super();
    this.#limits = limits;
  }

  get openRequests(): readonly OpenRequest[] {
    return this.#requests.all;
  }

  /** When the last of its requests was answered. */
  get answeredAt(): EpochMs {
    return this.#requests.answeredAt;
  }

  /** When the latest request was sent that has an answer: one before it without an answer will get none. */
  get answeredUpTo(): EpochMs {
    return this.#requests.answeredUpTo;
  }

  /** The inside as it is now. */
  view(): DeviceView | undefined {
    return this.moved?.view();
  }

  /** By how much the rig itself was late at most between two instants. */
  lateBetween(from: EpochMs, until: EpochMs): DurationMs {
    let most = 0;
    for (const { at, behindMs } of this.#lags) {
      // What is behind at `at` was so for as long before.
      if (at >= from && at - behindMs <= until) most = Math.max(most, behindMs);
    }
    return most;
  }

  onSubscribed({ filters }: ObservationOf<'subscribed'>): void {
    for (const { filter, qos } of filters) if (qos !== undefined) this.filters.add(filter);
  }

  onUnsubscribed({ filters }: ObservationOf<'unsubscribed'>): void {
    for (const filter of filters) this.filters.delete(filter);
  }

  onMoved(seen: ObservationOf<'moved'>): void {
    this.moved = seen;
  }

  onStep(step: Step, execution: ExecutionIdentity): void {
    if (step === 'receive') this.start(execution);
  }

  onCrash(): void {
    this.#forgetWhatRamHeld();
  }

  onPower({ on, at }: ObservationOf<'power'>): void {
    this.isPowered = on;
    this.disturbedAt = at;
    if (!on) this.#loseAll(at);
  }

  onHung(): void {
    this.isHung = true;
  }

  onFault({ at, name }: ObservationOf<'fault'>): void {
    this.disturbedAt = at;
    if (name.startsWith('memory ')) this.#loseMemory();
  }

  onLag(seen: ObservationOf<'lag'>): void {
    this.#lags.push(seen);
    if (this.#lags.length > remembersLags) this.#lags.shift();
  }

  onSent(seen: ObservationOf<'sent'>): void {
    this.lastSent = seen;
    this.#requests.sent(seen);
    for (const one of this.taken) if (seen.request.jobId === one.identity.jobId) one.isAskedAbout = true;
  }

  onReceived(seen: ObservationOf<'received'>): void {
    this.lastReceived = seen;
    const { message } = seen;
    if (message.kind === 'reply') {
      const answered = this.#requests.answer(message, seen.at);
      if (answered === undefined) return;
      if (message.outcome === 'rejected' && !goneCodes.has(message.payload.code)) this.#putOff();
      if (message.outcome === 'accepted' && message.operation === 'UpdateJobExecution') this.#close(answered, seen.at);
    }
    if (this.taken.size > 0) this.#tell(message, seen);
  }

  /** It asked, and was not answered: what it doubts, it still doubts with reason. */
  #putOff(): void {
    for (const one of this.taken) one.hinted = undefined;
  }

  /** The device knows that its own report was accepted. */
  #close({ request }: OpenRequest, at: EpochMs): void {
    const { status, executionNumber } = request.body;
    if (status === 'IN_PROGRESS') return;
    for (const one of this.ofJob(request.jobId ?? '')) {
      if (one.endedAt === undefined || one.isTaken) continue;
      if (executionNumber === undefined || executionNumber === one.identity.executionNumber) one.closedAt ??= at;
    }
  }

  #tell(message: DeviceMessage, seen: Observation): void {
    for (const one of this.taken) {
      if (one.answeredAt !== undefined) continue;
      const sign = showsGone(message, one.identity);
      if (sign === 'proof' && message.kind === 'reply' && message.jobId === one.identity.jobId)
        one.answeredAt = seen.at;
      if (one.known !== undefined) continue;
      if (sign === 'proof') one.known = seen;
      else if (sign === 'hint') one.hinted ??= seen;
    }
  }

  onConnected(seen: ObservationOf<'connected'>): void {
    this.isConnected = true;
    this.connected = seen;
    this.connects += 1;
    this.#requests.clear();
    if (!seen.sessionPresent) this.filters.clear();
  }

  onDisconnected(seen: ObservationOf<'disconnected'>): void {
    this.isConnected = false;
    this.disconnected = seen;
    this.#requests.clear();
    if (seen.end === 'lost' || seen.end === 'taken-over' || seen.end === 'by-service') this.disturbedAt = seen.at;
    for (const one of this.taken) {
      one.hinted = undefined;
      if (seen.source !== 'wire') continue;
      if (one.known !== undefined && seen.at - one.known.at < arrivalMs) one.known = undefined;
      if (one.answeredAt !== undefined && seen.at - one.answeredAt < arrivalMs) one.answeredAt = undefined;
    }
    if (seen.source !== 'wire') return;
    for (const one of this.ended) {
      if (one.closedAt !== undefined && seen.at - one.closedAt < arrivalMs) one.closedAt = undefined;
    }
  }

  onProgram(seen: ObservationOf<'program'>): void {
    if (seen.event === 'started') return;
    if (seen.byRig) this.disturbedAt = seen.at;
    this.#loseAll(seen.at);
  }

  /** All that was in RAM is gone; what had been over for long before, was over in non-volatile memory, too. */
  #loseAll(at: EpochMs): void {
    this.isConnected = false;
    this.#requests.clear();
    for (const one of this.ended) {
      const overSince = one.closedAt ?? one.answeredAt ?? (one.isAskedAbout ? undefined : one.known?.at);
      if (one.memoryLosses > 0 || overSince === undefined) continue;
      if (at - overSince >= this.#limits.noticeMs) {
        one.wasOverBeforeCut = true;
        this.hasSurvivors = true;
      }
      // Heard just before the cut: what it had no time to note down is forgotten.
      else one.closedAt = undefined;
    }
    this.#forgetWhatRamHeld();
    for (const one of this.pending) one.interruptions += 1;
  }

  /** A rig that takes its memory away cannot hold a device to it. */
  #loseMemory(): void {
    for (const one of this.pending) one.memoryLosses += 1;
    for (const one of this.ended) {
      one.memoryLosses += 1;
      one.closedAt = undefined;
      one.wasOverBeforeCut = false;
    }
  }

  #forgetWhatRamHeld(): void {
    for (const one of this.taken) {
      one.hinted = undefined;
      one.known = undefined;
      one.answeredAt = undefined;
    }
  }
}

/**
 * Since when a device has had no reason left to work for an execution that is gone. An answer leaves no doubt. After a
 * notification a device may ask before it believes it, and cannot help how long the answer takes; if it asks nobody, the
 * notification is all it needs.
 */
export function doubtedSince(
  { openRequests, answeredAt }: DeviceRecord,
  { answerMs }: Limits,
  { known, hinted }: ExecutionRecord,
  now: EpochMs,
): EpochMs | undefined {
  if (known !== undefined) return known.at;
  const open = openRequests.at(-1);
  if (hinted === undefined || (open !== undefined && now - open.at <= answerMs)) return undefined;
  return Math.max(hinted.at, answeredAt);
}

/**
 * What is known of one device, folded from its observations: its executions at the service, what it was told of them, its
 * connection, its open requests, its power. Every claim asks this record instead of folding the same stream again. Bounded:
 * executions that ended long ago are forgotten. It judges nothing.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation, ObservationOf, Observer } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { EndStatus } from './contract.ts';
import type { Limits } from './limits.ts';
import { goneCodes, showsGone } from './told.ts';

/** One execution, at the service and as far as the device was told of it. */
export interface ExecutionRecord {
  readonly identity: ExecutionIdentity;
  /** `jobId#executionNumber@queuedAt`. */
  readonly key: string;
  readonly created: ObservationOf<'execution'>;
  status: EndStatus;
  /** The last change of it at the service. */
  changed: ObservationOf<'execution'>;
  startedAt: EpochMs | undefined;
  /** Since when it is no longer pending. */
  endedAt: EpochMs | undefined;
  /** It was pending, and somebody else than the device ended it. */
  isTaken: boolean;
  /** The first message on this connection that makes the device doubt it. */
  hinted: Observation | undefined;
  /** From when the device has no more reason to doubt that it is gone. */
  known: Observation | undefined;
  /** From when an answer about this very execution says so; a head or a list may be wrong for a while (R39). */
  answeredAt: EpochMs | undefined;
  /** It asked about this very execution after a head or a list had shown it gone, and has no answer yet. */
  isAskedAbout: boolean;
  /** From when the device knows that its own report of it was accepted. */
  closedAt: EpochMs | undefined;
  /** It was over, and the device knew it for long, when its power was cut. */
  wasOverBeforeCut: boolean;
  /** Power cuts and ends of the program that fell into its time. */
  interruptions: number;
  /** How often non-volatile memory was lost or torn meanwhile: the device cannot know what it had done. */
  memoryLosses: number;
}

export interface OpenRequest {
  readonly request: DeviceRequest;
  readonly seen: ObservationOf<'sent'>;
}

export interface DeviceRecord {
  readonly observer: Observer;
  /** In the order in which they were made. */
  readonly pending: ReadonlySet<ExecutionRecord>;
  /** Taken away, and the device may still work on them or was told of it lately. */
  readonly taken: ReadonlySet<ExecutionRecord>;
  /** Requests without an answer on this connection, in order. */
  readonly openRequests: readonly OpenRequest[];
  /** When the last of its requests was answered. */
  readonly answeredAt: EpochMs;
  /** When the latest request was sent that has an answer: one before it without an answer will get none. */
  readonly answeredUpTo: EpochMs;
  readonly isConnected: boolean;
  readonly connected: ObservationOf<'connected'> | undefined;
  readonly disconnected: ObservationOf<'disconnected'> | undefined;
  /** Connections so far. */
  readonly connects: number;
  readonly isPowered: boolean;
  /** Executions so far. */
  readonly executions: number;
  /** The last thing that the rig did to it or its link, after which a device needs time again. */
  readonly disturbedAt: EpochMs;
  /** The last end of an execution. */
  readonly lastEndAt: EpochMs;
  /** The last request of the device. */
  readonly lastSent: ObservationOf<'sent'> | undefined;
  readonly lastReceived: ObservationOf<'received'> | undefined;
  /** What it subscribed to on this connection, or in a session that outlives it. */
  readonly filters: ReadonlySet<string>;
  /** All executions that are remembered. */
  remembered(): Iterable<ExecutionRecord>;
  byKey(key: string): ExecutionRecord | undefined;
  /** Of this job, in the order in which they were made. */
  ofJob(jobId: string): readonly ExecutionRecord[];
  pendingOf(jobId: string, executionNumber: number | undefined): ExecutionRecord | undefined;
  /**
   * What the service took an execution for when it let the device start it. Requests name job and number only, so a device
   * that was told late may start a new execution under the identity of one that is gone.
   */
  startedAs(key: string): string;
  /** How many executions there ever were of this identity; more than one when ids came back within a second. */
  createdTimes(key: string): number;
  /** The last move of its inside, where that is shown. */
  readonly moved: ObservationOf<'moved'> | undefined;
  /** The inside as it is now. */
  view(): DeviceView | undefined;
  /** By how much the rig itself was late at most between two instants. */
  lateBetween(from: EpochMs, until: EpochMs): DurationMs;
}

/** Executions that ended are remembered up to this number. */
const remembersEnded = 128;
const remembersLags = 64;
/** Executions of which it is still followed what the device is told. */
const remembersTaken = 12;
/** What left a door so shortly before the connection ended may not have arrived. */
const arrivalMs: DurationMs = 2000;

export function createRecord(limits: Limits): DeviceRecord {
  return new Record(limits);
}

class Record implements DeviceRecord {
  readonly pending = new Set<ExecutionRecord>();
  readonly taken = new Set<ExecutionRecord>();
  readonly openRequests: OpenRequest[] = [];
  readonly filters = new Set<string>();
  readonly observer: Observer;
  readonly #limits: Limits;
  readonly #byKey = new Map<string, ExecutionRecord>();
  readonly #ofJob = new Map<string, ExecutionRecord[]>();
  readonly #ended: ExecutionRecord[] = [];
  readonly #createdTimes = new Map<string, number>();
  readonly #startedAs = new Map<string, string>();
  readonly #lags: ObservationOf<'lag'>[] = [];
  moved: ObservationOf<'moved'> | undefined;
  connected: ObservationOf<'connected'> | undefined;
  disconnected: ObservationOf<'disconnected'> | undefined;
  isConnected = false;
  answeredAt = 0;
  answeredUpTo = 0;
  connects = 0;
  isPowered = true;
  executions = 0;
  disturbedAt = 0;
  lastEndAt = 0;
  lastSent: ObservationOf<'sent'> | undefined;
  lastReceived: ObservationOf<'received'> | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.observer = {
      execution: (seen) => this.#onExecution(seen),
      sent: (seen) => this.#onSent(seen),
      received: (seen) => this.#onReceived(seen),
      connected: (seen) => this.#onConnected(seen),
      disconnected: (seen) => this.#onDisconnected(seen),
      subscribed: ({ filters }) => {
        for (const { filter, qos } of filters) if (qos !== undefined) this.filters.add(filter);
      },
      unsubscribed: ({ filters }) => {
        for (const filter of filters) this.filters.delete(filter);
      },
      moved: (seen) => {
        this.moved = seen;
      },
      traced: ({ trace }) => {
        if (trace.kind === 'step' && trace.step === 'receive') this.#start(trace.execution);
        if (trace.kind === 'crash') this.#forgetWhatRamHeld();
      },
      power: ({ on, at }) => {
        this.isPowered = on;
        this.disturbedAt = at;
        if (!on) this.#loseAll(at);
      },
      program: (seen) => this.#onProgram(seen),
      fault: ({ at, name }) => {
        this.disturbedAt = at;
        if (name.startsWith('memory ')) this.#loseMemory();
      },
      lag: (seen) => {
        this.#lags.push(seen);
        if (this.#lags.length > remembersLags) this.#lags.shift();
      },
    };
  }

  remembered(): Iterable<ExecutionRecord> {
    return this.#byKey.values();
  }

  byKey(key: string): ExecutionRecord | undefined {
    return this.#byKey.get(key);
  }

  ofJob(jobId: string): readonly ExecutionRecord[] {
    return this.#ofJob.get(jobId) ?? [];
  }

  pendingOf(jobId: string, executionNumber: number | undefined): ExecutionRecord | undefined {
    for (const one of this.pending) {
      const { identity } = one;
      if (identity.jobId !== jobId) continue;
      if (executionNumber === undefined || identity.executionNumber === executionNumber) return one;
    }
    return undefined;
  }

  startedAs(key: string): string {
    return this.#startedAs.get(key) ?? key;
  }

  createdTimes(key: string): number {
    return this.#createdTimes.get(key) ?? 0;
  }

  view(): DeviceView | undefined {
    return this.moved?.view();
  }

  lateBetween(from: EpochMs, until: EpochMs): DurationMs {
    let most = 0;
    for (const { at, behindMs } of this.#lags) {
      // What is behind at `at` was so for as long before.
      if (at >= from && at - behindMs <= until) most = Math.max(most, behindMs);
    }
    return most;
  }

  #onExecution(seen: ObservationOf<'execution'>): void {
    const key = identityKey(seen.execution);
    const one = this.#byKey.get(key);
    const isPending = seen.status === 'QUEUED' || seen.status === 'IN_PROGRESS';
    if (one === undefined || (one.endedAt !== undefined && isPending)) {
      if (isPending) this.#add(key, seen);
      return;
    }
    one.status = seen.status;
    one.changed = seen;
    if (seen.status === 'IN_PROGRESS') one.startedAt ??= seen.at;
    if (isPending || one.endedAt !== undefined) return;
    one.endedAt = seen.at;
    this.lastEndAt = seen.at;
    this.pending.delete(one);
    if (seen.by !== 'device') {
      one.isTaken = true;
      this.taken.add(one);
      if (this.taken.size > remembersTaken) this.#dropOldestTaken();
    }
    this.#ended.push(one);
    if (this.#ended.length > remembersEnded) this.#forget(this.#ended.shift()!);
  }

  #dropOldestTaken(): void {
    const [oldest] = this.taken;
    if (oldest !== undefined) this.taken.delete(oldest);
  }

  #add(key: string, seen: ObservationOf<'execution'>): void {
    const before = this.#byKey.get(key);
    if (before !== undefined) this.#forget(before);
    const one: ExecutionRecord = {
      identity: seen.execution,
      key,
      created: seen,
      status: seen.status,
      changed: seen,
      startedAt: seen.status === 'IN_PROGRESS' ? seen.at : undefined,
      endedAt: undefined,
      isTaken: false,
      hinted: undefined,
      known: undefined,
      answeredAt: undefined,
      isAskedAbout: false,
      closedAt: undefined,
      wasOverBeforeCut: false,
      interruptions: 0,
      memoryLosses: 0,
    };
    this.executions += 1;
    this.#createdTimes.set(key, this.createdTimes(key) + 1);
    this.#byKey.set(key, one);
    this.pending.add(one);
    const { jobId } = seen.execution;
    const ofJob = this.#ofJob.get(jobId);
    if (ofJob === undefined) this.#ofJob.set(jobId, [one]);
    else ofJob.push(one);
  }

  #forget(one: ExecutionRecord): void {
    const { jobId } = one.identity;
    this.taken.delete(one);
    if (this.#byKey.get(one.key) === one) this.#byKey.delete(one.key);
    const ofJob = this.#ofJob.get(jobId)?.filter((other) => other !== one) ?? [];
    if (ofJob.length === 0) this.#ofJob.delete(jobId);
    else this.#ofJob.set(jobId, ofJob);
    if (this.#createdTimes.size > 8 * remembersEnded) this.#createdTimes.delete(one.key);
  }

  #onSent(seen: ObservationOf<'sent'>): void {
    this.lastSent = seen;
    this.openRequests.push({ request: seen.request, seen });
    for (const one of this.taken) if (seen.request.jobId === one.identity.jobId) one.isAskedAbout = true;
    // Somebody who floods the service is found by other means.
    if (this.openRequests.length > remembersEnded) this.openRequests.shift();
  }

  #onReceived(seen: ObservationOf<'received'>): void {
    this.lastReceived = seen;
    const { message } = seen;
    if (message.kind === 'reply') {
      // An answer to nothing that is open is a copy, and is dropped.
      const index = this.#openFor(message);
      if (index === -1) return;
      const [answered] = this.openRequests.splice(index, 1);
      this.answeredAt = seen.at;
      this.answeredUpTo = Math.max(this.answeredUpTo, answered!.seen.at);
      if (message.payload.clientToken !== undefined) this.#closeRepeats(message);
      if (message.outcome === 'rejected' && !goneCodes.has(message.payload.code)) this.#putOff();
      if (message.outcome === 'accepted' && message.operation === 'UpdateJobExecution') this.#close(answered!, seen.at);
    }
    if (this.taken.size > 0) this.#tell(message, seen);
  }

  /** Earlier tries of what was just answered, under the same token. */
  #closeRepeats(message: Extract<DeviceMessage, { kind: 'reply' }>): void {
    for (let index = this.#openFor(message); index !== -1; index = this.#openFor(message))
      this.openRequests.splice(index, 1);
  }

  #openFor(message: Extract<DeviceMessage, { kind: 'reply' }>): number {
    const { operation, jobId, namespaceId, payload } = message;
    const { openRequests } = this;
    for (let index = 0; index < openRequests.length; index += 1) {
      const { request } = openRequests[index]!;
      if (request.operation !== operation || request.namespaceId !== namespaceId) continue;
      if (jobId !== undefined && request.jobId !== jobId) continue;
      if (request.body.clientToken !== payload.clientToken) continue;
      return index;
    }
    return -1;
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

  #onConnected(seen: ObservationOf<'connected'>): void {
    this.isConnected = true;
    this.connected = seen;
    this.connects += 1;
    this.openRequests.length = 0;
    if (!seen.sessionPresent) this.filters.clear();
  }

  #onDisconnected(seen: ObservationOf<'disconnected'>): void {
    this.isConnected = false;
    this.disconnected = seen;
    this.openRequests.length = 0;
    if (seen.end === 'lost' || seen.end === 'taken-over' || seen.end === 'by-service') this.disturbedAt = seen.at;
    for (const one of this.taken) {
      one.hinted = undefined;
      if (seen.source !== 'wire') continue;
      if (one.known !== undefined && seen.at - one.known.at < arrivalMs) one.known = undefined;
      if (one.answeredAt !== undefined && seen.at - one.answeredAt < arrivalMs) one.answeredAt = undefined;
    }
    if (seen.source !== 'wire') return;
    for (const one of this.#ended) {
      if (one.closedAt !== undefined && seen.at - one.closedAt < arrivalMs) one.closedAt = undefined;
    }
  }

  #onProgram(seen: ObservationOf<'program'>): void {
    if (seen.event === 'started') return;
    if (seen.byRig) this.disturbedAt = seen.at;
    this.#loseAll(seen.at);
  }

  /** All that was in RAM is gone; what had been over for long before, was over in non-volatile memory, too. */
  #loseAll(at: EpochMs): void {
    this.isConnected = false;
    this.openRequests.length = 0;
    for (const one of this.#ended) {
      const overSince = one.closedAt ?? one.answeredAt ?? (one.isAskedAbout ? undefined : one.known?.at);
      if (one.memoryLosses > 0 || overSince === undefined) continue;
      if (at - overSince >= this.#limits.noticeMs) one.wasOverBeforeCut = true;
      // Heard just before the cut: what it had no time to note down is forgotten.
      else one.closedAt = undefined;
    }
    this.#forgetWhatRamHeld();
    for (const one of this.pending) one.interruptions += 1;
  }

  /** A rig that takes its memory away cannot hold a device to it. */
  #loseMemory(): void {
    for (const one of this.pending) one.memoryLosses += 1;
    for (const one of this.#ended) {
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

  #start(execution: ExecutionIdentity): void {
    const key = identityKey(execution);
    const pending = this.pendingOf(execution.jobId, execution.executionNumber)?.key ?? key;
    if (pending === key) this.#startedAs.delete(key);
    else this.#startedAs.set(key, pending);
  }
}

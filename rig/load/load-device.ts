/**
 * One thing of a load run without hardware: it works each execution that it is given as its job document says, and recovers
 * when that is taken away: what it hears of first, a changed head or a refusal, ends the work, and it asks again for what it
 * has to do. It has no steps and no flash; the agent proper runs with `--hardware`.
 * Source: docs/recovery.md (what a pulled device does), docs/reference/mqtt-api.md §4 and §5.
 */
import type { ExecutionPayload } from '../../protocol/device-messages.ts';
import { isJsonObject, parseJsonObject } from '../../protocol/json.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { jobsSpace } from '../../protocol/topics.ts';
import type { Work } from './contract.ts';
import type { FleetCounts } from './fleet-counts.ts';
import { WireClient, type WireListener } from './wire-client.ts';
import type { OpenLine } from './line.ts';
import { workOf } from './job-document.ts';

/** What all devices of a process share. */
export interface FleetContext {
  readonly counts: FleetCounts;
  readonly open: OpenLine;
  readonly keepAliveSeconds: number;
  readonly reconnectMs: DurationMs;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly now: () => DurationMs;
  /** When the execution of this job was meant to begin for this thing; absent in a closed loop. */
  readonly intendedAt: (jobId: string, index: number) => DurationMs | undefined;
  /** The first attempt of this device has ended, well or not. */
  readonly settled: (failure: string | undefined) => void;
}

/** How long an answer may take before the device asks again, or takes its connection for lost. */
const patienceMs = 10_000;
/** From opening a connection to SUBACK. */
const connectWithinMs = 20_000;
const firstBackOffMs = 200;
const longestBackOffMs = 10_000;
const startNextBody = '{"statusDetails":{"step":"start"}}';
/** Refusals after which the same request is made again. Source: docs/reference/mqtt-api.md §6. */
const mayTryAgain: ReadonlySet<string> = new Set(['RequestThrottled', 'InternalError']);
/** What an update is answered when its execution is gone or over. */
const isGone: ReadonlySet<string> = new Set(['ResourceNotFound', 'TerminalStateReached', 'InvalidStateTransition']);

type Asking = 'start-next' | 'update' | undefined;

/** What a device drops, and lives on: the request that it was to answer is made again in time. */
const malformed = 'malformed message';

/** What there is to do next, as a notification or an answer tells it. */
interface Next {
  readonly execution?: ExecutionPayload;
}

/** @returns `undefined` for what the service does not say */
function readNext(payload: Buffer): Next | undefined {
  const told = parseJsonObject(payload.toString());
  const execution = told?.['execution'];
  if (execution === undefined) return told;
  const isOne =
    isJsonObject(execution) && typeof execution['jobId'] === 'string' && typeof execution['versionNumber'] === 'number';
  return isOne ? (told as Next) : undefined;
}

export class LoadDevice implements WireListener {
  readonly #context: FleetContext;
  readonly #index: number;
  readonly #thingName: string;
  #client: WireClient | undefined;
  #isReady = false;
  #isSettled = false;
  #isClosed = false;
  #connectingSince: DurationMs = 0;
  #lastSentAt: DurationMs = 0;
  #pingedAt = 0;
  #isPinging = false;

  #asking: Asking;
  #askedAt: DurationMs = 0;
  /** The head has changed while a request was under way. */
  #asksAgain = false;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  #jobId: string | undefined;
  #work: Work | undefined;
  #updatesSent = 0;
  #version = 0;
  #notifiedAt: DurationMs | undefined;
  /** When it was cut off or its job was taken away; until it knows again what to do. */
  #lostAt: DurationMs | undefined;

  constructor(index: number, thingName: string, context: FleetContext) {
    this.#index = index;
    this.#thingName = thingName;
    this.#context = context;
  }

  connect(): void {
    if (this.#isClosed) return;
    const { counts, open, keepAliveSeconds } = this.#context;
    this.#connectingSince = this.#context.now();
    this.#lastSentAt = this.#connectingSince;
    counts.connecting += 1;
    const space = jobsSpace(this.#thingName);
    this.#client = new WireClient({
      index: this.#index,
      clientId: this.#thingName,
      filters: [`${space}notify-next`, `${space}start-next/+`, `${space}+/update/+`],
      keepAliveSeconds,
      open,
      listener: this,
    });
  }

  /** The connection is cut as a network does it; the device comes back after a pause. */
  cut(at: DurationMs): void {
    if (this.#client === undefined || this.#isClosed) return;
    this.#client.drop();
    this.#lostAt ??= at;
    this.#lost();
    this.#comeBack(this.#context.reconnectMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#isReady) this.#client?.disconnect();
    else this.#client?.drop();
  }

  /** Called about once a second. */
  look(now: DurationMs): void {
    const { counts, keepAliveSeconds } = this.#context;
    if (this.#client === undefined) return;
    if (!this.#isReady) {
      if (now - this.#connectingSince > connectWithinMs) this.#giveUp(this.#client.awaits, connectWithinMs);
      return;
    }
    if (this.#isPinging && now - this.#pingedAt > patienceMs) return this.#giveUp('PINGRESP', patienceMs);
    if (this.#asking !== undefined && now - this.#askedAt > patienceMs) {
      counts.fail('no answer');
      this.#asking = undefined;
      this.#askNext();
    }
    if (keepAliveSeconds > 0 && now - this.#lastSentAt > keepAliveSeconds * 750) {
      this.#lastSentAt = now;
      this.#pingedAt = this.#context.now();
      this.#isPinging = true;
      this.#client.ping();
    }
  }

  ready(): void {
    const { counts, now } = this.#context;
    this.#isReady = true;
    this.#attempt = 0;
    counts.connecting -= 1;
    counts.connected += 1;
    counts.record('connect', now() - this.#connectingSince, now());
    this.#settle(undefined);
    this.#askNext();
  }

  ponged(): void {
    const { counts, now } = this.#context;
    this.#isPinging = false;
    counts.record('ping', now() - this.#pingedAt, now());
  }

  /** Nobody answers, and nobody says that the connection is gone. */
  #giveUp(missing: string, afterMs: DurationMs): void {
    this.#client?.drop();
    this.gone(`no ${missing} for ${afterMs / 1000} s`);
  }

  gone(reason: string): void {
    const { counts } = this.#context;
    if (this.#isClosed) return;
    counts.fail(this.#isReady ? `disconnected: ${reason}` : `connect failed: ${reason}`);
    if (this.#isReady) this.#lostAt ??= this.#context.now();
    this.#lost();
    this.#settle(reason);
    this.#comeBack(Math.min(longestBackOffMs, firstBackOffMs * 2 ** this.#attempt));
    this.#attempt = Math.min(10, this.#attempt + 1);
  }

  message(topic: string, payload: Buffer): void {
    const end = topic.lastIndexOf('/');
    switch (topic.slice(end + 1)) {
      case 'notify-next':
        return this.#headChanged(payload);
      case 'accepted':
        return this.#accepted(payload);
      case 'rejected':
        return this.#rejected(payload);
      default:
        this.#context.counts.fail('unexpected message');
    }
  }

  #settle(failure: string | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#context.settled(failure);
  }

  #lost(): void {
    const { counts } = this.#context;
    if (this.#isReady) counts.connected -= 1;
    else counts.connecting -= 1;
    this.#isReady = false;
    this.#isPinging = false;
    this.#asking = undefined;
    this.#client = undefined;
    clearTimeout(this.#timer);
  }

  #comeBack(withinMs: DurationMs): void {
    this.#timer = setTimeout(() => this.connect(), this.#context.chance() * withinMs);
  }

  #headChanged(payload: Buffer): void {
    const { counts, now, intendedAt } = this.#context;
    const told = readNext(payload);
    if (told === undefined) return counts.fail(malformed);
    const { execution } = told;
    if (this.#jobId !== undefined && execution?.jobId !== this.#jobId) this.#pulled();
    if (execution === undefined || execution.jobId === this.#jobId) return;
    const at = now();
    const intended = intendedAt(execution.jobId, this.#index);
    if (intended !== undefined) counts.record('notify', at - intended, at);
    this.#notifiedAt = intended ?? at;
    this.#askNext();
  }

  /** The execution under way was taken away. */
  #pulled(): void {
    const { counts, now } = this.#context;
    const jobId = this.#jobId!;
    counts.job(jobId).pulled += 1;
    this.#jobId = undefined;
    clearTimeout(this.#timer);
    this.#lostAt ??= Math.min(now(), counts.takenAwayAt(jobId) ?? now());
    this.#askNext();
  }

  #askNext(): void {
    if (this.#asking !== undefined) {
      this.#asksAgain = true;
      return;
    }
    this.#asksAgain = false;
    this.#ask('start-next', `${jobsSpace(this.#thingName)}start-next`, startNextBody);
  }

  #ask(asking: 'start-next' | 'update', topic: string, payload: string): void {
    const at = this.#context.now();
    this.#asking = asking;
    this.#askedAt = at;
    this.#lastSentAt = at;
    this.#client?.publish(topic, payload);
  }

  #accepted(payload: Buffer): void {
    const { counts, now } = this.#context;
    const asking = this.#asking;
    if (asking === undefined) return counts.fail('answer that was not asked for');
    const told = asking === 'start-next' ? readNext(payload) : {};
    if (told === undefined) return counts.fail(malformed);
    const at = now();
    counts.record(asking, at - this.#askedAt, at);
    this.#asking = undefined;
    this.#attempt = 0;
    if (asking === 'start-next') return this.#toldNext(told, at);
    this.#version += 1;
    if (this.#jobId === undefined) return this.#askNext();
    if (this.#updatesSent > this.#work!.updates) return this.#finished(at);
    this.#goOn();
  }

  #toldNext({ execution }: Next, at: DurationMs): void {
    if (this.#lostAt !== undefined) {
      this.#context.counts.recovered += 1;
      this.#context.counts.record('recovery', at - this.#lostAt, at);
      this.#lostAt = undefined;
    }
    if (this.#jobId !== undefined && this.#jobId !== execution?.jobId) {
      this.#overMeanwhile(this.#jobId, at);
    }
    if (execution === undefined) {
      if (this.#asksAgain) this.#askNext();
      return;
    }
    this.#asksAgain = false;
    this.#version = execution.versionNumber;
    if (this.#jobId === undefined) this.#begin(execution, at);
    this.#goOn();
  }

  /** It was cut off, and its execution was over before it came back: taken away, or done with only the answer lost. */
  #overMeanwhile(jobId: string, at: DurationMs): void {
    const { counts } = this.#context;
    const isDone = this.#updatesSent > this.#work!.updates && counts.takenAwayAt(jobId) === undefined;
    if (isDone) return this.#finished(at);
    counts.job(jobId).pulled += 1;
    this.#jobId = undefined;
  }

  #begin(execution: ExecutionPayload, at: DurationMs): void {
    const { counts } = this.#context;
    counts.began(execution.jobId, at);
    this.#jobId = execution.jobId;
    this.#work = workOf(execution.jobDocument);
    this.#updatesSent = 0;
    this.#notifiedAt ??= this.#askedAt;
  }

  /** The next update, at once or after the pause of the work. */
  #goOn(): void {
    const { updates, pauseMs, holds } = this.#work!;
    if (holds && this.#updatesSent >= Math.min(1, updates)) return;
    if (pauseMs === 0 || this.#updatesSent === 0) return this.#update();
    this.#timer = setTimeout(() => this.#update(), pauseMs);
  }

  #update(): void {
    if (this.#asking !== undefined || this.#jobId === undefined || !this.#isReady) return;
    const { updates } = this.#work!;
    this.#updatesSent += 1;
    const isLast = this.#updatesSent > updates;
    const percent = Math.round((100 * this.#updatesSent) / (updates + 1));
    const payload = `{"status":"${isLast ? 'SUCCEEDED' : 'IN_PROGRESS'}","expectedVersion":${this.#version},"statusDetails":{"step":"work","percent":"${percent}"}}`;
    this.#ask('update', `${jobsSpace(this.#thingName)}${this.#jobId}/update`, payload);
  }

  #finished(at: DurationMs): void {
    const { counts } = this.#context;
    counts.succeeded(this.#jobId!, at - (this.#notifiedAt ?? at), at);
    this.#jobId = undefined;
    this.#notifiedAt = undefined;
    if (this.#asksAgain) this.#askNext();
  }

  #rejected(payload: Buffer): void {
    const { counts } = this.#context;
    const asking = this.#asking;
    if (asking === undefined) return counts.fail('answer that was not asked for');
    const code = parseJsonObject(payload.toString())?.['code'];
    if (typeof code !== 'string') return counts.fail(malformed);
    this.#asking = undefined;
    counts.exchanged();
    if (mayTryAgain.has(code)) {
      counts.refuse(code);
      if (asking === 'update') this.#updatesSent -= 1;
      return this.#afterBackOff(() => {
        if (asking === 'start-next' || this.#jobId === undefined) this.#askNext();
        else this.#update();
      });
    }
    if (asking === 'update' && this.#jobId === undefined) return this.#askNext();
    if (asking === 'update' && isGone.has(code)) return this.#pulled();
    counts.fail(`rejected: ${code}`);
    if (this.#jobId !== undefined) counts.job(this.#jobId).failed += 1;
    this.#jobId = undefined;
    // Asked at once, a service that does not know these things would be asked as fast as it answers.
    this.#afterBackOff(() => this.#askNext());
  }

  #afterBackOff(ask: () => void): void {
    const backOffMs =
      Math.min(longestBackOffMs, firstBackOffMs * 2 ** this.#attempt) * (0.5 + this.#context.chance() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#isReady && ask(), backOffMs);
  }
}

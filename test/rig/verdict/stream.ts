/**
 * Observations of one device as a door sees them, written by hand: a service that answers and notifies as AWS does, and a device
 * whose every message is said by the test. Times are in milliseconds since the start of the stream.
 */
import type { ExecutionIdentity } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import type { GrantedFilter, Observation, ObservationOf, Kind, Seen } from '../../../observation/observation.ts';
import { show } from '../../../observation/observers.ts';
import type { DeviceMessage, DeviceRequestBody } from '../../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { RequestOperation } from '../../../protocol/topics.ts';
import type { EndStatus, Finding, JudgeOptions, Sight } from '../../../rig/verdict/contract.ts';
import { createJudge } from '../../../rig/verdict/judge.ts';

export const thingName = 'thing-1';
const startAt: EpochMs = 1_700_000_000_000;

interface Kept {
  readonly identity: ExecutionIdentity;
  status: EndStatus;
  versionNumber: number;
}

type Pending = { readonly jobId: string; readonly status: string };

export class Stream {
  readonly seen: Observation[] = [];
  readonly #executions: Kept[] = [];
  /** What the device is told of, while it is connected. */
  hears: { readonly notify?: boolean; readonly notifyNext?: boolean } = { notify: true, notifyNext: true };
  #isConnected = false;
  now = startAt;

  wait(ms: DurationMs): this {
    this.now += ms;
    return this;
  }

  tell<K extends Kind>(kind: K, what: Seen[K], source: Observation['source'] = 'wire'): this {
    this.seen.push({ kind, at: this.now, source, thingName, ...what } as Observation);
    return this;
  }

  connect(filters: readonly string[] = notifications, sessionPresent = false): this {
    this.tell('connected', { sessionPresent });
    this.#isConnected = true;
    const granted: GrantedFilter[] = filters.map((filter) => ({ filter, qos: 1 }));
    return filters.length > 0 ? this.wait(20).tell('subscribed', { filters: granted }) : this;
  }

  disconnect(end: Seen['disconnected']['end'] = 'lost'): this {
    this.#isConnected = false;
    return this.tell('disconnected', { end });
  }

  /** The operator gives a job. */
  make(jobId: string, executionNumber = 1): this {
    const identity = { jobId, executionNumber, queuedAt: Math.floor(this.now / 1000) };
    this.#executions.push({ identity, status: 'QUEUED', versionNumber: 1 });
    return this.#changed(this.#executions.at(-1)!, 'operator').#notify();
  }

  /** The operator takes an execution away by force. */
  pull(jobId: string, status: EndStatus = 'DELETED'): this {
    return this.#end(jobId, status, 'operator', true);
  }

  /** What becomes of an execution at the service. */
  become(jobId: string, status: EndStatus, statusDetails?: Readonly<Record<string, string>>): this {
    const one = this.#pendingOf(jobId);
    if (status !== 'IN_PROGRESS') return this.#end(jobId, status, 'device', false, statusDetails);
    one.status = status;
    one.versionNumber += 1;
    return this.#changed(one, 'device', false, statusDetails);
  }

  /** The device asks; nobody answers. */
  ask(operation: RequestOperation, jobId?: string, body: DeviceRequestBody = {}, via: 'mqtt' | 'http' = 'mqtt'): this {
    return this.tell('sent', { request: { operation, ...(jobId !== undefined && { jobId }), body }, via });
  }

  /** The device updates, and the service answers as it must. */
  update(
    jobId: string,
    status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED',
    details?: Readonly<Record<string, string>>,
  ): this {
    this.ask('UpdateJobExecution', jobId, { status, ...(details && { statusDetails: details }) }).wait(5);
    const isThere = this.#executions.some((one) => one.identity.jobId === jobId && isPending(one));
    if (!isThere) return this.reject('UpdateJobExecution', 'ResourceNotFound', jobId);
    this.become(jobId, status, details);
    return this.answer('UpdateJobExecution', {}, jobId);
  }

  /** The device asks what is next, and is answered. */
  askNext(): this {
    this.ask('DescribeJobExecution', '$next').wait(5);
    return this.answer('DescribeJobExecution', this.#head(), '$next');
  }

  startNext(): this {
    this.ask('StartNextPendingJobExecution').wait(5);
    const [head] = this.#pending();
    if (head?.status === 'QUEUED') this.become(head.identity.jobId, 'IN_PROGRESS');
    return this.answer('StartNextPendingJobExecution', this.#head());
  }

  answer(operation: RequestOperation, payload: object, jobId?: string): this {
    return this.#receive({ kind: 'reply', outcome: 'accepted', operation, jobId, payload });
  }

  reject(operation: RequestOperation, code: string, jobId?: string): this {
    return this.#receive({ kind: 'reply', outcome: 'rejected', operation, jobId, payload: { code, message: code } });
  }

  download(jobId: string, bytes: number, totalBytes: number, executionNumber = 1): this {
    return this.tell('download', {
      jobId,
      executionNumber,
      fromByte: 0,
      bytes,
      totalBytes,
      state: 'asked',
      via: 'http',
    });
  }

  /** SIGKILL and a new start, by the rig. */
  cutPower(): this {
    this.#isConnected = false;
    this.tell('program', { event: 'exited', code: null, signal: 'SIGKILL', byRig: true }, 'host');
    return this.wait(1000).tell('program', { event: 'started', pid: 2 }, 'host');
  }

  judge(options: Partial<JudgeOptions> & { readonly sees?: readonly Sight[] } = {}): readonly Finding[] {
    const judge = createJudge({ thingName, sights: new Set(options.sees ?? []), ...options });
    for (const seen of this.seen) show(judge.observer, seen);
    return judge.conclude(this.now);
  }

  #end(
    jobId: string,
    status: EndStatus,
    by: ObservationOf<'execution'>['by'],
    force: boolean,
    details?: Readonly<Record<string, string>>,
  ): this {
    const one = this.#pendingOf(jobId);
    one.status = status;
    return this.#changed(one, by, force, details).#notify();
  }

  #changed(
    one: Kept,
    by: ObservationOf<'execution'>['by'],
    force = false,
    statusDetails?: Readonly<Record<string, string>>,
  ): this {
    const { identity, status, versionNumber } = one;
    return this.tell(
      'execution',
      {
        execution: identity,
        status,
        versionNumber,
        by,
        ...(force && { force }),
        ...(statusDetails && { statusDetails }),
      },
      'service',
    );
  }

  #notify(): this {
    if (!this.#isConnected) return this;
    this.wait(2);
    const shown = (status: string) =>
      this.#pending()
        .filter((one) => one.status === status)
        .map(({ identity, versionNumber }) => ({ ...identity, versionNumber, lastUpdatedAt: identity.queuedAt }));
    if (this.hears.notify === true) {
      const jobs = { IN_PROGRESS: shown('IN_PROGRESS'), QUEUED: shown('QUEUED') };
      this.#receive({ kind: 'notification', name: 'JobExecutionsChanged', payload: { jobs } });
    }
    if (this.hears.notifyNext === true) {
      this.#receive({ kind: 'notification', name: 'NextJobExecutionChanged', payload: this.#head() });
    }
    return this;
  }

  #head(): object {
    const [head] = this.#pending();
    if (head === undefined) return {};
    return {
      execution: {
        ...head.identity,
        status: head.status,
        versionNumber: head.versionNumber,
        lastUpdatedAt: head.identity.queuedAt,
        jobDocument: {},
      },
    };
  }

  #pending(): readonly Kept[] {
    const pending = this.#executions.filter(isPending);
    return [
      ...pending.filter(({ status }) => status === 'IN_PROGRESS'),
      ...pending.filter(({ status }) => status === 'QUEUED'),
    ];
  }

  #pendingOf(jobId: string): Kept {
    const found = this.#executions.findLast((one) => one.identity.jobId === jobId && isPending(one));
    if (found === undefined) throw new Error(`${jobId} is not pending`);
    return found;
  }

  #receive(message: { readonly payload: object; readonly [member: string]: unknown }): this {
    const timestamp = Math.floor(this.now / 1000);
    const whole = { bytes: 100, ...message, payload: { timestamp, ...message.payload } } as unknown as DeviceMessage;
    return this.tell('received', { message: whole });
  }
}

function isPending({ status }: Pending | Kept): boolean {
  return status === 'QUEUED' || status === 'IN_PROGRESS';
}

const prefix = `$aws/things/${thingName}/jobs`;
export const notifications = [`${prefix}/notify`, `${prefix}/notify-next`];

export const idleView: DeviceView = {
  powered: true,
  connected: true,
  step: 'idle',
  execution: undefined,
  runningVersion: '1.0.0',
  slots: [
    { version: '1.0.0', state: 'confirmed' },
    { version: undefined, state: 'empty' },
  ],
  activeSlot: 0,
  ram: { usedBytes: 1000, budgetBytes: 5000 },
  openDownload: false,
  flash: { erases: 3, wear: 1 },
  checkpoint: undefined,
  boots: 1,
  sideEffects: {},
  partsDone: {},
  downloads: {},
};

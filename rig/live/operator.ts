/**
 * The operator: the control plane through the unmodified AWS SDK, pointed at an endpoint. Every call is told to a listener
 * with its times and outcome, so that a timeline shows both sides. Holds no rule of the Jobs service; waits by asking.
 */
import {
  AddThingToThingGroupCommand,
  CancelJobCommand,
  CancelJobExecutionCommand,
  CreateJobCommand,
  CreateStreamCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DeleteJobCommand,
  DeleteJobExecutionCommand,
  DeleteStreamCommand,
  DeleteThingCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  IoTClient,
  RemoveThingFromThingGroupCommand,
  UpdateJobCommand,
} from '@aws-sdk/client-iot';
import PQueue from 'p-queue';
import { setTimeout as pause } from 'node:timers/promises';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** One call of an operator, from the moment it was made to its answer. */
export interface OperatorCall {
  readonly at: EpochMs;
  readonly answeredAt: EpochMs;
  /** AWS's operation name. */
  readonly operation: string;
  readonly jobId?: string;
  readonly thingName?: string;
  readonly force?: boolean;
  /** What was answered in a few words: a status, `ok`, or AWS's exception name. */
  readonly outcome: string;
}

export interface OperatorOptions {
  /** HTTP endpoint of the control plane. */
  readonly endpoint: string;
  readonly region: string;
  /** The clock that timelines are drawn by. */
  readonly now: () => EpochMs;
  readonly onCall?: (call: OperatorCall) => void;
  /** Ends long rows of calls early. */
  readonly signal?: AbortSignal;
}

export interface NewJob {
  readonly jobId: string;
  /** Absent: a continuous job for {@link groupName}. */
  readonly things?: readonly string[];
  readonly groupName?: string;
  /** JSON text. */
  readonly document: string;
  readonly namespaceId?: string;
  readonly inProgressTimeoutMinutes?: number;
  /** The document has placeholders of signed URLs. */
  readonly presignsUrls?: boolean;
  /** The job ends by itself so much later; AWS wants half an hour at least. */
  readonly ends?: { readonly afterMs: DurationMs; readonly behavior: 'STOP_ROLLOUT' | 'CANCEL' | 'FORCE_CANCEL' };
  readonly retries?: { readonly failureType: 'FAILED' | 'TIMED_OUT' | 'ALL'; readonly numberOfRetries: number };
}

/** Which execution an operator means: the newest, or one of them. */
export interface ExecutionName {
  readonly jobId: string;
  readonly thingName: string;
}

export interface NumberedExecution extends ExecutionName {
  readonly executionNumber: number;
  readonly namespaceId?: string;
}

export interface DeleteJobOptions {
  /** Default true. */
  readonly force?: boolean;
  readonly namespaceId?: string;
}

export interface SeenExecution {
  readonly status: JobExecutionStatus;
  readonly executionNumber: number;
}

/** Things created at once; more only queue at the service. */
const callsAtOnce = 32;
/** The first pause between two questions, and the longest: each is twice as long as the one before. */
const askAgainMs = 10;
const askAgainMaxMs = 160;
const deletionTimeoutMs = 30_000;

/** The role is a name only: the rig signs URLs by itself. */
const roleArn = 'arn:aws:iam::000000000000:role/jobrig';
const presignedUrlConfig = { roleArn, expiresInSec: 3600 } as const;

/** jobrig needs no account; the SDK needs something to sign with. */
const anyCredentials = { accessKeyId: 'jobrig', secretAccessKey: 'jobrig' };

export class Operator implements Disposable {
  readonly #options: OperatorOptions;
  readonly #client: IoTClient;
  readonly #queue = new PQueue({ concurrency: callsAtOnce });
  /** By thing name, as CreateThing answered. */
  readonly #arns = new Map<string, string>();

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#client = quietly(
      () =>
        new IoTClient({
          endpoint: options.endpoint,
          region: options.region,
          credentials: anyCredentials,
          requestHandler: { httpAgent: { keepAlive: true, maxSockets: callsAtOnce } },
        }),
    );
  }

  /** Creates the things and one thing group that holds them all. */
  async createThings(names: readonly string[], groupName: string): Promise<void> {
    const { thingGroupArn } = await this.#call('CreateThingGroup', {}, () =>
      this.#client.send(new CreateThingGroupCommand({ thingGroupName: groupName })),
    );
    this.#arns.set(groupName, thingGroupArn ?? '');
    const tasks = names.map((thingName) => () => this.#createThing(thingName, groupName));
    await this.#queue.addAll(tasks);
  }

  async #createThing(thingName: string, thingGroupName: string): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { thingArn } = await this.#call('CreateThing', { thingName }, () =>
      this.#client.send(new CreateThingCommand({ thingName })),
    );
    this.#arns.set(thingName, thingArn ?? '');
    await this.joinGroup(thingName, thingGroupName);
  }

  async createJob(job: NewJob): Promise<void> {
    const { jobId, things, groupName, document, namespaceId, inProgressTimeoutMinutes, presignsUrls, retries, ends } =
      job;
    const targets = things?.map((thingName) => this.#arns.get(thingName) ?? '') ?? [
      this.#arns.get(groupName ?? '') ?? '',
    ];
    await this.#call('CreateJob', { jobId }, () =>
      this.#client.send(
        new CreateJobCommand({
          jobId,
          targets,
          document,
          namespaceId,
          ...(things === undefined && { targetSelection: 'CONTINUOUS' }),
          ...(inProgressTimeoutMinutes !== undefined && {
            timeoutConfig: { inProgressTimeoutInMinutes: inProgressTimeoutMinutes },
          }),
          ...(presignsUrls && { presignedUrlConfig }),
          ...(ends && {
            schedulingConfig: { endTime: endTimeOf(ends.afterMs), endBehavior: ends.behavior },
          }),
          ...(retries && { jobExecutionsRetryConfig: { criteriaList: [retries] } }),
        }),
      ),
    );
  }

  async updateJob(jobId: string, inProgressTimeoutInMinutes: number): Promise<void> {
    await this.#call('UpdateJob', { jobId }, () =>
      this.#client.send(new UpdateJobCommand({ jobId, timeoutConfig: { inProgressTimeoutInMinutes } })),
    );
  }

  async cancelJob(jobId: string, force: boolean): Promise<void> {
    await this.#call('CancelJob', { jobId, force }, () => this.#client.send(new CancelJobCommand({ jobId, force })));
  }

  async cancelExecution({ jobId, thingName }: ExecutionName, force: boolean): Promise<void> {
    await this.#call('CancelJobExecution', { jobId, thingName, force }, () =>
      this.#client.send(new CancelJobExecutionCommand({ jobId, thingName, force })),
    );
  }

  async joinGroup(thingName: string, thingGroupName: string): Promise<void> {
    await this.#call('AddThingToThingGroup', { thingName }, () =>
      this.#client.send(new AddThingToThingGroupCommand({ thingName, thingGroupName })),
    );
  }

  async leaveGroup(thingName: string, thingGroupName: string): Promise<void> {
    await this.#call('RemoveThingFromThingGroup', { thingName }, () =>
      this.#client.send(new RemoveThingFromThingGroupCommand({ thingName, thingGroupName })),
    );
  }

  /** A stream of one file, number 0. */
  async createStream(streamId: string, s3Location: { readonly bucket: string; readonly key: string }): Promise<void> {
    const files = [{ fileId: 0, s3Location }];
    await this.#call('CreateStream', {}, () =>
      this.#client.send(new CreateStreamCommand({ streamId, files, roleArn })),
    );
  }

  async deleteStream(streamId: string): Promise<void> {
    await this.#call('DeleteStream', {}, () => this.#client.send(new DeleteStreamCommand({ streamId })));
  }

  async deleteThing(thingName: string): Promise<void> {
    await this.#call('DeleteThing', { thingName }, () => this.#client.send(new DeleteThingCommand({ thingName })));
  }

  /** @returns `undefined` when there is no such execution */
  async execution(jobId: string, thingName: string): Promise<SeenExecution | undefined> {
    try {
      const { execution } = await this.#call(
        'DescribeJobExecution',
        { jobId, thingName },
        () => this.#client.send(new DescribeJobExecutionCommand({ jobId, thingName })),
        (answer) => answer.execution?.status ?? 'ok',
      );
      const { status, executionNumber } = execution ?? {};
      if (status === undefined || executionNumber === undefined) return undefined;
      return { status, executionNumber: Number(executionNumber) };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async executionStatus(jobId: string, thingName: string): Promise<JobExecutionStatus | undefined> {
    return (await this.execution(jobId, thingName))?.status;
  }

  async deleteExecution(execution: NumberedExecution, force = true): Promise<void> {
    const { jobId, thingName, executionNumber, namespaceId } = execution;
    await this.#call('DeleteJobExecution', { jobId, thingName, force }, () =>
      this.#client.send(new DeleteJobExecutionCommand({ jobId, thingName, executionNumber, namespaceId, force })),
    );
  }

  async deleteJob(jobId: string, options: DeleteJobOptions = {}): Promise<void> {
    const { force = true, namespaceId } = options;
    await this.#call('DeleteJob', { jobId, force }, () =>
      this.#client.send(new DeleteJobCommand({ jobId, namespaceId, force })),
    );
  }

  /** Until a deletion is over and the job's id is free again; a job is DELETION_IN_PROGRESS until then. */
  async whenGone(jobId: string): Promise<void> {
    const startedAt = performance.now();
    let pauseMs = askAgainMs;
    while (performance.now() - startedAt < deletionTimeoutMs) {
      try {
        await this.#client.send(new DescribeJobCommand({ jobId }));
      } catch (error) {
        if (isNotFound(error)) return;
        throw error;
      }
      await pause(pauseMs);
      pauseMs = Math.min(askAgainMaxMs, 2 * pauseMs);
    }
    throw new OperationalError('JOB_NOT_DELETED', `Job ${jobId} is still being deleted`, {
      hint: 'The service may be overloaded: try fewer things.',
    });
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  async #call<Answer>(
    operation: string,
    subject: { readonly jobId?: string; readonly thingName?: string; readonly force?: boolean },
    send: () => Promise<Answer>,
    outcomeOf: (answer: Answer) => string = () => 'ok',
  ): Promise<Answer> {
    const at = this.#options.now();
    const tell = (outcome: string) =>
      this.#options.onCall?.({ at, answeredAt: this.#options.now(), operation, ...subject, outcome });
    try {
      const answer = await send();
      tell(outcomeOf(answer));
      return answer;
    } catch (error) {
      tell(error instanceof Error ? error.name : 'failed');
      throw error;
    }
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'ResourceNotFoundException';
}

const noWarning = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/**
 * The AWS SDK warns on stderr, once in a process and when its first client is made, that a later version of it will want a
 * later Node. It is not for a library to let another one speak in its user's program; the environment stays as it was.
 */
function quietly<Made>(make: () => Made): Made {
  const before = process.env[noWarning];
  process.env[noWarning] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[noWarning];
    else process.env[noWarning] = before;
  }
}

/** As AWS writes it, to the minute. */
function endTimeOf(afterMs: DurationMs): string {
  return new Date(Date.now() + afterMs).toISOString().slice(0, 16);
}

export function namespaceOf(namespaceId: string | undefined): { readonly namespaceId?: string } {
  return namespaceId === undefined ? {} : { namespaceId };
}

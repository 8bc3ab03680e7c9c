/**
 * The operator: the control plane through the unmodified AWS SDK, pointed at an endpoint. Every call is told to a listener
 * with its times and outcome, so that a timeline shows both sides. Holds no rule of the Jobs service; waits by asking.
 */
import {
  AddThingToThingGroupCommand,
  CreateJobCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DeleteJobCommand,
  DeleteJobExecutionCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import PQueue from 'p-queue';
import { setTimeout as pause } from 'node:timers/promises';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { OperatorCall } from './demo/evidence.ts';

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
  readonly things: readonly string[];
  /** JSON text. */
  readonly document: string;
  readonly namespaceId?: string;
}

export interface SeenExecution {
  readonly status: JobExecutionStatus;
  readonly executionNumber: number;
}

/** Things created at once; more only queue at the service. */
const callsAtOnce = 32;
const askAgainMs = 10;
const deletionTimeoutMs = 30_000;

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
    await this.#call('CreateThingGroup', {}, () =>
      this.#client.send(new CreateThingGroupCommand({ thingGroupName: groupName })),
    );
    const tasks = names.map((thingName) => () => this.#createThing(thingName, groupName));
    await this.#queue.addAll(tasks);
  }

  async #createThing(thingName: string, thingGroupName: string): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { thingArn } = await this.#call('CreateThing', { thingName }, () =>
      this.#client.send(new CreateThingCommand({ thingName })),
    );
    this.#arns.set(thingName, thingArn ?? '');
    await this.#call('AddThingToThingGroup', { thingName }, () =>
      this.#client.send(new AddThingToThingGroupCommand({ thingName, thingGroupName })),
    );
  }

  async createJob({ jobId, things, document, namespaceId }: NewJob): Promise<void> {
    const targets = things.map((thingName) => this.#arns.get(thingName) ?? '');
    await this.#call('CreateJob', { jobId }, () =>
      this.#client.send(new CreateJobCommand({ jobId, targets, document, namespaceId })),
    );
  }

  /** The execution's status; `undefined` when there is no such execution. */
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

  async forceDeleteExecution(execution: {
    readonly jobId: string;
    readonly thingName: string;
    readonly executionNumber: number;
    readonly namespaceId?: string;
  }): Promise<void> {
    const { jobId, thingName, executionNumber, namespaceId } = execution;
    await this.#call('DeleteJobExecution', { jobId, thingName }, () =>
      this.#client.send(
        new DeleteJobExecutionCommand({
          jobId,
          thingName,
          executionNumber: executionNumber,
          namespaceId,
          force: true,
        }),
      ),
    );
  }

  async forceDeleteJob(jobId: string, namespaceId?: string): Promise<void> {
    await this.#call('DeleteJob', { jobId }, () =>
      this.#client.send(new DeleteJobCommand({ jobId, namespaceId, force: true })),
    );
  }

  /** Until a deletion is over and the job's id is free again; a job is DELETION_IN_PROGRESS until then. */
  async whenGone(jobId: string): Promise<void> {
    const startedAt = performance.now();
    while (performance.now() - startedAt < deletionTimeoutMs) {
      try {
        await this.#client.send(new DescribeJobCommand({ jobId }));
      } catch (error) {
        if (isNotFound(error)) return;
        throw error;
      }
      await pause(askAgainMs);
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
    subject: { readonly jobId?: string; readonly thingName?: string },
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

/**
 * The operator: the control plane through the unmodified AWS SDK, pointed at an endpoint. Every call is told with its times and
 * outcome, so that a timeline shows both sides. Waits by asking.
 */
import {
  AddThingToThingGroupCommand,
  CreateJobCommand,
  type CreateJobCommandInput,
  CreateThingCommand,
  CreateThingGroupCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import PQueue from 'p-queue';
import { setTimeout as pause } from 'node:timers/promises';
import type { ObservationOf } from '../../observation/observation.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { formatScheduleTime } from '../../protocol/schedule.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';
import { present } from '../../protocol/json.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

export interface OperatorOptions {
  /** HTTP endpoint of the control plane. */
  readonly endpoint: string;
  readonly region: string;
  /** The clock that timelines are drawn by. */
  readonly now: () => EpochMs;
  readonly onCall?: (call: ObservationOf<'called'>) => void;
  /** Ends long rows of calls early. */
  readonly signal?: AbortSignal | undefined;
}

/** As AWS has it, for targets that were made here. */
export interface NewJob extends Omit<CreateJobCommandInput, 'targets' | 'targetSelection'> {
  /** Absent: a continuous job for {@link groupName}. */
  readonly things?: readonly string[] | undefined;
  readonly groupName?: string;
}

/** Which execution an operator means: the newest. */
export interface ExecutionName {
  readonly jobId: string;
  readonly thingName: string;
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

/** jobrig needs no account; the SDK needs something to sign with. */
const anyCredentials = { accessKeyId: 'jobrig', secretAccessKey: 'jobrig' };

export class Operator implements Disposable {
  readonly #options: OperatorOptions;
  readonly #client: IoTClient;
  readonly #queue = new PQueue({ concurrency: callsAtOnce });
  /** By name of a thing or a group, as the service answered. */
  readonly #arns = new Map<string, string>();
  /** Any command of the SDK. */
  readonly send: IoTClient['send'];

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
    tellCalls(this.#client, options);
    this.send = this.#client.send.bind(this.#client);
  }

  /** Creates the things and one thing group that holds them all. */
  async createThings(names: readonly string[], thingGroupName: string): Promise<void> {
    const { thingGroupArn = '' } = await this.send(new CreateThingGroupCommand({ thingGroupName }));
    this.#arns.set(thingGroupName, thingGroupArn);
    await this.#queue.addAll(
      names.map((thingName) => async () => {
        this.#options.signal?.throwIfAborted();
        const { thingArn = '' } = await this.send(new CreateThingCommand({ thingName }));
        this.#arns.set(thingName, thingArn);
        await this.send(new AddThingToThingGroupCommand({ thingName, thingGroupName }));
      }),
    );
  }

  async createJob({ things, groupName = '', ...job }: NewJob): Promise<void> {
    const targets = (things ?? [groupName]).map((name) => this.#arns.get(name) ?? '');
    const continuous = things === undefined && ({ targetSelection: 'CONTINUOUS' } as const);
    await this.send(new CreateJobCommand({ ...job, targets, ...continuous }));
  }

  /** @returns `undefined` when there is no such execution */
  async execution({ jobId, thingName }: ExecutionName): Promise<SeenExecution | undefined> {
    try {
      const { execution } = await this.send(new DescribeJobExecutionCommand({ jobId, thingName }));
      const { status, executionNumber } = execution ?? {};
      if (status === undefined || executionNumber === undefined) return undefined;
      return { status, executionNumber: Number(executionNumber) };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Until a deletion is over and the job's id is free again; a job is DELETION_IN_PROGRESS until then. */
  async whenGone(jobId: string): Promise<void> {
    const startedAt = performance.now();
    let pauseMs = askAgainMs;
    while (performance.now() - startedAt < deletionTimeoutMs) {
      try {
        await this.send(new DescribeJobCommand({ jobId }));
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

  /** As schedules have it, on the clock that the service has, too. */
  timeAfter(ms: DurationMs): string {
    return formatScheduleTime(this.#options.now() + ms);
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

/** What is only asked again and again until it is so. */
const untold = 'DescribeJob';

function tellCalls({ middlewareStack }: IoTClient, { now, onCall }: OperatorOptions): void {
  if (onCall === undefined) return;
  middlewareStack.add(
    (next, { commandName = '' }) =>
      async (call) => {
        const operation = commandName.replace(/Command$/, '');
        if (operation === untold) return next(call);
        const startedAt = now();
        const { jobId, thingName, force } = call.input as Partial<ExecutionName> & { readonly force?: boolean };
        const called = { kind: 'called', source: 'operator', startedAt, operation } as const;
        const named = present({ jobId, thingName, force });
        const tell = (outcome: string): void => onCall({ ...called, at: now(), outcome, ...named });
        try {
          const answered = await next(call);
          const { execution } = answered.output as { readonly execution?: Partial<SeenExecution> };
          tell(execution?.status ?? 'ok');
          return answered;
        } catch (error) {
          tell(error instanceof Error ? error.name : 'failed');
          throw error;
        }
      },
    { step: 'initialize', name: 'tellCalls' },
  );
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

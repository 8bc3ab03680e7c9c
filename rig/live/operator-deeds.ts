/**
 * An operator's deeds in a live world, done through the unmodified AWS SDK: the same for our own fleet and for a device of somebody
 * else. What the service refuses an operator is part of the story: it was over already, or gone. A job that cannot be made is not.
 */
import {
  AddThingToThingGroupCommand,
  CancelJobCommand,
  CancelJobExecutionCommand,
  CreateStreamCommand,
  DeleteJobCommand,
  DeleteJobExecutionCommand,
  DeleteStreamCommand,
  DeleteThingCommand,
  RemoveThingFromThingGroupCommand,
  UpdateJobCommand,
} from '@aws-sdk/client-iot';
import type { CreateJobDeed, DeedOf, Names, OperatorDeed } from '../scenario/contract.ts';
import { retryCriteriaOf } from '../scenario/retry-criteria.ts';
import type { ExecutionName, NewJob, Operator } from './operator.ts';

/** What a job is made with. */
export interface MadeDocument {
  /** JSON text. */
  readonly text: string;
  /** It has placeholders of signed URLs. */
  readonly hasUrl?: boolean;
  /** The device asks a stream of the job's name for the image, which this is. */
  readonly stream?: { readonly bucket: string; readonly key: string } | undefined;
}

export interface OperatorDeedsOptions {
  readonly operator: Operator;
  readonly names: Names;
  /** The world's names of all its things; the first is meant where a deed names none. */
  readonly thingNames: readonly string[];
  /** Of all things, for continuous jobs. */
  readonly groupName: string;
  /** The document of a job that is about to be made under this id. */
  readonly documentOf: (deed: CreateJobDeed, jobId: string) => MadeDocument | Promise<MadeDocument>;
  /** The world's own namespace for what the scenario says. Absent: the scenario's. */
  readonly namespaceOf?: (namespace: string | undefined) => string | undefined;
}

/** The role is a name only: the rig signs URLs by itself. */
const roleArn = 'arn:aws:iam::000000000000:role/jobrig';

export class OperatorDeeds {
  readonly #options: OperatorDeedsOptions;
  /** The namespace of each job that was made, by its id. */
  readonly #made = new Map<string, string | undefined>();
  /** Jobs whose deletion was asked for: their ids can be used again once it is over. */
  readonly #deleted = new Set<string>();
  /** Streams that were made, by the job's id, which they have for a name. */
  readonly #streams = new Set<string>();

  constructor(options: OperatorDeedsOptions) {
    this.#options = options;
  }

  async perform(deed: OperatorDeed): Promise<void> {
    try {
      await this.#perform(deed);
    } catch (error) {
      if (deed.do === 'create-job' || !isRefusal(error)) throw error;
    }
  }

  /** So that whoever comes next finds an empty queue; and a thing may be in ten groups at most (docs/reference/limits.md). */
  async undo(): Promise<void> {
    const { operator, thingNames, groupName: thingGroupName } = this.#options;
    const undone = [
      ...[...this.#made].map(([jobId, namespaceId]) => new DeleteJobCommand({ jobId, namespaceId, force: true })),
      ...thingNames.map((thingName) => new RemoveThingFromThingGroupCommand({ thingName, thingGroupName })),
    ];
    for (const command of undone) await operator.send(command as DeleteJobCommand).catch(() => {});
  }

  async #perform(deed: OperatorDeed): Promise<unknown> {
    const { names, groupName: thingGroupName } = this.#options;
    const { send } = this.#options.operator;
    const thingName = this.#nameOf('thing' in deed ? deed.thing : undefined);
    const jobId = 'job' in deed ? names.jobId(deed.job) : '';
    switch (deed.do) {
      case 'create-job':
        return this.#createJob(jobId, deed);
      case 'update-job':
        return send(new UpdateJobCommand({ jobId, timeoutConfig: timeoutOf(deed) }));
      case 'cancel-job':
        return send(new CancelJobCommand({ jobId, force: deed.force }));
      case 'cancel-execution':
        return send(new CancelJobExecutionCommand({ jobId, thingName, force: deed.force }));
      case 'delete-job': {
        const { force, namespace } = deed;
        await send(new DeleteJobCommand({ jobId, force, namespaceId: this.#namespaceOf(namespace) }));
        return this.#deleted.add(jobId);
      }
      case 'delete-execution':
        return this.#deleteExecution({ jobId, thingName }, deed);
      case 'leave-group':
        return send(new RemoveThingFromThingGroupCommand({ thingName, thingGroupName }));
      case 'join-group':
        return send(new AddThingToThingGroupCommand({ thingName, thingGroupName }));
      case 'rejoin-group':
        await send(new RemoveThingFromThingGroupCommand({ thingName, thingGroupName }));
        return send(new AddThingToThingGroupCommand({ thingName, thingGroupName }));
      case 'delete-thing':
        return send(new DeleteThingCommand({ thingName }));
      case 'delete-stream':
        return this.#streams.delete(jobId) && send(new DeleteStreamCommand({ streamId: jobId }));
    }
  }

  async #createJob(jobId: string, deed: CreateJobDeed): Promise<void> {
    const { operator, groupName, thingNames, documentOf } = this.#options;
    if (this.#deleted.delete(jobId)) await operator.whenGone(jobId);
    const { text, hasUrl, stream } = await documentOf(deed, jobId);
    const namespaceId = this.#namespaceOf(deed.namespace);
    this.#made.set(jobId, namespaceId);
    if (stream !== undefined && !this.#streams.has(jobId)) {
      this.#streams.add(jobId);
      const files = [{ fileId: 0, s3Location: stream }];
      await operator.send(new CreateStreamCommand({ streamId: jobId, files, roleArn }));
    }
    const things = deed.things?.map((label) => this.#nameOf(label)) ?? thingNames;
    await operator.createJob({
      jobId,
      document: text,
      namespaceId,
      ...(deed.group === true ? { groupName } : { things }),
      ...(deed.timeoutMinutes !== undefined && { timeoutConfig: timeoutOf(deed) }),
      ...(hasUrl && { presignedUrlConfig: { roleArn, expiresInSec: 3600 } }),
      ...(deed.ends && {
        schedulingConfig: { endTime: operator.timeAfter(deed.ends.afterMs), endBehavior: deed.ends.behavior },
      }),
      ...(deed.retries && { jobExecutionsRetryConfig: { criteriaList: retryCriteriaOf(deed.retries) } }),
    });
  }

  /** Of the newest execution where no number is given. One that has ended has gone by itself: there is nothing to pull. */
  async #deleteExecution(
    execution: ExecutionName,
    { number, namespace, force }: DeedOf<'delete-execution'>,
  ): Promise<void> {
    const { operator } = this.#options;
    const executionNumber = number ?? (await operator.execution(execution))?.executionNumber;
    if (executionNumber === undefined) return;
    const namespaceId = this.#namespaceOf(namespace);
    await operator.send(new DeleteJobExecutionCommand({ ...execution, executionNumber, namespaceId, force }));
  }

  #nameOf(label: string | undefined): string {
    const { names, thingNames } = this.#options;
    return label === undefined ? (thingNames[0] ?? '') : names.thingName(label);
  }

  #namespaceOf(namespace: string | undefined): string | undefined {
    const { namespaceOf } = this.#options;
    return namespaceOf === undefined ? namespace : namespaceOf(namespace);
  }
}

function timeoutOf({ timeoutMinutes }: { readonly timeoutMinutes?: number }): NonNullable<NewJob['timeoutConfig']> {
  return { inProgressTimeoutInMinutes: timeoutMinutes };
}

/** An exception of AWS's. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name.endsWith('Exception');
}

/**
 * The operator of a world in virtual time: carries out an operator's deeds as control-plane commands. An id that is still being
 * deleted is tried again for a while, as a person would; every other refusal is taken as it is.
 */
import type { CommandOf, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import { formatThingArn, formatThingGroupArn } from '../../protocol/names.ts';
import { formatScheduleTime } from '../../protocol/schedule.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { CreateJobDeed, DeedOf, OperatorDeed, ThingLabel } from '../scenario/contract.ts';
import { streamNamedIn } from '../scenario/documents.ts';
import { retryCriteriaOf } from '../scenario/retry-criteria.ts';
import { fleetGroup } from './configuration.ts';
import type { EventQueue } from './event-queue.ts';
import { imageKey } from './stream-service.ts';

/** How the operator reaches the service. */
export interface ControlPlane {
  readonly queue: Pick<EventQueue<() => void>, 'now' | 'schedule'>;
  /** By the service's clock. */
  readonly serviceNow: EpochMs;
  ask<Name extends OperationName>(command: CommandOf<Name>): Reply<ResponseOf<Name>>;
}

export interface OperatorOptions {
  /** Labels of all things, in order. */
  readonly things: readonly ThingLabel[];
  readonly thingName: (label: ThingLabel) => string;
  /** The text of the job's document. */
  readonly documentOf: (deed: CreateJobDeed) => string;
}

export interface Operator {
  perform(deed: OperatorDeed): void;
  /** Tries something again later. */
  isBusy(): boolean;
}

export const identity = { region: 'us-east-1', account: '000000000000' } as const;

const roleArn = 'arn:aws:iam::000000000000:role/streams';

const createAgainMs: DurationMs = 250;
const maxAttempts = 40;

export function createOperator(plane: ControlPlane, { things, thingName, documentOf }: OperatorOptions): Operator {
  let waiting = 0;
  const streamOf = new Map<string, string>();
  const nameOf = (label: ThingLabel = things[0] ?? ''): string => thingName(label);

  function perform(deed: OperatorDeed): void {
    switch (deed.do) {
      case 'create-job':
        return create(deed, documentOf(deed), maxAttempts);
      case 'delete-stream':
        plane.ask({ name: 'iot:DeleteStream', request: { streamId: streamOf.get(deed.job) ?? deed.job } });
        return;
      case 'update-job': {
        const timeoutConfig = { inProgressTimeoutInMinutes: deed.timeoutMinutes };
        plane.ask({ name: 'iot:UpdateJob', request: { jobId: deed.job, timeoutConfig } });
        return;
      }
      case 'delete-job':
        plane.ask({
          name: 'iot:DeleteJob',
          request: { jobId: deed.job, force: deed.force, ...inNamespace(deed.namespace) },
        });
        return;
      case 'delete-execution':
        return deleteExecution(deed);
      case 'cancel-job':
        plane.ask({ name: 'iot:CancelJob', request: { jobId: deed.job, force: deed.force } });
        return;
      case 'cancel-execution': {
        const request = { jobId: deed.job, thingName: nameOf(deed.thing), force: deed.force };
        plane.ask({ name: 'iot:CancelJobExecution', request });
        return;
      }
      case 'leave-group':
        return leave(nameOf(deed.thing));
      case 'join-group':
        return join(nameOf(deed.thing));
      case 'rejoin-group':
        leave(nameOf(deed.thing));
        return join(nameOf(deed.thing));
      case 'delete-thing':
        plane.ask({ name: 'iot:DeleteThing', request: { thingName: nameOf(deed.thing) } });
    }
  }

  function create(deed: CreateJobDeed, document: string, attempts: number): void {
    createStream(deed.job, document);
    const reply = plane.ask({ name: 'iot:CreateJob', request: createJobRequest(deed, document) });
    if (reply.accepted || attempts === 1 || !isBeingDeleted(deed.job)) return;
    waiting += 1;
    plane.queue.schedule(plane.queue.now + createAgainMs, () => {
      waiting -= 1;
      create(deed, document, attempts - 1);
    });
  }

  /** That which the document names, if any; there may be one of an earlier job. */
  function createStream(job: string, document: string): void {
    const stream = streamNamedIn(document);
    if (stream === undefined) return;
    streamOf.set(job, stream.streamId);
    const key = imageKey(stream.bytes);
    const files = [{ fileId: 0, s3Location: { bucket: 'images', key } }];
    plane.ask({ name: 'iot:CreateStream', request: { streamId: stream.streamId, files, roleArn } });
  }

  function isBeingDeleted(jobId: string): boolean {
    const described = plane.ask({ name: 'iot:DescribeJob', request: { jobId } });
    return described.accepted && described.response.job?.status === 'DELETION_IN_PROGRESS';
  }

  /** Of the newest execution where no number is given: the one that a device may be working on. */
  function deleteExecution({ job: jobId, thing, namespace, force, number }: DeedOf<'delete-execution'>): void {
    const name = nameOf(thing);
    const executionNumber = number ?? newestNumber(jobId, name);
    if (executionNumber === undefined) return;
    const request = { jobId, thingName: name, executionNumber, force, ...inNamespace(namespace) };
    plane.ask({ name: 'iot:DeleteJobExecution', request });
  }

  function newestNumber(jobId: string, name: string): number | undefined {
    const described = plane.ask({ name: 'iot:DescribeJobExecution', request: { jobId, thingName: name } });
    return described.accepted ? described.response.execution?.executionNumber : undefined;
  }

  function leave(name: string): void {
    plane.ask({
      name: 'iot:RemoveThingFromThingGroup',
      request: { thingGroupName: fleetGroup, thingName: name },
    });
  }

  function join(name: string): void {
    plane.ask({ name: 'iot:AddThingToThingGroup', request: { thingGroupName: fleetGroup, thingName: name } });
  }

  function createJobRequest(deed: CreateJobDeed, document: string): CommandOf<'iot:CreateJob'>['request'] {
    const { job: jobId, group, namespace, timeoutMinutes, retries, ends } = deed;
    const targets = (deed.things ?? things).map((label) => formatThingArn(identity, thingName(label)));
    return {
      jobId,
      targets: group === true ? [formatThingGroupArn(identity, fleetGroup)] : targets,
      targetSelection: group === true ? 'CONTINUOUS' : 'SNAPSHOT',
      document,
      ...inNamespace(namespace),
      ...(timeoutMinutes !== undefined && { timeoutConfig: { inProgressTimeoutInMinutes: timeoutMinutes } }),
      ...(retries && { jobExecutionsRetryConfig: { criteriaList: retryCriteriaOf(retries) } }),
      ...(ends && {
        schedulingConfig: { endTime: formatScheduleTime(plane.serviceNow + ends.afterMs), endBehavior: ends.behavior },
      }),
    };
  }

  return { perform, isBusy: () => waiting > 0 };
}

function inNamespace(namespaceId: string | undefined): { readonly namespaceId?: string } {
  return namespaceId === undefined ? {} : { namespaceId };
}

/**
 * Device events in words: the topic that was used and a few words on what was said, for evidence lists and timelines.
 * Says nothing about whether it was right.
 */
import type { DeviceTrace } from '../../../observation/inside.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { InjectedFault } from '../../../faults/thing-faults.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';
import { formatJobsTopic } from '../../../protocol/topics.ts';
import type { EpochMs } from '../../../protocol/time.ts';

export interface Evidence {
  readonly at: EpochMs;
  readonly direction: 'sent' | 'received' | 'inside';
  readonly topic?: string;
  readonly note: string;
}

export function evidenceOf(thingName: string, event: DeviceEvent): Evidence {
  const { at } = event;
  switch (event.kind) {
    case 'sent':
      return {
        at,
        direction: 'sent',
        topic: requestTopic(thingName, event.request),
        note: requestWords(event.request),
      };
    case 'received':
      return {
        at,
        direction: 'received',
        topic: messageTopic(thingName, event.message),
        note: messageWords(event.message),
      };
    case 'trace':
      return { at, direction: 'inside', note: traceWords(event.trace) };
    case 'connected':
      return { at, direction: 'inside', note: 'connected' };
    case 'disconnected':
      return { at, direction: 'inside', note: event.reason ? `disconnected: ${event.reason}` : 'disconnected' };
    case 'power':
      return { at, direction: 'inside', note: event.on ? 'power on' : 'power cut' };
    case 'fault':
      return { at, direction: 'inside', note: faultWords(event.fault) };
  }
}

function requestTopic(thingName: string, { operation, jobId, namespaceId }: DeviceRequest): string {
  return formatJobsTopic({
    kind: 'request',
    thingName,
    operation,
    ...(jobId !== undefined && { jobId }),
    ...(namespaceId !== undefined && { namespaceId }),
  });
}

function messageTopic(thingName: string, message: DeviceMessage): string {
  const { namespaceId } = message;
  const namespace = namespaceId === undefined ? {} : { namespaceId };
  if (message.kind === 'notification') {
    return formatJobsTopic({ kind: 'notification', thingName, name: message.name, ...namespace });
  }
  const { operation, outcome, jobId } = message;
  return formatJobsTopic({
    kind: 'reply',
    thingName,
    operation,
    outcome,
    ...(jobId !== undefined && { jobId }),
    ...namespace,
  });
}

function requestWords({ operation, jobId, namespaceId, body }: DeviceRequest): string {
  const namespace = namespaceId === undefined ? '' : ` in ${namespaceId}`;
  if (operation !== 'UpdateJobExecution') return [operation, jobId].filter(Boolean).join(' ') + namespace;
  const expected = body.expectedVersion === undefined ? '' : `, expects version ${body.expectedVersion}`;
  const details = Object.entries(body.statusDetails ?? {}).map(([key, value]) => `${key} ${value}`);
  return `update to ${body.status}${expected}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

function messageWords(message: DeviceMessage): string {
  if (message.kind === 'notification') {
    if (message.name === 'JobExecutionsChanged') return pendingWords(message.payload.jobs);
    const { execution } = message.payload;
    return execution === undefined ? 'next: none' : `next: ${execution.jobId} ${execution.status}`;
  }
  if (message.outcome === 'rejected') return `rejected ${message.payload.code}: ${message.payload.message}`;
  switch (message.operation) {
    case 'GetPendingJobExecutions':
      return pendingWords({ IN_PROGRESS: message.payload.inProgressJobs, QUEUED: message.payload.queuedJobs });
    case 'UpdateJobExecution': {
      const state = message.payload.executionState;
      return state === undefined ? 'accepted' : `accepted, ${state.status} version ${state.versionNumber}`;
    }
    default: {
      const { execution } = message.payload;
      if (execution === undefined) return 'accepted, nothing pending';
      return `accepted, ${execution.jobId}#${execution.executionNumber} ${execution.status} version ${execution.versionNumber}`;
    }
  }
}

type Pending = { readonly [Status in 'IN_PROGRESS' | 'QUEUED']?: readonly { readonly jobId: string }[] };

function pendingWords(jobs: Pending): string {
  const listed = (['IN_PROGRESS', 'QUEUED'] as const).flatMap((status) =>
    (jobs[status] ?? []).map(({ jobId }) => `${jobId} ${status}`),
  );
  return listed.length === 0 ? 'pending: none' : `pending: ${listed.join(', ')}`;
}

function faultWords({ name, operation }: InjectedFault): string {
  const about = operation === undefined ? '' : ` (${operation})`;
  return `fault: ${name}${about}`;
}

function traceWords(trace: DeviceTrace): string {
  switch (trace.kind) {
    case 'step':
      return trace.percent > 0 && trace.percent < 100 ? `${trace.step} ${Math.round(trace.percent)} %` : trace.step;
    case 'pulled':
      return `learnt from ${trace.by} that ${trace.execution.jobId} is gone, at ${trace.step}`;
    case 'recovered':
      return `recovered from ${trace.execution.jobId}`;
    case 'finished':
      return `finished ${trace.execution.jobId}: ${trace.status}`;
    case 'boot':
      return `boot ${trace.boots}, version ${trace.version}`;
    case 'crash':
      return trace.cause === 'watchdog' ? 'the watchdog resets the device' : 'the supply sags and resets the device';
    case 'download':
      return `asks for bytes ${trace.fromByte} to ${trace.fromByte + trace.bytes - 1} of ${trace.totalBytes}`;
    case 'asleep':
      return 'the radio falls asleep';
    case 'awake':
      return `awake after ${Math.round(trace.sleptMs / 1000)} s`;
    case 'note':
      return trace.text;
  }
}

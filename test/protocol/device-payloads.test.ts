import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobExecution } from '../../protocol/device-api.ts';
import { acceptedBytes, notifyBytes, notifyNextBytes, rejectedBytes } from '../../protocol/device-bytes.ts';
import { acceptedJson, notifyJson, notifyNextJson, rejectedJson } from '../../protocol/device-json.ts';
import { type DeviceMessage, decodeDeviceMessage } from '../../protocol/device-messages.ts';
import {
  type DeviceResponse,
  acceptedPayload,
  dataPlanePayload,
  notifyNextPayload,
  notifyPayload,
  rejectedPayload,
} from '../../protocol/device-payloads.ts';
import { type RejectionCode, rejections } from '../../protocol/rejections.ts';
import {
  type NotificationTopic,
  type ReplyTopic,
  type RequestOperation,
  formatJobsTopic,
} from '../../protocol/topics.ts';
import { clientTokens, documents, executions, jobIds, moments, namespaceIds, texts } from './arbitraries.ts';

const head: JobExecution = {
  jobId: 'Job1',
  thingName: 'T',
  executionNumber: 1,
  status: 'QUEUED',
  queuedAt: 1_719_940_994_700,
  lastUpdatedAt: 1_719_940_994_999,
  versionNumber: 1,
  retryAttempt: 0,
};
const running: JobExecution = {
  ...head,
  status: 'IN_PROGRESS',
  statusDetails: { step: 'download' },
  startedAt: 1_719_943_388_000,
  lastUpdatedAt: 1_719_943_388_000,
  versionNumber: 2,
  timesOutAt: 1_719_943_988_000,
};
const at = 1_719_943_388_000;
const summary = {
  jobId: 'Job1',
  queuedAt: 1_719_940_994,
  lastUpdatedAt: 1_719_940_994,
  executionNumber: 1,
  versionNumber: 1,
};
const runningSummary = { ...summary, startedAt: 1_719_943_388, lastUpdatedAt: 1_719_943_388, versionNumber: 2 };
const jobDocument = '{"ToDo":"Reboot"}';

describe('payloads', () => {
  it('say a fresh head as AWS does: no thing, no start, no empty details', () => {
    expect(notifyNextPayload({ at: head.queuedAt, head, jobDocument })).toStrictEqual({
      timestamp: 1_719_940_994,
      execution: { ...summary, status: 'QUEUED', jobDocument: { ToDo: 'Reboot' } },
    });
  });

  it('say a running execution with its details and the seconds left', () => {
    expect(acceptedPayload('DescribeJobExecution', { execution: running }, at, 'tok')).toStrictEqual({
      clientToken: 'tok',
      timestamp: 1_719_943_388,
      execution: {
        ...runningSummary,
        status: 'IN_PROGRESS',
        statusDetails: { step: 'download' },
        approximateSecondsBeforeTimedOut: 599,
      },
    });
  });

  it('have nothing but the time when nothing is pending or asked for', () => {
    expect(acceptedPayload('UpdateJobExecution', {}, at)).toStrictEqual({ timestamp: 1_719_943_388 });
    expect(acceptedPayload('StartNextPendingJobExecution', {}, at)).toStrictEqual({ timestamp: 1_719_943_388 });
    expect(acceptedPayload('DescribeJobExecution', {}, at)).toStrictEqual({ timestamp: 1_719_943_388 });
    expect(notifyNextPayload({ at })).toStrictEqual({ timestamp: 1_719_943_388 });
  });

  it('always have both lists in get/accepted, and only lists with entries in notify', () => {
    expect(acceptedPayload('GetPendingJobExecutions', { inProgress: [], queued: [] }, at)).toStrictEqual({
      timestamp: 1_719_943_388,
      inProgressJobs: [],
      queuedJobs: [],
    });
    expect(notifyPayload({ at, inProgress: [], queued: [] })).toStrictEqual({ timestamp: 1_719_943_388, jobs: {} });
    expect(notifyPayload({ at, inProgress: [running], queued: [head] })).toStrictEqual({
      timestamp: 1_719_943_388,
      jobs: { IN_PROGRESS: [runningSummary], QUEUED: [summary] },
    });
  });

  it('tell the state that a refusal met', () => {
    const refusal = {
      code: 'VersionMismatch',
      message: 'Expected version 99 but found version 1',
      executionState: head,
    } as const;
    expect(rejectedPayload(refusal, at, 'tok')).toStrictEqual({
      code: 'VersionMismatch',
      message: 'Expected version 99 but found version 1',
      clientToken: 'tok',
      timestamp: 1_719_943_388,
      executionState: { status: 'QUEUED', versionNumber: 1 },
    });
  });

  it('on the data plane name the thing, keep documents as text, and have neither time nor token', () => {
    expect(dataPlanePayload('DescribeJobExecution', { execution: head, jobDocument }, at)).toStrictEqual({
      execution: { ...summary, status: 'QUEUED', thingName: 'T', jobDocument },
    });
    expect(dataPlanePayload('DescribeJobExecution', {}, at)).toStrictEqual({});
    expect(dataPlanePayload('GetPendingJobExecutions', { inProgress: [], queued: [head] }, at)).toStrictEqual({
      inProgressJobs: [],
      queuedJobs: [summary],
    });
    expect(dataPlanePayload('UpdateJobExecution', { executionState: running, jobDocument }, at)).toStrictEqual({
      executionState: { status: 'IN_PROGRESS', statusDetails: { step: 'download' }, versionNumber: 2 },
      jobDocument,
    });
  });
});

/** A message in all its forms, as the service makes it. */
interface Said {
  readonly topic: ReplyTopic | NotificationTopic;
  readonly payload: object;
  readonly json: string;
  readonly bytes: number;
  readonly clientToken?: string;
}

const maybeDocument = fc.option(documents, { nil: undefined });
const described = fc.oneof(
  fc.constant({}),
  fc.record({ execution: executions, jobDocument: maybeDocument }),
) as fc.Arbitrary<DeviceResponse<'DescribeJobExecution'>>;
const pending = fc.record({
  inProgress: fc.array(executions, { maxLength: 4 }),
  queued: fc.array(executions, { maxLength: 4 }),
});

const responses: { readonly [Operation in RequestOperation]: fc.Arbitrary<DeviceResponse<Operation>> } = {
  GetPendingJobExecutions: pending,
  StartNextPendingJobExecution: described,
  DescribeJobExecution: described,
  UpdateJobExecution: fc.record({
    executionState: fc.option(executions, { nil: undefined }),
    jobDocument: maybeDocument,
  }),
};

const spaces = fc.record({ namespaceId: namespaceIds }, { requiredKeys: [] });

function replyTopic(
  operation: RequestOperation,
  outcome: 'accepted' | 'rejected',
  jobId: string,
  space: { readonly namespaceId?: string },
): ReplyTopic {
  const topic = { kind: 'reply', thingName: 'T', operation, outcome } as const;
  if (operation === 'GetPendingJobExecutions') return topic;
  return operation === 'StartNextPendingJobExecution' ? { ...topic, ...space } : { ...topic, ...space, jobId };
}

function accepted<Operation extends RequestOperation>(operation: Operation): fc.Arbitrary<Said> {
  return fc
    .tuple(responses[operation], moments, clientTokens, jobIds, spaces)
    .map(([response, when, clientToken, jobId, space]) => ({
      topic: replyTopic(operation, 'accepted', jobId, space),
      payload: acceptedPayload(operation, response, when, clientToken),
      json: acceptedJson(operation, response, when, clientToken),
      bytes: acceptedBytes(operation, response, when, clientToken),
      clientToken,
    }));
}

const rejected: fc.Arbitrary<Said> = fc
  .record({
    operation: fc.constantFrom(...(Object.keys(responses) as RequestOperation[])),
    code: fc.constantFrom(...(Object.keys(rejections) as RejectionCode[])),
    message: texts,
    executionState: fc.option(executions, { nil: undefined }),
    when: moments,
    clientToken: clientTokens,
    jobId: jobIds,
    space: spaces,
  })
  .map(({ operation, code, message, executionState, when, clientToken, jobId, space }) => ({
    topic: replyTopic(operation, 'rejected', jobId, space),
    payload: rejectedPayload({ code, message, executionState }, when, clientToken),
    json: rejectedJson({ code, message, executionState }, when, clientToken),
    bytes: rejectedBytes({ code, message, executionState }, when, clientToken),
    clientToken,
  }));

const notified: fc.Arbitrary<Said> = fc.tuple(pending, moments, spaces).map(([lists, when, space]) => ({
  topic: { kind: 'notification', thingName: 'T', name: 'JobExecutionsChanged', ...space },
  payload: notifyPayload({ ...lists, at: when }),
  json: notifyJson({ ...lists, at: when }),
  bytes: notifyBytes({ ...lists, at: when }),
}));

const notifiedNext: fc.Arbitrary<Said> = fc
  .tuple(described, moments, spaces)
  .map(([{ execution, jobDocument: text }, when, space]) => ({
    topic: { kind: 'notification', thingName: 'T', name: 'NextJobExecutionChanged', ...space },
    payload: notifyNextPayload({ at: when, head: execution, jobDocument: text }),
    json: notifyNextJson({ at: when, head: execution, jobDocument: text }),
    bytes: notifyNextBytes({ at: when, head: execution, jobDocument: text }),
  }));

describe.each([
  ['get/accepted', accepted('GetPendingJobExecutions')],
  ['start-next/accepted', accepted('StartNextPendingJobExecution')],
  ['J/get/accepted', accepted('DescribeJobExecution')],
  ['J/update/accepted', accepted('UpdateJobExecution')],
  ['…/rejected', rejected],
  ['notify', notified],
  ['notify-next', notifiedNext],
])('%s', (_, messages) => {
  it('is the same as text and as object', () => {
    fc.assert(
      fc.property(messages, ({ json, payload }) => {
        expect(JSON.parse(json)).toStrictEqual(JSON.parse(JSON.stringify(payload)));
      }),
    );
  });

  it('is as long as its text', () => {
    fc.assert(
      fc.property(messages, ({ json, bytes }) => {
        expect(bytes).toBe(Buffer.byteLength(json));
      }),
    );
  });

  it('omits what is not set, and never says null', () => {
    fc.assert(
      fc.property(messages, ({ payload }) => {
        const unset: string[] = [];
        JSON.stringify(payload, (key, value: unknown) => {
          if (value === null || value === undefined) unset.push(key);
          return key === 'jobDocument' ? 'whatever its author wrote' : value;
        });
        expect(unset).toEqual([]);
      }),
    );
  });

  it('has the clientToken of the request, or none', () => {
    fc.assert(
      fc.property(messages, ({ json, clientToken }) => {
        const said = JSON.parse(json) as { clientToken?: string };
        expect('clientToken' in said).toBe(clientToken !== undefined);
        expect(said.clientToken).toBe(clientToken);
      }),
    );
  });

  it('counts time in whole seconds', () => {
    fc.assert(
      fc.property(messages, ({ json }) => {
        for (const [, value] of json.matchAll(/"(?:timestamp|queuedAt|startedAt|lastUpdatedAt)":([^,}]*)/g)) {
          if (/^\d+(\.\d+)?$/.test(value ?? '')) expect(Number(value) % 1).toBe(0);
        }
      }),
    );
  });

  it('is understood by a device as it was said', () => {
    fc.assert(
      fc.property(messages, ({ topic, json }) => {
        const payload = Buffer.from(json);
        const { thingName: __, ...address } = topic;
        const expected = { ...address, bytes: payload.length, payload: JSON.parse(payload.toString()) as object };
        expect(decodeDeviceMessage(formatJobsTopic(topic), payload)).toStrictEqual(expected as DeviceMessage);
      }),
    );
  });
});

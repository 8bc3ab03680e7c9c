import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type JobsTopic,
  type NotificationTopic,
  type ReplyTopic,
  type RequestTopic,
  formatJobsTopic,
  jobsSpace,
  nextJobId,
  parseJobsTopic,
} from '../../protocol/topics.ts';
import { jobIds, namespaceIds, thingNames } from './arbitraries.ts';

const T = 'pump-1';
const request = { kind: 'request', thingName: T } as const;
const notification = { kind: 'notification', thingName: T } as const;

/** Every form of mqtt-api.md §2 and §7 below `$aws/things/pump-1/jobs/`. */
const forms: Readonly<Record<string, JobsTopic>> = {
  get: { ...request, operation: 'GetPendingJobExecutions' },
  'start-next': { ...request, operation: 'StartNextPendingJobExecution' },
  'J/get': { ...request, operation: 'DescribeJobExecution', jobId: 'J' },
  '$next/get': { ...request, operation: 'DescribeJobExecution', jobId: nextJobId },
  'J/update': { ...request, operation: 'UpdateJobExecution', jobId: 'J' },
  'start-next/namespace-NS': { ...request, operation: 'StartNextPendingJobExecution', namespaceId: 'NS' },
  'J/namespace-NS/get': { ...request, operation: 'DescribeJobExecution', jobId: 'J', namespaceId: 'NS' },
  '$next/namespace-NS/get': { ...request, operation: 'DescribeJobExecution', jobId: nextJobId, namespaceId: 'NS' },
  'J/namespace-NS/update': { ...request, operation: 'UpdateJobExecution', jobId: 'J', namespaceId: 'NS' },
  notify: { ...notification, name: 'JobExecutionsChanged' },
  'notify-next': { ...notification, name: 'NextJobExecutionChanged' },
  'notify-namespace-NS': { ...notification, name: 'JobExecutionsChanged', namespaceId: 'NS' },
  'notify-next-namespace-NS': { ...notification, name: 'NextJobExecutionChanged', namespaceId: 'NS' },
  'J/notify-namespace-NS/': { ...notification, name: 'JobExecutionsChanged', namespaceId: 'NS', jobId: 'J' },
};

describe('parseJobsTopic', () => {
  it.each(Object.entries(forms))('reads %s', (tail, topic) => {
    expect(parseJobsTopic(jobsSpace(T) + tail)).toEqual(topic);
  });

  it.each(Object.entries(forms).filter(([, { kind }]) => kind === 'request'))(
    'reads the replies to %s',
    (tail, topic) => {
      for (const outcome of ['accepted', 'rejected'] as const) {
        expect(parseJobsTopic(`${jobsSpace(T)}${tail}/${outcome}`)).toEqual({ ...topic, kind: 'reply', outcome });
      }
    },
  );

  it.each([
    ['get/get', { ...request, operation: 'DescribeJobExecution', jobId: 'get' }],
    ['get/update', { ...request, operation: 'UpdateJobExecution', jobId: 'get' }],
    ['start-next/get', { ...request, operation: 'DescribeJobExecution', jobId: 'start-next' }],
    ['notify/update', { ...request, operation: 'UpdateJobExecution', jobId: 'notify' }],
    ['accepted/get', { ...request, operation: 'DescribeJobExecution', jobId: 'accepted' }],
    ['namespace-NS/get', { ...request, operation: 'DescribeJobExecution', jobId: 'namespace-NS' }],
    [
      'get/get/accepted',
      { kind: 'reply', thingName: T, operation: 'DescribeJobExecution', jobId: 'get', outcome: 'accepted' },
    ],
  ])('tells job ids from topic words by position: %s', (tail, topic) => {
    expect(parseJobsTopic(jobsSpace(T) + tail)).toEqual(topic);
  });

  it('takes a thing called jobs for a thing', () => {
    expect(parseJobsTopic('$aws/things/jobs/jobs/get')).toEqual({ ...forms['get'], thingName: 'jobs' });
  });

  it.each([
    '',
    'J',
    'get/',
    'get/accepted/x',
    'update',
    'notify/accepted',
    'notify-next/x',
    'notify-namespace-',
    'J/notify-namespace-NS',
    'J/notify-namespace-/',
    'J/notify-next-namespace-NS/',
    '/get',
    '/update',
    '//get',
    'J//get',
    'J/get/',
    'J/start-next',
    'J/namespace-/get',
    'J/namespace-NS',
    'J/namespace-NS/notify',
    '$next/update',
    '$next/namespace-NS/update',
    '$next/start-next',
    'start-next/namespace-',
    'start-next/namespace-NS/get/accepted/accepted',
    'accepted',
    'J/accepted',
    'a/b/c/d/e/f',
  ])('finds no meaning below jobs/ in "%s"', (tail) => {
    expect(parseJobsTopic(jobsSpace(T) + tail)).toEqual({ kind: 'unknown', thingName: T });
  });

  it.each([
    '',
    '/',
    'jobs/get',
    '$aws',
    '$aws/things',
    '$aws/things/',
    '$aws/things/T',
    '$aws/things/T/jobs',
    '$aws/things//jobs/get',
    '$aws/things/T/shadow/get',
    '$aws/things/T/x/jobs/get',
    '$aws/things/T/jobsx/get',
    '$aws/events/job/J/completed',
    ' $aws/things/T/jobs/get',
    '$AWS/things/T/jobs/get',
  ])('leaves "%s" alone', (topic) => {
    expect(parseJobsTopic(topic)).toBeUndefined();
  });

  it('is never more than one reading: what it reads is written back as it was', () => {
    const words = fc.oneof(
      fc.constantFrom('get', 'update', 'start-next', 'notify', 'notify-next', 'accepted', 'rejected', '$next', 'J', ''),
      fc.constantFrom('namespace-NS', 'notify-namespace-NS', 'notify-next-namespace-NS', 'namespace-'),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(thingNames, fc.array(words, { maxLength: 5 }), (thingName, segments) => {
        const text = jobsSpace(thingName) + segments.join('/');
        const topic = parseJobsTopic(text);
        expect(topic?.thingName).toBe(thingName);
        if (topic !== undefined && topic.kind !== 'unknown') expect(formatJobsTopic(topic)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatJobsTopic', () => {
  const maybeNamespace = fc.option(namespaceIds, { nil: undefined });
  const requests: fc.Arbitrary<RequestTopic> = fc
    .record({ thingName: thingNames, namespaceId: maybeNamespace, jobId: jobIds, next: fc.boolean() })
    .chain(({ thingName, namespaceId, jobId, next }) => {
      const space = namespaceId === undefined ? {} : { namespaceId };
      const base = { kind: 'request', thingName } as const;
      return fc.constantFrom<RequestTopic>(
        { ...base, operation: 'GetPendingJobExecutions' },
        { ...base, ...space, operation: 'StartNextPendingJobExecution' },
        { ...base, ...space, operation: 'DescribeJobExecution', jobId: next ? nextJobId : jobId },
        { ...base, ...space, operation: 'UpdateJobExecution', jobId },
      );
    });
  const replies: fc.Arbitrary<ReplyTopic> = fc
    .tuple(requests, fc.constantFrom('accepted', 'rejected'))
    .map(([topic, outcome]) => ({ ...topic, kind: 'reply', outcome }) as const);
  const notifications: fc.Arbitrary<NotificationTopic> = fc
    .record({ thingName: thingNames, namespaceId: namespaceIds, jobId: jobIds })
    .chain(({ thingName, namespaceId, jobId }) => {
      const base = { kind: 'notification', thingName } as const;
      return fc.constantFrom<NotificationTopic>(
        { ...base, name: 'JobExecutionsChanged' },
        { ...base, name: 'NextJobExecutionChanged' },
        { ...base, name: 'JobExecutionsChanged', namespaceId },
        { ...base, name: 'NextJobExecutionChanged', namespaceId },
        { ...base, name: 'JobExecutionsChanged', namespaceId, jobId },
      );
    });

  it('writes what parseJobsTopic reads back', () => {
    fc.assert(
      fc.property(fc.oneof(requests, replies, notifications), (topic) => {
        expect(parseJobsTopic(formatJobsTopic(topic))).toEqual(topic);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes every topic into the space of its thing', () => {
    fc.assert(
      fc.property(fc.oneof(requests, replies, notifications), (topic) => {
        expect(formatJobsTopic(topic).startsWith(jobsSpace(topic.thingName))).toBe(true);
      }),
    );
  });
});

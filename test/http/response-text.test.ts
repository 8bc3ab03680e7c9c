import { describe, expect, it } from 'vitest';
import { responseText } from '../../broker/http/response-text.ts';
import { type ServiceName, operationsOf } from '../../protocol/operations.ts';

function write(name: string, response: unknown, service: ServiceName = 'iot'): string {
  const operation = operationsOf(service).find((entry) => entry.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return responseText(operation, response);
}

describe('response text', () => {
  it('writes DescribeJob of a plain job member for member as AWS does, nulls and empty configurations included', () => {
    const job = {
      jobArn: 'arn:aws:iot:R:A:job/J',
      jobId: 'J',
      targetSelection: 'SNAPSHOT',
      status: 'IN_PROGRESS',
      targets: ['arn:aws:iot:R:A:thing/T'],
      createdAt: 1588718249079,
      lastUpdatedAt: 1588718253419,
      jobProcessDetails: {
        numberOfCanceledThings: 0,
        numberOfSucceededThings: 0,
        numberOfFailedThings: 0,
        numberOfRejectedThings: 0,
        numberOfQueuedThings: 1,
        numberOfInProgressThings: 0,
        numberOfRemovedThings: 0,
        numberOfTimedOutThings: 0,
      },
      isConcurrent: false,
    };
    expect(write('DescribeJob', { job })).toBe(
      '{"documentSource":null,' +
        '"job":{"jobArn":"arn:aws:iot:R:A:job/J","jobId":"J","targetSelection":"SNAPSHOT","status":"IN_PROGRESS",' +
        '"forceCanceled":null,"reasonCode":null,"comment":null,"targets":["arn:aws:iot:R:A:thing/T"],"description":null,' +
        '"presignedUrlConfig":{"roleArn":null,"expiresInSec":null},' +
        '"jobExecutionsRolloutConfig":{"maximumPerMinute":null,"exponentialRate":null},' +
        '"abortConfig":null,"createdAt":1588718249.079,"lastUpdatedAt":1588718253.419,"completedAt":null,' +
        '"jobProcessDetails":{"processingTargets":null,"numberOfCanceledThings":0,"numberOfSucceededThings":0,' +
        '"numberOfFailedThings":0,"numberOfRejectedThings":0,"numberOfQueuedThings":1,"numberOfInProgressThings":0,' +
        '"numberOfRemovedThings":0,"numberOfTimedOutThings":0},' +
        '"timeoutConfig":{"inProgressTimeoutInMinutes":null},"namespaceId":null,"jobTemplateArn":null,' +
        '"jobExecutionsRetryConfig":null,"documentParameters":null,"isConcurrent":false,' +
        '"schedulingConfig":{"startTime":null,"endTime":null,"endBehavior":null,"maintenanceWindows":null},' +
        '"scheduledJobRollouts":null,"destinationPackageVersions":null}}',
    );
  });

  it('leaves unset members out of every other response', () => {
    const summary = { jobArn: 'arn', jobId: 'J', status: 'COMPLETED', createdAt: 1500, isConcurrent: true };
    expect(write('ListJobs', { jobs: [summary] })).toBe(
      '{"jobs":[{"jobArn":"arn","jobId":"J","status":"COMPLETED","createdAt":1.5,"isConcurrent":true}]}',
    );
  });

  it('writes instants as seconds with milliseconds as a fraction', () => {
    expect(write('DescribeEventConfigurations', { creationDate: 1486687079743 })).toBe(
      '{"creationDate":1486687079.743}',
    );
  });

  it('keeps the decimal point of doubles', () => {
    const criteria = { failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 50, minNumberOfExecutedThings: 2 };
    expect(write('DescribeJobTemplate', { abortConfig: { criteriaList: [criteria] } })).toContain(
      '"thresholdPercentage":50.0,"minNumberOfExecutedThings":2}',
    );
  });

  it.each(['UpdateJob', 'DeleteJob', 'DeleteJobExecution', 'CancelJobExecution', 'DeleteJobTemplate'])(
    'has no body for %s',
    (name) => {
      expect(write(name, undefined)).toBe('');
    },
  );

  it.each(['UpdateThing', 'DeleteThing', 'TagResource', 'AddThingToThingGroup'])('has the body {} for %s', (name) => {
    expect(write(name, undefined)).toBe('{}');
  });

  it('never lets out what the table does not name', () => {
    expect(write('DescribeThing', { thingName: 'T', secret: 1, attributes: { a: 'b' } })).toBe(
      '{"thingName":"T","attributes":{"a":"b"}}',
    );
  });

  it('writes names that are words of JavaScript as they are', () => {
    expect(write('DescribeThing', { attributes: JSON.parse('{"__proto__":"x","constructor":"y"}') })).toBe(
      '{"attributes":{"__proto__":"x","constructor":"y"}}',
    );
  });
});

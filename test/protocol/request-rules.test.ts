import { describe, expect, it } from 'vitest';
import { validateRequest } from '../../protocol/validation.ts';

const job = { jobId: 'j', targets: ['arn:aws:iot:eu-west-1:123456789012:thing/T'], document: '{}' };
const template = { jobTemplateId: 't', description: 'd', document: '{}' };

const byCriteria = (rateIncreaseCriteria: object, baseRatePerMinute = 1): object => ({
  jobExecutionsRolloutConfig: {
    maximumPerMinute: 10,
    exponentialRate: { baseRatePerMinute, incrementFactor: 1.1, rateIncreaseCriteria },
  },
});
const retries = (...criteriaList: readonly (readonly [string, number])[]): object => ({
  jobExecutionsRetryConfig: {
    criteriaList: criteriaList.map(([failureType, numberOfRetries]) => ({ failureType, numberOfRetries })),
  },
});
const window = { startTime: 'cron(0 10 * * ? *)', durationInMinutes: 60 };

/** What CreateJob, CreateJobTemplate and UpdateJob are told alike (configs.md §8, §3). */
const configurations: readonly (readonly [object, string])[] = [
  [
    { jobExecutionsRolloutConfig: {} },
    'Provide MaximumPerMinute value or provide ExponentialRate and MaximumPerMinute',
  ],
  [
    {
      jobExecutionsRolloutConfig: {
        exponentialRate: {
          baseRatePerMinute: 1,
          incrementFactor: 2,
          rateIncreaseCriteria: { numberOfNotifiedThings: 1 },
        },
      },
    },
    'Provide MaximumPerMinute value when ExponentialRate is defined',
  ],
  [
    byCriteria({ numberOfNotifiedThings: 1 }, 10),
    'Exponential rollout baseRatePerMinute should be less than maximumPerMinute.',
  ],
  [
    byCriteria({}),
    'Provide either NumberOfNotifiedThings or NumberOfSucceededThings when RateIncreaseCriteria is defined',
  ],
  [
    byCriteria({ numberOfNotifiedThings: 1, numberOfSucceededThings: 1 }),
    'Provide only one of NumberOfNotifiedThings or NumberOfSucceededThings when RateIncreaseCriteria is defined',
  ],
  [retries(['ALL', 0], ['FAILED', 0]), 'A retryCriteria with failure type ALL must be used by itself.'],
  [{ timeoutConfig: {} }, 'Provide valid timeout value, inProgressTimeoutInMinutes cannot be null.'],
  [
    { timeoutConfig: { inProgressTimeoutInMinutes: 0 } },
    'Provide valid timeout value, inProgressTimeoutInMinutes cannot be 0.',
  ],
  [
    { timeoutConfig: { inProgressTimeoutInMinutes: 10_081 } },
    'Provide valid timeout value, inProgressTimeoutInMinutes cannot be 10081.',
  ],
  [{ presignedUrlConfig: { roleArn: 'arn:aws:iam::not-a-role' } }, 'Given role arn:aws:iam::not-a-role is invalid.'],
];

describe.each([
  ['CreateJob', job],
  ['CreateJobTemplate', template],
  ['UpdateJob', { jobId: 'j' }],
] as const)('%s', (operation, valid) => {
  it.each(configurations)('refuses %j', (members, text) => {
    expect(validateRequest('iot', operation, { ...valid, ...members })).toBe(text);
  });

  it.each([
    byCriteria({ numberOfNotifiedThings: 1 }, 9),
    byCriteria({ numberOfSucceededThings: 1 }),
    { jobExecutionsRolloutConfig: { maximumPerMinute: 1000 } },
    retries(['ALL', 0]),
    retries(['FAILED', 0], ['TIMED_OUT', 0]),
    { timeoutConfig: { inProgressTimeoutInMinutes: 1 } },
    { timeoutConfig: { inProgressTimeoutInMinutes: 10_080 } },
    { presignedUrlConfig: { roleArn: 'arn:aws:iam::123456789012:role/path/to/role', expiresInSec: 60 } },
  ])('accepts %j', (members) => {
    expect(validateRequest('iot', operation, { ...valid, ...members })).toBeUndefined();
  });
});

function message(members: object): string | undefined {
  return validateRequest('iot', 'CreateJob', { ...job, ...members });
}

describe('CreateJob', () => {
  it.each([
    [
      { documentSource: 'https://s3.example.com/d' },
      'Job document and job document source cannot be specified at the same time.',
    ],
    [{ document: undefined }, 'Neither job document nor job document source is specified.'],
    [
      { jobTemplateArn: 'arn:aws:iot:r:1:job/x' },
      'Resource type should be jobtemplate but found invalid resource type job',
    ],
    [
      { schedulingConfig: { maintenanceWindows: [window] } },
      'TargetSelection is invalid. MaintenanceWindow cannot be used with SNAPSHOT job.',
    ],
  ])('refuses %j in the words of AWS', (members, text) => {
    expect(message(members)).toBe(text);
  });

  it.each([
    ['broken JSON', { document: '{"a":' }],
    ['a document that is no object', { document: '[1]' }],
    ['a document of 32,769 bytes in fewer characters', { document: JSON.stringify({ a: 'ü'.repeat(16_381) }) }],
    ['more than ten retries', retries(['FAILED', 6], ['TIMED_OUT', 5])],
    ['parameters without a template', { documentParameters: { a: 'b' } }],
    [
      'parameters for a custom template',
      { jobTemplateArn: 'arn:aws:iot:r:1:jobtemplate/x', documentParameters: { a: 'b' } },
    ],
    ['something that is no ARN', { jobTemplateArn: 'arn:nonsense' }],
    ['a day that does not exist', { schedulingConfig: { startTime: '2030-02-30 10:00' } }],
    ['an end before the start', { schedulingConfig: { startTime: '2030-03-01 10:00', endTime: '2030-03-01 09:59' } }],
    [
      'a broken recurrence',
      { targetSelection: 'CONTINUOUS', schedulingConfig: { maintenanceWindows: [{ ...window, startTime: 'daily' }] } },
    ],
  ])('refuses %s', (_, members) => {
    expect(message(members)).toMatch(/^[A-Z].+\.$/);
  });

  it.each([
    ['the largest document', { document: JSON.stringify({ a: 'ü'.repeat(16_380) }) }],
    ['a document source alone', { document: undefined, documentSource: 'https://s3.example.com/d' }],
    ['a template alone', { document: undefined, jobTemplateArn: 'arn:aws:iot:r:1:jobtemplate/x' }],
    [
      'parameters for a managed template',
      {
        document: undefined,
        jobTemplateArn: 'arn:aws:iot:r::jobtemplate/AWS-Reboot:1.0',
        documentParameters: { a: 'b' },
      },
    ],
    [
      'windows for a continuous job',
      { targetSelection: 'CONTINUOUS', schedulingConfig: { maintenanceWindows: [window] } },
    ],
    [
      'a schedule',
      {
        schedulingConfig: {
          startTime: '2030-03-01T10:00:00Z',
          endTime: '2030-03-01 11:00',
          endBehavior: 'FORCE_CANCEL',
        },
      },
    ],
    ['an end behaviour without an end', { schedulingConfig: { endBehavior: 'CANCEL' } }],
    ['ten retries', retries(['FAILED', 5], ['TIMED_OUT', 5])],
  ])('accepts %s', (_, members) => {
    expect(message(members)).toBeUndefined();
  });
});

describe('UpdateJob', () => {
  it.each([
    [{}, 'Update Job request for job j cannot be empty.'],
    [{ namespaceId: 'n' }, 'Update Job request for job j cannot be empty.'],
    [retries(['FAILED', 1]), 'The number of retries cannot be updated to any number other than 0.'],
  ])('refuses %j in the words of AWS', (members, text) => {
    expect(validateRequest('iot', 'UpdateJob', { jobId: 'j', ...members })).toBe(text);
  });
});

describe('CreateJobTemplate', () => {
  it('takes its document from a job, which must be one', () => {
    const bare = { jobTemplateId: 't', description: 'd' };
    const jobArn = 'arn:aws:iot:r:1:job/x';
    const thingArn = 'arn:aws:iot:r:1:thing/x';
    expect(validateRequest('iot', 'CreateJobTemplate', { ...bare, jobArn })).toBeUndefined();
    expect(validateRequest('iot', 'CreateJobTemplate', { ...bare, jobArn: thingArn })).toBe(
      'Resource type should be job but found invalid resource type thing',
    );
  });
});

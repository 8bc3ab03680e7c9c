import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ServiceName, operationsOf, serviceNames, shapeOf } from '../../protocol/operations.ts';
import { validateRequest } from '../../protocol/validation.ts';
import { jobIds, statusDetails as detailMaps, thingNames } from './arbitraries.ts';

const job = { jobId: 'j', targets: ['arn:aws:iot:eu-west-1:123456789012:thing/T'], document: '{}' };
const update = { jobId: 'j', thingName: 't', status: 'IN_PROGRESS' };

function clauseOf(value: string, path: string, constraint: string): string {
  return `Value ${value} at '${path}' failed to satisfy constraint: Member must ${constraint}`;
}

function refusal(...clauses: readonly string[]): string {
  return `${clauses.length} validation error${clauses.length === 1 ? '' : 's'} detected: ${clauses.join('; ')}`;
}

const name = '[a-zA-Z0-9_-]+';

/** One constraint each, in AWS's words (configs.md §8): the value, where it stands, what it is told. */
const single: readonly (readonly [string, object, string])[] = [
  [
    'maximumPerMinute',
    { jobExecutionsRolloutConfig: { maximumPerMinute: 0 } },
    clauseOf("'0'", 'jobExecutionsRolloutConfig.maximumPerMinute', 'have value greater than or equal to 1'),
  ],
  [
    'maximumPerMinute',
    { jobExecutionsRolloutConfig: { maximumPerMinute: 1001 } },
    clauseOf("'1001'", 'jobExecutionsRolloutConfig.maximumPerMinute', 'have value less than or equal to 1000'),
  ],
  [
    'expiresInSec',
    { presignedUrlConfig: { expiresInSec: 59 } },
    clauseOf("'59'", 'presignedUrlConfig.expiresInSec', 'have value greater than or equal to 60'),
  ],
  [
    'description',
    { description: 'a\u0000b' },
    clauseOf("'a\u0000b'", 'description', 'satisfy regular expression pattern: [^\\p{C}]+'),
  ],
  [
    'description',
    { description: 'x'.repeat(2029) },
    clauseOf(`'${'x'.repeat(2029)}'`, 'description', 'have length less than or equal to 2028'),
  ],
  ['targets', { targets: [] }, clauseOf("'[]'", 'targets', 'have length greater than or equal to 1')],
  ['targets', { targets: null }, clauseOf('null', 'targets', 'not be null')],
  [
    'targetSelection',
    { targetSelection: 'SOMETIMES' },
    clauseOf("'SOMETIMES'", 'targetSelection', 'satisfy enum value set: [CONTINUOUS, SNAPSHOT]'),
  ],
  ['jobId', { jobId: 'a.b' }, clauseOf("'a.b'", 'jobId', `satisfy regular expression pattern: ${name}`)],
  [
    'jobId',
    { jobId: 'x'.repeat(65) },
    clauseOf(`'${'x'.repeat(65)}'`, 'jobId', 'have length less than or equal to 64'),
  ],
  [
    'namespaceId',
    { namespaceId: 'a/b' },
    clauseOf("'a/b'", 'namespaceId', `satisfy regular expression pattern: ${name}`),
  ],
  [
    'a list element',
    { targets: ['ok', 'x'.repeat(2049)] },
    clauseOf(`'${'x'.repeat(2049)}'`, 'targets.2.member', 'have length less than or equal to 2048'),
  ],
  [
    'retries',
    { jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'REJECTED', numberOfRetries: 1 }] } },
    clauseOf(
      "'REJECTED'",
      'jobExecutionsRetryConfig.criteriaList.1.member.failureType',
      'satisfy enum value set: [ALL, TIMED_OUT, FAILED]',
    ),
  ],
  [
    'incrementFactor',
    {
      jobExecutionsRolloutConfig: {
        maximumPerMinute: 9,
        exponentialRate: {
          baseRatePerMinute: 1,
          incrementFactor: 6,
          rateIncreaseCriteria: { numberOfNotifiedThings: 1 },
        },
      },
    },
    clauseOf(
      "'6.0'",
      'jobExecutionsRolloutConfig.exponentialRate.incrementFactor',
      'have value less than or equal to 5',
    ),
  ],
  [
    'a tag',
    { tags: [{ Key: '', Value: 'v' }] },
    clauseOf("''", 'tags.1.member.Key', 'have length greater than or equal to 1'),
  ],
];

describe('validateRequest', () => {
  it('passes a plain CreateJob', () => {
    expect(validateRequest('iot', 'CreateJob', job)).toBeUndefined();
  });

  it.each(single)('refuses a bad %s in the words of AWS', (_, members, clause) => {
    expect(validateRequest('iot', 'CreateJob', { ...job, ...members })).toBe(refusal(clause));
  });

  it('lists clauses in the order of AWS, whatever the order of the request', () => {
    const criteria = { action: 'STOP', thresholdPercentage: 101, failureType: 'SOME', minNumberOfExecutedThings: 0 };
    const path = 'abortConfig.criteriaList.1.member';
    expect(
      validateRequest('iot', 'UpdateJob', {
        abortConfig: { criteriaList: [criteria] },
        jobExecutionsRetryConfig: { criteriaList: [{ numberOfRetries: 11, failureType: 'ALL' }] },
        presignedUrlConfig: { expiresInSec: 59 },
        jobExecutionsRolloutConfig: { maximumPerMinute: 0 },
        jobId: 'j',
      }),
    ).toBe(
      refusal(
        clauseOf("'0'", 'jobExecutionsRolloutConfig.maximumPerMinute', 'have value greater than or equal to 1'),
        clauseOf("'59'", 'presignedUrlConfig.expiresInSec', 'have value greater than or equal to 60'),
        clauseOf(
          "'11'",
          'jobExecutionsRetryConfig.criteriaList.1.member.numberOfRetries',
          'have value less than or equal to 10',
        ),
        clauseOf("'0'", `${path}.minNumberOfExecutedThings`, 'have value greater than or equal to 1'),
        clauseOf("'SOME'", `${path}.failureType`, 'satisfy enum value set: [ALL, TIMED_OUT, FAILED, REJECTED]'),
        clauseOf("'STOP'", `${path}.action`, 'satisfy enum value set: [CANCEL]'),
        clauseOf("'101.0'", `${path}.thresholdPercentage`, 'have value less than or equal to 100'),
      ),
    );
  });

  it.each([
    ['jobId', 7],
    ['targets', 'arn'],
    ['targets', [7]],
    ['targets', [null, 7]],
    ['description', ['a']],
    ['timeoutConfig', 5],
    ['timeoutConfig', []],
    ['timeoutConfig', { inProgressTimeoutInMinutes: '5' }],
    ['timeoutConfig', { inProgressTimeoutInMinutes: 1.5 }],
    ['documentParameters', 'a=b'],
    ['documentParameters', { a: 1 }],
    ['tags', [{ Key: true }]],
    ['tags', ['a']],
  ])('refuses %s as %j', (member, value) => {
    expect(validateRequest('iot', 'CreateJob', { ...job, [member]: value })).toMatch(
      new RegExp(`^[12] validation errors? detected: Value .* at '${member}`),
    );
  });

  it('refuses a number that no 32-bit integer can hold, and takes a long that is one', () => {
    expect(validateRequest('iot', 'ListJobs', { maxResults: 2 ** 32 + 1 })).toContain("at 'maxResults'");
    expect(
      validateRequest('iot-jobs-data', 'UpdateJobExecution', { ...update, expectedVersion: 2 ** 32 + 1 }),
    ).toBeUndefined();
  });

  it('does not mind members that the table does not know', () => {
    expect(validateRequest('iot', 'CreateJob', { ...job, colour: { shade: 7 } })).toBeUndefined();
  });

  it('reads null as absent', () => {
    expect(validateRequest('iot', 'CreateJob', { ...job, description: null, timeoutConfig: null })).toBeUndefined();
  });

  it.each([
    ['CancelJob', { jobId: 'j', reasonCode: 'lower' }, 'reasonCode'],
    [
      'CreateThingGroup',
      { thingGroupName: 'g', thingGroupProperties: { thingGroupDescription: 'ü' } },
      'thingGroupDescription',
    ],
    ['TagResource', { resourceArn: 'a', tags: [{ Key: 'a;b' }] }, 'tags.1.member.Key'],
  ])('%s: Java patterns hold as in Java', (operation, members, path) => {
    expect(validateRequest('iot', operation, members)).toContain(path);
  });

  it.each([
    ['CancelJob', { jobId: 'j', reasonCode: 'TOO_MANY_2' }],
    ['CreateThingGroup', { thingGroupName: 'g', thingGroupProperties: { thingGroupDescription: 'a b!~' } }],
    ['TagResource', { resourceArn: 'a', tags: [{ Key: 'käse: 1/2', Value: '' }] }],
    ['CreateThing', { thingName: 't', attributePayload: { attributes: { 'a.b': 'x[1]', __proto__x: '' } } }],
    ['UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: true } } }],
  ])('%s: and let pass what Java lets pass', (operation, members) => {
    expect(validateRequest('iot', operation, members)).toBeUndefined();
  });

  it('has a check for every operation of both services', () => {
    for (const service of serviceNames) {
      for (const entry of operationsOf(service)) {
        const shape = shapeOf(service, entry.requestShape);
        const required = shape.type === 'structure' ? (shape.required ?? []) : [];
        const message = validateRequest(service, entry.name, {});
        for (const member of required) expect(message, entry.name).toContain(clauseOf('null', member, 'not be null'));
      }
    }
  });

  it('is stopped by an operation that does not exist', () => {
    expect(() => validateRequest('iot', 'MakeTea', {})).toThrow('MakeTea');
  });

  it('counts clauses rightly and never throws, whatever it is given', () => {
    const services = fc.constantFrom<ServiceName>(...serviceNames);
    fc.assert(
      fc.property(
        services.chain((service) => fc.tuple(fc.constant(service), fc.constantFrom(...operationsOf(service)))),
        fc.infiniteStream(fc.jsonValue({ maxDepth: 3 })),
        ([service, entry], values) => {
          const shape = shapeOf(service, entry.requestShape);
          const members = shape.type === 'structure' ? Object.keys(shape.members) : [];
          const request = Object.fromEntries(members.map((member): [string, unknown] => [member, values.next().value]));
          const message = validateRequest(service, entry.name, request);
          const counted = /^(\d+) validation errors? detected: /.exec(message ?? '');
          if (counted !== null)
            expect(message?.split(' failed to satisfy constraint: ').length).toBeGreaterThan(Number(counted[1]));
        },
      ),
      { numRuns: 500 },
    );
  });
});

function details(statusDetails: unknown): string | undefined {
  return validateRequest('iot-jobs-data', 'UpdateJobExecution', { ...update, statusDetails });
}

describe('status details of a device', () => {
  it('may be ten pairs of 128 and 1024 characters', () => {
    const pairs = Array.from({ length: 10 }, (_, index) => [`${index}`.padEnd(128, 'k'), 'v'.repeat(1024)]);
    expect(details(Object.fromEntries(pairs))).toBeUndefined();
  });

  it('may be anything that the pattern allows', () => {
    fc.assert(
      fc.property(detailMaps, (generated) => {
        expect(details(generated)).toBeUndefined();
      }),
    );
  });

  it('may hold line breaks and tabs, which the Device Client reports', () => {
    expect(details({ stdout: 'one\r\ntwo\tthree\n' })).toBeUndefined();
  });

  it('may be empty', () => {
    expect(details({})).toBeUndefined();
  });

  it.each([
    [
      'eleven pairs',
      Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 'v'])),
      'have length less than or equal to 10',
    ],
    ['a key with a blank', { 'a b': 'v' }, 'Map keys must satisfy constraint'],
    ['an empty key', { '': 'v' }, 'Map keys must satisfy constraint'],
    ['a long key', { ['k'.repeat(129)]: 'v' }, 'Map keys must satisfy constraint'],
    ['an empty value', { a: '' }, 'Map value must satisfy constraint'],
    ['a long value', { a: 'v'.repeat(1025) }, 'Map value must satisfy constraint'],
    ['a control character', { a: '\u0007' }, 'Map value must satisfy constraint'],
    ['a nested value', { a: { b: 'c' } }, 'Map value must satisfy constraint'],
    ['null', { a: null }, 'Map value must satisfy constraint'],
    ['a list', ['a'], 'be a map'],
    ['a string', 'a', 'be a map'],
  ])('refuses %s', (_, value, text) => {
    expect(details(value)).toContain(text);
  });

  it.each([-1, 1, 10_080])('lets a step timeout of %d pass', (stepTimeoutInMinutes) => {
    expect(validateRequest('iot-jobs-data', 'UpdateJobExecution', { ...update, stepTimeoutInMinutes })).toBeUndefined();
  });

  it.each([-2, 0, 10_081, 1.5, '5'])('refuses a step timeout of %j', (stepTimeoutInMinutes) => {
    expect(validateRequest('iot-jobs-data', 'UpdateJobExecution', { ...update, stepTimeoutInMinutes })).toContain(
      "at 'stepTimeoutInMinutes'",
    );
  });
});

describe('names in requests', () => {
  it('pass as the topics allow them', () => {
    fc.assert(
      fc.property(thingNames, jobIds, (thingName, jobId) => {
        expect(validateRequest('iot-jobs-data', 'DescribeJobExecution', { thingName, jobId })).toBeUndefined();
      }),
    );
  });

  it('include $next for the device-side describe only', () => {
    expect(
      validateRequest('iot-jobs-data', 'DescribeJobExecution', { thingName: 't', jobId: '$next' }),
    ).toBeUndefined();
    expect(validateRequest('iot-jobs-data', 'UpdateJobExecution', { ...update, jobId: '$next' })).toContain("'$next'");
  });
});

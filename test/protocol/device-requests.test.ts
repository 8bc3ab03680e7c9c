import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceRequest, encodeDeviceRequest } from '../../protocol/device-messages.ts';
import { decodeDeviceRequest } from '../../protocol/device-requests.ts';
import { maxPublishBytes } from '../../protocol/limits.ts';
import { deviceStatuses } from '../../protocol/status.ts';
import { type RequestTopic, nextJobId, parseJobsTopic } from '../../protocol/topics.ts';
import { validateRequest } from '../../protocol/validation.ts';
import { clientTokens, jobIds, namespaceIds, statusDetails, thingNames } from './arbitraries.ts';

const thing = { kind: 'request', thingName: 't' } as const;
const getPending: RequestTopic = { ...thing, operation: 'GetPendingJobExecutions' };
const startNext: RequestTopic = { ...thing, operation: 'StartNextPendingJobExecution' };
const describeJob: RequestTopic = { ...thing, operation: 'DescribeJobExecution', jobId: 'j' };
const update: RequestTopic = { ...thing, operation: 'UpdateJobExecution', jobId: 'j' };
const all = [getPending, startNext, describeJob, update];
const named = all.map((topic): [string, RequestTopic] => [topic.operation, topic]);

function decode(topic: RequestTopic, body: object): ReturnType<typeof decodeDeviceRequest> {
  return decodeDeviceRequest(topic, Buffer.from(JSON.stringify(body)));
}

describe('decodeDeviceRequest', () => {
  it('reads back every request that a device can encode', () => {
    const timeout = fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 10_080 }));
    const number = fc.integer({ min: 0, max: 2 ** 40 });
    const bodies = {
      GetPendingJobExecutions: fc.record({ clientToken: clientTokens }, { requiredKeys: [] }),
      StartNextPendingJobExecution: fc.record(
        { clientToken: clientTokens, statusDetails, stepTimeoutInMinutes: timeout },
        { requiredKeys: [] },
      ),
      DescribeJobExecution: fc.record(
        { clientToken: clientTokens, executionNumber: number, includeJobDocument: fc.boolean() },
        { requiredKeys: [] },
      ),
      UpdateJobExecution: fc.record(
        {
          clientToken: clientTokens,
          status: fc.constantFrom(...deviceStatuses),
          statusDetails,
          expectedVersion: number,
          executionNumber: number,
          includeJobExecutionState: fc.boolean(),
          includeJobDocument: fc.boolean(),
          stepTimeoutInMinutes: timeout,
        },
        { requiredKeys: ['status'] },
      ),
    };
    const namespace = fc.record({ namespaceId: namespaceIds }, { requiredKeys: [] });
    const requests: fc.Arbitrary<DeviceRequest> = fc.oneof(
      fc.record({ operation: fc.constant('GetPendingJobExecutions' as const), body: bodies.GetPendingJobExecutions }),
      fc
        .tuple(bodies.StartNextPendingJobExecution, namespace)
        .map(([body, space]) => ({ operation: 'StartNextPendingJobExecution' as const, body, ...space })),
      fc
        .tuple(bodies.DescribeJobExecution, namespace, fc.oneof(jobIds, fc.constant(nextJobId)))
        .map(([body, space, jobId]) => ({ operation: 'DescribeJobExecution' as const, jobId, body, ...space })),
      fc
        .tuple(bodies.UpdateJobExecution, namespace, jobIds)
        .map(([body, space, jobId]) => ({ operation: 'UpdateJobExecution' as const, jobId, body, ...space })),
    );
    fc.assert(
      fc.property(thingNames, requests, (thingName, request) => {
        const { topic, payload } = encodeDeviceRequest(thingName, request);
        const { clientToken, ...members } = request.body;
        const { operation, jobId, namespaceId } = request;
        expect(decodeDeviceRequest(parseJobsTopic(topic) as RequestTopic, Buffer.from(payload))).toEqual({
          ok: true,
          operation,
          clientToken,
          request: { thingName, jobId, namespaceId, ...members },
        });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['updates', update],
    ['starts', startNext],
  ] as const)('judges %s as the operation table does, the quick way or not', (_what, asked) => {
    const { operation } = asked;
    const wild = fc.oneof(fc.boolean(), fc.double(), fc.constantFrom('', 'x', '1.5'), fc.array(fc.nat()));
    const keys = fc.constantFrom('a', 'b:c', 'k'.repeat(128), 'k'.repeat(129), 'a b', '');
    const values = fc.constantFrom(
      'v',
      ' ',
      'v'.repeat(1024),
      'v'.repeat(1025),
      '',
      '\n',
      '\u0007',
      'ü',
      '\ud800',
      true,
    );
    const word = fc.stringMatching(/^[a-z]{1,9}$/);
    const odd = {
      status: fc.oneof(fc.constantFrom('QUEUED', 'CANCELED', 'SUCCESS', 'in_progress'), wild),
      statusDetails: fc.oneof(
        fc.dictionary(keys, fc.constant('v'), { maxKeys: 2, noNullPrototype: true }),
        fc.dictionary(word, values, { maxKeys: 2, noNullPrototype: true }),
        fc.dictionary(word, fc.constant('v'), { minKeys: 9, maxKeys: 12, noNullPrototype: true }),
        wild,
      ),
      expectedVersion: wild,
      executionNumber: wild,
      includeJobExecutionState: wild,
      includeJobDocument: wild,
      stepTimeoutInMinutes: fc.oneof(fc.integer({ min: -2, max: 1 }), fc.integer({ min: 10_079, max: 10_082 }), wild),
    };
    const plain = fc.record(
      {
        status: fc.constantFrom(...deviceStatuses),
        statusDetails,
        expectedVersion: fc.nat(),
        includeJobDocument: fc.boolean(),
      },
      { requiredKeys: ['status'] },
    );
    // Mostly right, so that what is odd decides.
    const oddities = fc.oneof(...Object.entries(odd).map(([name, value]) => fc.record({ [name]: value })));
    const bodies = fc
      .tuple(plain, fc.array(oddities, { maxLength: 1 }))
      .map(([body, parts]) => Object.assign({}, body, ...parts) as object);
    const edges = [
      { statusDetails: { a: '' } },
      { statusDetails: { a: 'v'.repeat(1025) } },
      { statusDetails: { a: '\u007f' } },
      { statusDetails: { ['k'.repeat(129)]: 'v' } },
      { statusDetails: { '': 'v' } },
      { expectedVersion: 1.5 },
      { stepTimeoutInMinutes: 0 },
    ];
    const names = fc.oneof({ weight: 9, arbitrary: jobIds }, fc.constantFrom('a b', 'ü', '$x', 'x'.repeat(65)));
    fc.assert(
      fc.property(bodies, names, thingNames, (body, jobId, thingName) => {
        const carried = JSON.parse(JSON.stringify(body)) as object; // NaN and Infinity do not survive the wire
        const ofTopic = operation === 'UpdateJobExecution' ? { thingName, jobId } : { thingName };
        const problem = validateRequest('iot-jobs-data', operation, { ...carried, ...ofTopic });
        const decoded = decode({ ...asked, ...ofTopic }, carried);
        if (decoded.ok) expect(problem).toBeUndefined();
        else expect(decoded).toMatchObject({ code: 'InvalidRequest', message: problem });
      }),
      {
        numRuns: 2000,
        examples: edges.map((part): [object, string, string] => [{ status: 'FAILED', ...part }, 'j', 't']),
      },
    );
  });

  it.each(named.slice(0, 3))('takes no payload at all for an empty object: %s', (_, topic) => {
    expect(decodeDeviceRequest(topic, '')).toEqual(decodeDeviceRequest(topic, '{}'));
    expect(decodeDeviceRequest(topic, new Uint8Array())).toMatchObject({ ok: true });
  });

  it('misses the status in an update without payload', () => {
    expect(decodeDeviceRequest(update, '')).toMatchObject({
      code: 'InvalidRequest',
      message:
        "1 validation error detected: Value null at 'status' failed to satisfy constraint: Member must not be null",
    });
  });

  it.each(named)('ignores what a body says that only the topic may say: %s', (_, topic) => {
    const body = { status: 'FAILED', thingName: 'other', jobId: 'other', namespaceId: 'other', colour: [7] };
    expect(decode(topic, body)).toMatchObject({ ok: true, request: { thingName: 't' } });
    expect(JSON.stringify(decode(topic, body))).not.toContain('other');
  });

  it('reads numbers that are written as strings', () => {
    const body = { status: 'FAILED', expectedVersion: '2', executionNumber: '0017', stepTimeoutInMinutes: '-1' };
    expect(decode(update, body)).toMatchObject({
      ok: true,
      request: { expectedVersion: 2, executionNumber: 17, stepTimeoutInMinutes: -1 },
    });
  });

  it.each(['', 'two', '2.0', '1e3', '0x10', ' 2', '99999999999999999999'])('but not "%s"', (expectedVersion) => {
    expect(decode(update, { status: 'FAILED', expectedVersion })).toMatchObject({ ok: false, code: 'InvalidRequest' });
  });

  it('reads null as absent', () => {
    const body = {
      status: 'FAILED',
      clientToken: null,
      statusDetails: null,
      expectedVersion: null,
      includeJobDocument: null,
    };
    expect(decode(update, body)).toEqual(decode(update, { status: 'FAILED' }));
  });

  it('keeps numbers among status details as text, and no other type', () => {
    expect(decode(update, { status: 'FAILED', statusDetails: { uptime: 12.5, name: 'a' } })).toMatchObject({
      ok: true,
      request: { statusDetails: { uptime: '12.5', name: 'a' } },
    });
    for (const uptime of [true, null, {}, []]) {
      expect(decode(update, { status: 'FAILED', statusDetails: { uptime } })).toMatchObject({ code: 'InvalidRequest' });
    }
  });

  it('keeps keys that mean something to JavaScript', () => {
    const payload = '{"status":"FAILED","statusDetails":{"__proto__":"a","constructor":"b","n":1}}';
    const decoded = decodeDeviceRequest(update, payload);
    expect(decoded.ok && JSON.stringify(decoded.request)).toContain('{"__proto__":"a","constructor":"b","n":"1"}');
  });

  it.each(named)('tells what is no JSON object: %s', (_, topic) => {
    for (const payload of ['{', '{not json', '[1,2]', '"a"', '1', 'null', 'true', ' ', '{}x', "{'a':1}"]) {
      expect(decodeDeviceRequest(topic, payload), payload).toMatchObject({ ok: false, code: 'InvalidJson' });
    }
    expect(decodeDeviceRequest(topic, Buffer.from([0x7b, 0xff, 0x7d]))).toMatchObject({ code: 'InvalidJson' });
  });

  it.each(named)('refuses payloads above 128 KB and takes those at it: %s', (_, topic) => {
    const start = '{"status":"FAILED","padding":"';
    const payload = (bytes: number): string => `${start}${'p'.repeat(bytes - start.length - 2)}"}`;
    expect(decodeDeviceRequest(topic, payload(maxPublishBytes))).toMatchObject({ ok: true });
    expect(decodeDeviceRequest(topic, payload(maxPublishBytes + 1))).toMatchObject({ code: 'InvalidRequest' });
    expect(decodeDeviceRequest(topic, Buffer.alloc(maxPublishBytes + 1))).toMatchObject({ code: 'InvalidRequest' });
  });

  it.each(named)('gives back the clientToken also with a refusal: %s', (_, topic) => {
    const refused = decode({ ...topic, thingName: 'no thing' }, { status: 'FAILED', clientToken: 'tök\u0000en' });
    expect(refused).toMatchObject({ ok: false, code: 'InvalidRequest', clientToken: 'tök\u0000en' });
  });

  it.each(named)('refuses a clientToken that is no string: %s', (_, topic) => {
    for (const clientToken of [1, true, {}, []]) {
      expect(decode(topic, { status: 'FAILED', clientToken })).toEqual({
        ok: false,
        code: 'InvalidRequest',
        message: 'The clientToken must be a string.',
      });
    }
  });

  it('carries the namespace of the topic, if it can be one', () => {
    expect(decode({ ...describeJob, namespaceId: 'NS' }, {})).toMatchObject({
      ok: true,
      request: { namespaceId: 'NS' },
    });
    expect(decode({ ...describeJob, namespaceId: 'N.S' }, {})).toMatchObject({ ok: false, code: 'InvalidRequest' });
  });

  it('never throws, whatever is published', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.oneof(fc.uint8Array(), fc.json(), fc.string()), (topic, payload) => {
        expect(decodeDeviceRequest(topic, payload)).toHaveProperty('ok');
      }),
      { numRuns: 1000 },
    );
  });
});

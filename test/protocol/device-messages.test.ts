import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDeviceMessage, encodeDeviceRequest } from '../../protocol/device-messages.ts';

const space = '$aws/things/T/jobs/';
const time = { timestamp: 1_719_940_994 };
const summary = { jobId: 'J', queuedAt: 1, lastUpdatedAt: 1, executionNumber: 1, versionNumber: 1 };
const execution = { ...summary, status: 'QUEUED' };

function decode(tail: string, payload: unknown): ReturnType<typeof decodeDeviceMessage> {
  return decodeDeviceMessage(space + tail, Buffer.from(JSON.stringify(payload)));
}

describe('encodeDeviceRequest', () => {
  it.each([
    [{ operation: 'GetPendingJobExecutions', body: {} }, 'get', '{}'],
    [{ operation: 'StartNextPendingJobExecution', body: { clientToken: 'a' } }, 'start-next', '{"clientToken":"a"}'],
    [{ operation: 'DescribeJobExecution', jobId: '$next', body: {} }, '$next/get', '{}'],
    [
      { operation: 'UpdateJobExecution', jobId: 'J', body: { status: 'SUCCEEDED', expectedVersion: undefined } },
      'J/update',
      '{"status":"SUCCEEDED"}',
    ],
    [
      { operation: 'DescribeJobExecution', jobId: '$next', namespaceId: 'NS', body: {} },
      '$next/namespace-NS/get',
      '{}',
    ],
  ] as const)('writes %j', (request, tail, payload) => {
    expect(encodeDeviceRequest('T', request)).toEqual({ topic: space + tail, payload });
  });
});

describe('decodeDeviceMessage', () => {
  it.each([
    ['get/accepted', { ...time, inProgressJobs: [], queuedJobs: [summary] }],
    ['$next/get/accepted', { ...time, execution: { ...execution, jobDocument: { a: null } } }],
    ['start-next/accepted', time],
    ['J/update/accepted', { ...time, executionState: { status: 'FAILED', versionNumber: 3 } }],
    ['J/update/rejected', { ...time, code: 'SomethingNew', message: 'unheard of' }],
    ['notify', { ...time, jobs: {} }],
    ['notify-next', time],
  ])('takes %s', (tail, payload) => {
    expect(decode(tail, payload)).toMatchObject({ payload });
  });

  it.each([
    ['get', time],
    ['J/update', { status: 'FAILED' }],
    ['nonsense', time],
    ['get/accepted', time],
    ['get/accepted', { ...time, inProgressJobs: [], queuedJobs: [{}] }],
    ['get/accepted', { ...time, inProgressJobs: null, queuedJobs: [] }],
    ['$next/get/accepted', {}],
    ['$next/get/accepted', { timestamp: '1' }],
    ['$next/get/accepted', { ...time, execution: {} }],
    ['$next/get/accepted', { ...time, execution: null }],
    ['$next/get/accepted', { ...time, execution: { ...execution, status: 7 } }],
    ['$next/get/accepted', { ...time, execution: { ...execution, executionNumber: undefined } }],
    ['$next/get/accepted', { ...time, execution: { ...execution, jobDocument: '{}' } }],
    ['J/update/accepted', { ...time, executionState: { status: 'FAILED' } }],
    ['J/update/accepted', { ...time, jobDocument: 'text' }],
    ['J/update/rejected', time],
    ['J/update/rejected', { ...time, code: 404 }],
    ['notify', time],
    ['notify', { ...time, jobs: [] }],
    ['notify', { ...time, jobs: { QUEUED: {} } }],
    ['notify-next', { ...time, execution: [] }],
    ['notify-next', []],
    ['notify-next', null],
  ])('drops %s with %j', (tail, payload) => {
    expect(decode(tail, payload)).toBeUndefined();
  });

  it('drops what is no JSON, no UTF-8, or not for this device at all', () => {
    expect(decodeDeviceMessage(`${space}notify-next`, Buffer.from('{"timestamp":1'))).toBeUndefined();
    expect(decodeDeviceMessage(`${space}notify-next`, new Uint8Array())).toBeUndefined();
    expect(decodeDeviceMessage(`${space}notify-next`, Uint8Array.of(0xff))).toBeUndefined();
    expect(decodeDeviceMessage('$aws/things/T/shadow/get', Buffer.from('{"timestamp":1}'))).toBeUndefined();
  });

  it('counts bytes, not characters, because a device has a buffer', () => {
    const text = '{"timestamp":1,"note":"ü"}';
    expect(decodeDeviceMessage(`${space}notify-next`, Buffer.from(text))?.bytes).toBe(text.length + 1);
  });

  it('never throws, whatever arrives', () => {
    const tails = fc.constantFrom(
      'get/accepted',
      '$next/get/accepted',
      'J/update/rejected',
      'notify',
      'notify-next',
      'x',
    );
    const payloads = fc.oneof(
      fc.json().map((text) => Buffer.from(text)),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(tails, payloads, (tail, payload) => {
        expect(() => decodeDeviceMessage(space + tail, payload)).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });
});

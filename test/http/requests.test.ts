/** What the door makes of a request: which plane, which members, and what of it no engine ever sees. */
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RawRequest, scopedTo } from '../support/raw-http.ts';
import { type RecordingDoor, expectError, openRecordingDoor } from '../support/recording-door.ts';

let recorder: RecordingDoor;
let port: RecordingDoor['port'];
let ask: RecordingDoor['ask'];

beforeEach(async () => {
  recorder = await openRecordingDoor();
  ({ port, ask } = recorder);
});

afterEach(async () => {
  await recorder.door.close();
});

const thingJobs = { inProgress: [], queued: [] };

describe('which plane is meant', () => {
  beforeEach(() => {
    port.reply = { accepted: true, response: thingJobs };
  });

  it.each([
    ['a credential for iot', scopedTo('iot'), '/things/T/jobs', 'iot:ListJobExecutionsForThing'],
    ['a credential for execute-api', scopedTo('execute-api'), '/things/T/jobs', 'iot:ListJobExecutionsForThing'],
    [
      'a credential for iot-jobs-data',
      scopedTo('iot-jobs-data'),
      '/things/T/jobs',
      'iotjobsdata:GetPendingJobExecutions',
    ],
    ['no credential', {}, '/things/T/jobs', 'iotjobsdata:GetPendingJobExecutions'],
    [
      'an Authorization that is no signature',
      { authorization: 'Bearer x' },
      '/things/T/jobs',
      'iotjobsdata:GetPendingJobExecutions',
    ],
    ['the prefix', scopedTo('iot'), '/jobs-data/things/T/jobs', 'iotjobsdata:GetPendingJobExecutions'],
    [
      'a presigned query',
      {},
      '/things/T/jobs?X-Amz-Credential=K%2F20261122%2Fus-east-1%2Fiot%2Faws4_request',
      'iot:ListJobExecutionsForThing',
    ],
    ['no credential, where only one plane has the path', {}, '/jobs/J', 'iot:DescribeJob'],
  ] as const)('%s', async (_, headers, path, command) => {
    expect((await ask({ path, headers })).status).toBe(200);
    expect(port.commands.map(({ name }) => name)).toEqual([command]);
  });

  it('refuses a credential for another service as AWS does', async () => {
    expectError(await ask({ path: '/jobs/J', headers: scopedTo('s3') }), 403, 'InvalidSignatureException');
    expect(port.commands).toEqual([]);
  });

  it('has no operation of one plane under the credential of the other', async () => {
    expectError(await ask({ path: '/jobs/J', headers: scopedTo('iot-jobs-data') }), 404, 'UnknownOperationException');
  });
});

describe('what a request may look like', () => {
  it.each(['/things/T/jobs/$next', '/things/T/jobs/%24next', '/things/T/jobs/%24%6e%65xt'])(
    'starts the next execution at %s',
    async (path) => {
      expect((await ask({ method: 'PUT', path })).status).toBe(200);
      expect(port.commands).toEqual([
        { name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'T' } },
      ]);
    },
  );

  it.each(['/things/a:b/jobs/J', '/things/a%3Ab/jobs/J', '/things/a%3ab/jobs/J'])(
    'knows the thing in %s',
    async (path) => {
      await ask({ path });
      expect(port.commands[0]?.request).toEqual({ thingName: 'a:b', jobId: 'J' });
    },
  );

  it('drops unknown members and nulls at every depth, and lets no body overrule the path', async () => {
    const body = JSON.stringify({
      jobId: 'other',
      unknown: 1,
      description: null,
      timeoutConfig: { inProgressTimeoutInMinutes: 5, unknown: 2 },
      abortConfig: {
        criteriaList: [
          { failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 1, minNumberOfExecutedThings: 1, x: null },
        ],
      },
    });
    await ask({ method: 'PATCH', path: '/jobs/J?namespaceId=NS&unknown=3', body });
    expect(port.commands).toEqual([
      {
        name: 'iot:UpdateJob',
        request: {
          jobId: 'J',
          namespaceId: 'NS',
          timeoutConfig: { inProgressTimeoutInMinutes: 5 },
          abortConfig: {
            criteriaList: [
              { failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 1, minNumberOfExecutedThings: 1 },
            ],
          },
        },
      },
    ]);
  });

  it('reads the types of query members', async () => {
    await ask({ method: 'DELETE', path: '/jobs/J?force=true' });
    await ask({
      path: '/things/T/jobs/J?executionNumber=12&includeJobDocument=false',
      headers: scopedTo('iot-jobs-data'),
    });
    expect(port.commands.map(({ request }) => request)).toEqual([
      { jobId: 'J', force: true },
      { thingName: 'T', jobId: 'J', executionNumber: 12, includeJobDocument: false },
    ]);
  });

  it('takes numbers as strings from devices', async () => {
    const body = '{"status":"IN_PROGRESS","expectedVersion":"2","stepTimeoutInMinutes":"-1"}';
    expect((await ask({ method: 'POST', path: '/things/T/jobs/J', body })).status).toBe(200);
    expect(port.commands[0]?.request).toEqual({
      thingName: 'T',
      jobId: 'J',
      status: 'IN_PROGRESS',
      expectedVersion: 2,
      stepTimeoutInMinutes: -1,
    });
  });

  it('takes the namespace that older documentation gives GetPendingJobExecutions', async () => {
    port.reply = { accepted: true, response: thingJobs };
    await ask({ path: '/things/T/jobs?namespaceId=aws-gg-deployment' });
    expect(port.commands[0]?.request).toEqual({ thingName: 'T', namespaceId: 'aws-gg-deployment' });
  });

  it('takes an absent body for an empty one', async () => {
    expect((await ask({ method: 'POST', path: '/things/T' })).status).toBe(200);
    expect(port.commands[0]?.request).toEqual({ thingName: 'T' });
  });
});

describe('bad input', () => {
  const update = { method: 'PATCH', path: '/jobs/J' };
  it.each<[string, RawRequest, number, string]>([
    ['broken JSON', { ...update, body: '{"description":' }, 400, 'InvalidRequestException'],
    ['an array', { ...update, body: '[]' }, 400, 'InvalidRequestException'],
    ['a string', { ...update, body: '"text"' }, 400, 'InvalidRequestException'],
    ['null', { ...update, body: 'null' }, 400, 'InvalidRequestException'],
    ['a body that is not UTF-8', { ...update, body: Uint8Array.of(0x7b, 0xff, 0x7d) }, 400, 'InvalidRequestException'],
    ['a wrong type', { ...update, body: '{"description":1}' }, 400, 'InvalidRequestException'],
    ['a wrong type within', { ...update, body: '{"timeoutConfig":[]}' }, 400, 'InvalidRequestException'],
    [
      'a number as a string',
      { ...update, body: '{"timeoutConfig":{"inProgressTimeoutInMinutes":"5"}}' },
      400,
      'InvalidRequestException',
    ],
    ['a missing member', { method: 'PUT', path: '/jobs/J', body: '{}' }, 400, 'InvalidRequestException'],
    ['a device update without status', { method: 'POST', path: '/things/T/jobs/J' }, 400, 'InvalidRequestException'],
    [
      'a device update of $next',
      { method: 'POST', path: '/things/T/jobs/$next', body: '{"status":"FAILED"}' },
      400,
      'InvalidRequestException',
    ],
    ['force that is no boolean', { method: 'DELETE', path: '/jobs/J?force=yes' }, 400, 'InvalidRequestException'],
    ['a number that is none', { path: '/things/T/jobs/J?executionNumber=1x' }, 400, 'InvalidRequestException'],
    ['a name with a space', { path: '/jobs/a%20b' }, 400, 'InvalidRequestException'],
    ['a name that is too long', { path: `/jobs/${'x'.repeat(65)}` }, 400, 'InvalidRequestException'],
    ['a broken percent-encoding', { path: '/jobs/%zz' }, 400, 'InvalidRequestException'],
    ['no such path', { path: '/unknown' }, 404, 'UnknownOperationException'],
    ['no such method', { method: 'POST', path: '/jobs/J' }, 404, 'UnknownOperationException'],
    ['dots in the path, which are a name here', { path: '/jobs/../things' }, 400, 'InvalidRequestException'],
    ['an operation that is not built', { path: '/job-templates' }, 404, 'UnknownOperationException'],
    [
      'a body over the limit',
      { ...update, body: `{"description":"${'x'.repeat(1024 * 1024)}"}` },
      413,
      'RequestEntityTooLargeException',
    ],
    [
      'an endless body',
      { ...update, body: 'x'.repeat(1024 * 1024 + 1), headers: { 'transfer-encoding': 'chunked' } },
      413,
      'RequestEntityTooLargeException',
    ],
  ])('%s is refused in JSON and reaches no engine', async (_, request, status, exception) => {
    expectError(await ask(request), status, exception);
    expect(port.commands).toEqual([]);
    expect((await ask({ path: '/jobs/J' })).status).toBe(200);
  });

  it('says what is wrong in the words of AWS', async () => {
    const { message } = (await ask({ path: '/jobs/a%20b' })).json();
    expect(message).toBe(
      "1 validation error detected: Value 'a b' at 'jobId' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+',
    );
  });

  it('cannot be poisoned through the names of members', async () => {
    const body = '{"__proto__":{"comment":"x"},"constructor":{"comment":"x"},"description":"y"}';
    await ask({ ...update, body });
    expect(port.commands).toEqual([{ name: 'iot:UpdateJob', request: { jobId: 'J', description: 'y' } }]);
  });

  it.each([
    ['no Host header', 'GET /jobs/J HTTP/1.1\r\n\r\n'],
    ['a Host that is no host', 'GET /jobs/J HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['no HTTP', 'HELLO\r\n\r\n'],
  ])('%s is answered with 400 and the door stays open', async (_, text) => {
    expect(await recorder.send(text)).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask({ path: '/jobs/J' })).status).toBe(200);
  });

  it('lives on, and makes no noise, when a client leaves in the middle of a body', async () => {
    const stderr = vi.spyOn(console, 'error').mockReturnValue();
    const socket = connect(recorder.httpPort, '127.0.0.1');
    socket.end('PATCH /jobs/J HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"des');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await ask({ path: '/jobs/J' })).status).toBe(200);
    expect(stderr).not.toHaveBeenCalled();
    stderr.mockRestore();
  });
});

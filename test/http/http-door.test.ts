import { type Socket, connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import type { OperationName } from '../../broker/engine/contract.ts';
import { type HttpDoor, openHttpDoor } from '../../broker/http/http-door.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type RejectionCode, rejections } from '../../protocol/rejections.ts';
import { type RawRequest, type RawResponse, rawHttp, scopedTo } from '../support/raw-http.ts';
import { type RecordingPort, createRecordingPort } from '../support/recording-port.ts';

const handled = new Set<OperationName>([
  'iot:CreateJob',
  'iot:CreateThing',
  'iot:DeleteJob',
  'iot:DescribeJob',
  'iot:DescribeJobExecution',
  'iot:ListJobExecutionsForThing',
  'iot:UpdateJob',
  'iotjobsdata:DescribeJobExecution',
  'iotjobsdata:GetPendingJobExecutions',
  'iotjobsdata:StartNextPendingJobExecution',
  'iotjobsdata:UpdateJobExecution',
]);

let port: RecordingPort;
let door: HttpDoor;

beforeEach(async () => {
  port = createRecordingPort();
  port.reply = { accepted: true, response: {} };
  door = await openHttpDoor({
    port,
    handled,
    listeners: { http: 0 },
    status: () => ({ endpoints: { mqtt: 'mqtt://<b>' }, connectedClients: 7 }),
  });
});

afterEach(async () => {
  await door.close();
});

function ask(request: RawRequest): Promise<RawResponse> {
  return rawHttp(door.ports.http ?? 0, request);
}

function expectError(response: RawResponse, status: number, exception: string): void {
  expect([response.status, response.headers['x-amzn-errortype']]).toEqual([status, exception]);
  expect(response.headers['content-type']).toBe('application/json');
  expect(response.json()).toMatchObject({ __type: exception, message: expect.stringMatching(/\S/) });
}

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

describe('what it answers', () => {
  it('names each request and says that it speaks JSON', async () => {
    const [first, second] = await Promise.all([ask({ path: '/jobs/J' }), ask({ path: '/jobs/J' })]);
    expect(first.headers['content-type']).toBe('application/json');
    expect(first.headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.headers['x-amzn-requestid']).not.toBe(first.headers['x-amzn-requestid']);
  });

  it('answers an operation without output with 200 and nothing', async () => {
    port.reply = { accepted: true, response: undefined };
    const response = await ask({ method: 'DELETE', path: '/jobs/J' });
    expect([response.status, response.text]).toEqual([200, '']);
  });

  it('answers a device that has nothing pending with {}', async () => {
    expect((await ask({ method: 'PUT', path: '/things/T/jobs/$next' })).text).toBe('{}');
  });

  it.each(Object.keys(rejections) as RejectionCode[])(
    'says %s as the rejection table has it, on both planes',
    async (code) => {
      port.reply = { accepted: false, code, message: 'No.' };
      const { control, data } = rejections[code];
      expectError(await ask({ path: '/jobs/J', headers: scopedTo('iot') }), control.status, control.exception);
      expectError(
        await ask({ path: '/things/T/jobs', headers: scopedTo('iot-jobs-data') }),
        data.status,
        data.exception,
      );
    },
  );

  it('tells the state of the execution with a refused update, to devices only', async () => {
    const executionState = {
      status: 'SUCCEEDED',
      versionNumber: 4,
      statusDetails: { a: 'b' },
    } as unknown as JobExecution;
    port.reply = {
      accepted: false,
      code: 'VersionMismatch',
      message: 'Expected version 3 but found version 4',
      executionState,
    };
    const device = await ask({ method: 'POST', path: '/things/T/jobs/J', body: '{"status":"FAILED"}' });
    expectError(device, 409, 'InvalidStateTransitionException');
    expect(device.json()['executionState']).toEqual({
      status: 'SUCCEEDED',
      versionNumber: 4,
      statusDetails: { a: 'b' },
    });
    const operator = await ask({ path: '/jobs/J', headers: scopedTo('iot') });
    expectError(operator, 409, 'VersionConflictException');
    expect(operator.json()).not.toHaveProperty('executionState');
  });

  it('adds the members that an error has', async () => {
    port.reply = { accepted: false, code: 'ResourceAlreadyExists', message: 'There.', members: { resourceId: 'J' } };
    expect((await ask({ path: '/jobs/J' })).json()).toMatchObject({ resourceId: 'J' });
  });

  it('answers a bug of its own with 500 in JSON', async () => {
    port.submit = () => {
      throw new Error('broken');
    };
    expectError(await ask({ path: '/jobs/J' }), 500, 'InternalFailureException');
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
    expect(await answerTo(text)).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask({ path: '/jobs/J' })).status).toBe(200);
  });

  it('lives on when a client leaves in the middle of a body', async () => {
    const socket = connect(door.ports.http ?? 0, '127.0.0.1');
    socket.end('PATCH /jobs/J HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"des');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await ask({ path: '/jobs/J' })).status).toBe(200);
  });
});

/** What comes back for bytes that no HTTP client would send. */
function answerTo(text: string): Promise<string> {
  const socket = connect(door.ports.http ?? 0, '127.0.0.1');
  socket.end(text);
  return everythingFrom(socket);
}

function everythingFrom(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

describe('DescribeEndpoint', () => {
  it.each([undefined, 'iot:Data', 'iot:Data-ATS', 'iot:Jobs'])('gives an address that answers for %s', async (type) => {
    const response = await ask({ path: type === undefined ? '/endpoint' : `/endpoint?endpointType=${type}` });
    const address = response.json()['endpointAddress'];
    expect(address).toBe(`127.0.0.1:${door.ports.http}`);
    expect((await fetch(`http://${String(address)}/healthz`)).status).toBe(200);
  });

  it.each(['iot:CredentialProvider', 'iot:Nothing'])('refuses %s', async (type) => {
    expectError(await ask({ path: `/endpoint?endpointType=${type}` }), 400, 'InvalidRequestException');
  });

  it('speaks of the host by which it was reached', async () => {
    const headers = { host: 'rig.test:8080' };
    expect((await ask({ path: '/endpoint', headers })).json()).toEqual({
      endpointAddress: `rig.test:${door.ports.http}`,
    });
  });
});

describe('what the rig says about itself', () => {
  it('is well', async () => {
    expect((await ask({ path: '/healthz' })).json()).toEqual({ status: 'ok' });
  });

  it('counts', async () => {
    await ask({ path: '/jobs/J' });
    await ask({ path: '/unknown' });
    const { text } = await ask({ path: '/metrics' });
    expect(text).toContain('\njobrig_mqtt_clients 7\n');
    expect(text).toContain('\njobrig_http_requests_total{status="200"} 1\n');
    expect(text).toContain('\njobrig_http_requests_total{status="404"} 1\n');
  });

  it('shows a page with its endpoints, as text', async () => {
    const { headers, text } = await ask({ path: '/' });
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(text).toContain('<code>mqtt://&lt;b></code>');
  });
});

describe('HTTPS', () => {
  it('answers beside HTTP, under the AWS protocol name too, and is what DescribeEndpoint then gives', async () => {
    const authority = await openCertificateAuthority('memory');
    const certificate = await authority.issueServerCertificate(['localhost', '127.0.0.1']);
    const secure = await openHttpDoor({
      port,
      handled,
      listeners: { http: 0, https: { port: 0, ...certificate } },
      status: () => ({ endpoints: {}, connectedClients: 0 }),
    });
    for (const protocol of ['http/1.1', 'x-amzn-http-ca']) {
      const socket = connectTls({ port: secure.ports.https, ca: authority.ca, ALPNProtocols: [protocol] });
      socket.write('GET /endpoint HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
      expect(await everythingFrom(socket)).toContain(`{"endpointAddress":"127.0.0.1:${secure.ports.https}"}`);
      expect(socket.alpnProtocol).toBe(protocol);
    }
    expect((await rawHttp(secure.ports.http ?? 0, { path: '/healthz' })).status).toBe(200);
    await secure.close();
  });
});

describe('opening and closing', () => {
  it('names a taken port and leaves nothing open', async () => {
    const blocker = createServer();
    const taken = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
    });
    const opening = openHttpDoor({
      port,
      handled,
      listeners: { http: taken },
      status: () => ({ endpoints: {}, connectedClients: 0 }),
    });
    const error: unknown = await opening.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(OperationalError);
    expect(error).toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining(String(taken)) });
    blocker.close();
  });

  it('answers what was asked before it closes', async () => {
    const answering = new Promise<() => void>((resolve) => {
      port.submit = (_command, answer) => resolve(() => answer({ accepted: true, response: undefined } as never, 0));
    });
    const response = ask({ method: 'DELETE', path: '/jobs/J' });
    const answer = await answering;
    const closed = door.close();
    answer();
    expect((await response).status).toBe(200);
    await closed;
    await expect(ask({ path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('does not wait for a client that keeps its connection', async () => {
    const socket = connect(door.ports.http ?? 0, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    await door.close();
    await gone;
  });
});

/** What the door answers, what it says about itself, and how it opens and closes. */
import type { ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { openHttpDoor } from '../../broker/http/http-door.ts';
import { SocketBudget } from '../../broker/net/socket-budget.ts';
import type { RigStatus } from '../../broker/http/status-page.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type RejectionCode, rejections } from '../../protocol/rejections.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import {
  type RecordingDoor,
  everythingFrom,
  expectError,
  openRecordingDoor,
  recordedOperations as handled,
} from '../support/recording-door.ts';

const status = (): RigStatus => ({ endpoints: {}, connectedClients: 0 });

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

  it('answers a bug of its own with 500 in JSON, and does not keep it to itself', async () => {
    const bug = new Error('broken');
    const stderr = vi.spyOn(console, 'error').mockReturnValue();
    port.submit = () => {
      throw bug;
    };
    expectError(await ask({ path: '/jobs/J' }), 500, 'InternalFailureException');
    expect(stderr.mock.calls).toEqual([[bug]]);
    stderr.mockRestore();
  });
});

describe('DescribeEndpoint', () => {
  it.each([undefined, 'iot:Data', 'iot:Data-ATS'])('gives an address that answers for %s', async (type) => {
    const response = await ask({ path: type === undefined ? '/endpoint' : `/endpoint?endpointType=${type}` });
    const address = response.json()['endpointAddress'];
    expect(address).toBe(`127.0.0.1:${recorder.httpPort}`);
    expect((await fetch(`http://${String(address)}/healthz`)).status).toBe(200);
  });

  it.each(['iot:CredentialProvider', 'iot:Nothing'])('refuses %s', async (type) => {
    expectError(await ask({ path: `/endpoint?endpointType=${type}` }), 400, 'InvalidRequestException');
  });

  it('refuses the retired iot:Jobs in the words of AWS, and serves it where the documentation is believed', async () => {
    const path = '/endpoint?endpointType=iot:Jobs';
    const refused = await ask({ path });
    expectError(refused, 400, 'InvalidRequestException');
    expect(refused.json()['message']).toBe(
      'IoT Jobs and Commands APIs are now available through iot:Data-ATS endpoints instead of iot:Jobs endpoints. Please use iot:Data-ATS.',
    );
    const documented = await openHttpDoor({
      port,
      handled,
      retiredEndpointTypes: 'served',
      listeners: { http: 0 },
      status,
    });
    const served = await rawHttp(documented.ports.http ?? 0, { path });
    expect(served.json()).toEqual({ endpointAddress: `127.0.0.1:${documented.ports.http}` });
    await documented.close();
  });

  it('speaks of the host by which it was reached', async () => {
    const headers = { host: 'rig.localhost:8080' };
    expect((await ask({ path: '/endpoint', headers })).json()).toEqual({
      endpointAddress: `rig.localhost:${recorder.httpPort}`,
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
      status,
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
      status,
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
    const closed = recorder.door.close();
    answer();
    expect((await response).status).toBe(200);
    await closed;
    await expect(ask({ path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('does not wait for a client that keeps its connection', async () => {
    const socket = connect(recorder.httpPort, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    await recorder.door.close();
    await gone;
  });
});

/** Answers without an end. */
const page = (_: unknown, response: ServerResponse): boolean => {
  // More than the system takes, of which little is left.
  const fill = (): void => {
    while (response.write(Buffer.alloc(16 * 1024)));
  };
  response.writeHead(200);
  response.on('drain', fill);
  fill();
  return true;
};

describe('a caller that reads nothing of its answer', () => {
  it('loses its connection, however little is left in memory', async () => {
    const budget = new SocketBudget(() => {});
    const door = await openHttpDoor({ port, handled, listeners: { http: 0 }, status, page, standstillMs: 100, budget });
    const socket = connect(door.ports.http!, '127.0.0.1');
    socket.on('error', () => {}).pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await vi.waitFor(() => expect(budget.connections).toBe(1), 60_000);
    await vi.waitFor(() => expect(budget.connections).toBe(0), 60_000);
    socket.destroy();
    await door.close();
  });
});

/** What a device shows beside MQTT: requests over the data plane, its own witness, the version in its shadow. */
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kind, Observation, ObservationOf } from '../../../../observation/observation.ts';
import { type Lane, openLane } from '../../../../rig/live/check/lane.ts';
import { ShadowVersion } from '../../../../rig/live/check/shadow-version.ts';
import { sharedFolder } from '../../../support/folders.ts';

const directory = sharedFolder('test');
const thingName = 'pump-7';
let lane: Lane;
let seen: Observation[] = [];

beforeAll(async () => {
  lane = await openLane({ directory });
  await lane.operator.createThings([thingName], 'group');
});
afterAll(async () => {
  await lane.close();
});

function attend(): void {
  seen = [];
  lane.attend(thingName, (one) => seen.push(one));
}

const of = <K extends Kind>(kind: K) => seen.filter((one) => one.kind === kind) as unknown as ObservationOf<K>[];

async function ask(method: string, path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${lane.endpoints.httpUrl}/things/${thingName}/jobs${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(method !== 'GET' && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

describe('requests over the data plane', () => {
  it('are seen as over MQTT: the request before what becomes of the execution, then the reply', async () => {
    attend();
    await lane.operator.createJob({ jobId: 'plain', things: [thingName], document: '{"operation":"firmware"}' });
    await ask('PUT', '/%24next', {});
    await ask('POST', '/plain', { status: 'SUCCEEDED', statusDetails: { step: 'done' } });
    expect(of('sent').map(({ request, via }) => [request.operation, request.jobId, request.body.status, via])).toEqual([
      ['StartNextPendingJobExecution', undefined, undefined, 'http'],
      ['UpdateJobExecution', 'plain', 'SUCCEEDED', 'http'],
    ]);
    const [started] = of('received');
    expect(started?.message).toMatchObject({
      outcome: 'accepted',
      payload: { execution: { jobId: 'plain', jobDocument: { operation: 'firmware' } } },
    });
    const order = seen.filter(({ kind }) => ['sent', 'execution', 'received'].includes(kind)).map(({ kind }) => kind);
    expect(order).toEqual(['execution', 'sent', 'execution', 'received', 'sent', 'execution', 'received']);
  });

  it.each([
    ['of what is gone', 'nowhere', { status: 'FAILED' }, 'ResourceNotFound'],
    ['of what has ended', 'plain', { status: 'IN_PROGRESS' }, 'InvalidStateTransition'],
  ])('refused: an update %s has the code of MQTT', async (_, jobId, body, code) => {
    attend();
    await ask('POST', `/${jobId}`, body);
    expect(of('received').map(({ message }) => message)).toMatchObject([{ outcome: 'rejected', payload: { code } }]);
  });

  it('with a stale expectedVersion are told from a wrong transition', async () => {
    attend();
    await lane.operator.createJob({ jobId: 'stale', things: [thingName], document: '{}' });
    await ask('POST', '/stale', { status: 'IN_PROGRESS', expectedVersion: 7 });
    expect(of('received').at(-1)?.message).toMatchObject({ payload: { code: 'VersionMismatch' } });
    await ask('POST', '/stale', { status: 'FAILED' });
  });

  it.each([
    ['throttled', { answer: 'refuse', code: 'RequestThrottled', message: 'x' }, 429],
    ['failed', { answer: 'refuse', code: 'InternalError', message: 'x' }, 503],
    ['told of nothing', { answer: 'empty-next' }, 200],
  ] as const)('have faults injected: %s', async (_, fault, status) => {
    attend();
    lane.faults.armAnswer({ name: 'service as asked', ...fault }, undefined, { times: 1 });
    expect((await ask('GET', '/%24next', {})).status).toBe(status);
    expect(of('fault')).toHaveLength(1);
  });

  it('lost on their way break the connection, and the service has not seen them', async () => {
    attend();
    await lane.operator.createJob({ jobId: 'lost', things: [thingName], document: '{}' });
    for (const direction of ['request', 'reply'] as const) {
      lane.faults.armPacket({ kind: 'message', direction, effect: 'lost', lateMs: 0, times: 1 });
    }
    await expect(ask('POST', '/lost', { status: 'IN_PROGRESS' })).rejects.toThrow();
    expect(of('execution').map(({ status }) => status)).toEqual(['QUEUED']);
    await expect(ask('POST', '/lost', { status: 'IN_PROGRESS' })).rejects.toThrow();
    expect(of('execution').map(({ status }) => status)).toEqual(['QUEUED', 'IN_PROGRESS']);
    expect(of('received')).toHaveLength(0);
  });
});

describe('the witness', () => {
  it.each([
    ['by POST', 'POST', '?effect=activated&version=1.2.3&job=a&number=2'],
    ['by GET', 'GET', '?effect=activated&version=1.2.3&job=a&number=2'],
  ])('%s tells an effect of an execution', async (_, method, query) => {
    attend();
    expect((await fetch(`${lane.witness.urlFor(thingName)}${query}`, { method })).status).toBe(204);
    expect(of('witness')).toMatchObject([
      { thingName, effect: 'activated', version: '1.2.3', jobId: 'a', executionNumber: 2 },
    ]);
  });

  it('knows the job from the address that stood in its document', async () => {
    attend();
    await fetch(`${lane.witness.urlFor(thingName, 'job-ü')}?effect=ran`, { method: 'POST' });
    expect(of('witness')).toMatchObject([{ effect: 'ran', jobId: 'job-ü' }]);
  });

  it.each(['', '?version=1', '?effect='])('refuses %j, which names no effect', async (query) => {
    attend();
    expect((await fetch(`${lane.witness.urlFor(thingName)}${query}`)).status).toBe(400);
    expect(of('witness')).toEqual([]);
  });
});

describe('the version in a shadow', () => {
  it('is found where a version that a job installs was reported first, and read there from then on', async () => {
    attend();
    lane.shadow.installs('2.0.0');
    const client = await connectAsync(`mqtt://127.0.0.1:${lane.endpoints.mqttPort}`, { clientId: thingName });
    const report = (reported: object) =>
      client.publishAsync(`$aws/things/${thingName}/shadow/update`, JSON.stringify({ state: { reported } }), {
        qos: 1,
      });
    await report({ protocol: '1', firmware: { version: '2.0.0' } });
    await report({ protocol: '2' });
    await report({ firmware: { version: '1.0.0' } });
    await client.endAsync();
    expect(of('reported-version').map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
  });

  it.each([
    ['another topic', '$aws/things/x/jobs/start-next', '{"state":{"reported":{"v":"2"}}}'],
    ['no JSON', '$aws/things/x/shadow/update', 'x'],
    ['no state', '$aws/things/x/shadow/update', '{}'],
    ['only what is desired', '$aws/things/x/shadow/update', '{"state":{"desired":{"v":"2"}}}'],
    ['a version that no job installs', '$aws/things/x/shadow/update', '{"state":{"reported":{"v":"3"}}}'],
  ])('is not read from %s', (_, topic, text) => {
    const shadow = new ShadowVersion();
    shadow.installs('2');
    expect(shadow.reportedIn(topic, text)).toBeUndefined();
  });
});

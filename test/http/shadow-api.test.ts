/** The data plane of shadows through the real AWS SDK, and what an HTTP client without one sees. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { IoTDataPlane } from '@aws-sdk/client-iot-data-plane';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpService, startHttpService } from '../support/http-service.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';

let service: HttpService;
let client: IoTDataPlane;

beforeAll(async () => {
  service = await startHttpService();
  client = new IoTDataPlane({
    endpoint: `http://127.0.0.1:${service.httpPort}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client.destroy();
  await service.close();
});

const text = (payload: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(payload));
const written = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('through the AWS SDK', () => {
  it.each([undefined, 'config', '$net'])('a shadow (%s) is updated, read and deleted', async (shadowName) => {
    const about = { thingName: 'T:1', shadowName };
    const state = { desired: { led: 'on' }, reported: { led: 'off' } };
    const updated = await client.updateThingShadow({ ...about, payload: written({ state }) });
    expect(text(updated.payload)).toMatchObject({ state, version: 1 });
    const read = await client.getThingShadow(about);
    expect(text(read.payload)).toMatchObject({ state: { ...state, delta: { led: 'on' } }, version: 1 });
    const deleted = await client.deleteThingShadow(about);
    expect(text(deleted.payload)).toMatchObject({ version: 1 });
    await expect(client.getThingShadow(about)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `No shadow exists with name: '${shadowName ?? 'T:1'}'`,
    });
  });

  it('refusals are its exceptions', async () => {
    const update = (request: unknown) => client.updateThingShadow({ thingName: 'U', payload: written(request) });
    await expect(update([])).rejects.toMatchObject({ name: 'InvalidRequestException', message: 'Invalid JSON' });
    await update({ state: {} });
    await expect(update({ state: {}, version: 7 })).rejects.toMatchObject({ name: 'ConflictException' });
    await expect(update({ state: { desired: { a: 'x'.repeat(9000) } } })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
    });
    await expect(client.updateThingShadow({ thingName: 'U', payload: new Uint8Array([0xff]) })).rejects.toMatchObject({
      name: 'UnsupportedDocumentEncodingException',
    });
  });

  it('named shadows are listed page by page', async () => {
    for (const shadowName of ['a', 'b', 'c']) {
      await client.updateThingShadow({ thingName: 'V', shadowName, payload: written({ state: {} }) });
    }
    const list = { thingName: 'V', pageSize: 2 };
    const first = await client.listNamedShadowsForThing(list);
    expect(first).toMatchObject({ results: ['a', 'b'], timestamp: Math.floor(service.clock.now() / 1000) });
    const second = await client.listNamedShadowsForThing({ ...list, nextToken: first.nextToken });
    expect(second.results).toEqual(['c']);
    expect(second.nextToken).toBeUndefined();
  });
});

describe('without an SDK', () => {
  it('a device that signs nothing finds its shadow', async () => {
    const path = '/things/W/shadow';
    const body = '{"state":{"reported":{"version":"1"}}}';
    expect(await rawHttp(service.httpPort, { method: 'POST', path, body })).toMatchObject({ status: 200 });
    const { status, headers, json } = await rawHttp(service.httpPort, { path });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(json()).toMatchObject({ state: { reported: { version: '1' } } });
  });

  it.each([
    ['PUT', '/things/W/shadow', 'iotdata', 405, 'MethodNotAllowedException'],
    ['GET', '/things/W/shadows', 'iotdata', 404, 'UnknownOperationException'],
    ['GET', '/things/W/shadow', 'iot', 404, 'UnknownOperationException'],
    ['GET', '/things/W/jobs', 'iotdata', 404, 'UnknownOperationException'],
    ['GET', '/things/W%20/shadow', 'iotdata', 400, 'InvalidRequestException'],
    ['GET', '/things/W/shadow?name=a%20b', 'iotdata', 400, 'InvalidRequestException'],
    ['GET', '/api/things/shadow/ListNamedShadowsForThing/W?pageSize=101', 'iotdata', 400, 'InvalidRequestException'],
  ] as const)('%s %s, signed for %s: %d %s', async (method, path, scope, status, exception) => {
    const answer = await rawHttp(service.httpPort, { method, path, headers: scopedTo(scope) });
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([status, exception]);
  });
});

it('an eleventh request in flight on one connection about a thing is refused with 429', async () => {
  const socket = connect({ port: service.httpPort, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const headers = Object.entries({ ...scopedTo('iotdata'), host: '127.0.0.1' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const request = (thing: string): string => [`GET /things/${thing}/shadow HTTP/1.1`, ...headers, '', ''].join('\r\n');
  let answers = '';
  const all = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      answers += bytes.toString();
      if (statuses().length === 13) resolve();
    });
  });
  const statuses = (): string[] => answers.match(/(?<=HTTP\/1\.1 )\d+/g) ?? [];
  socket.write([...Array.from({ length: 12 }, () => request('full')), request('other')].join(''));
  await all;
  expect(statuses()).toEqual([...Array.from({ length: 10 }, () => '404'), '429', '429', '404']);
  expect(answers).toContain('x-amzn-errortype: ThrottlingException');
  expect(answers).toContain('{"__type":"ThrottlingException","message":"Rate exceeded"}');
  answers = '';
  socket.write(request('full'));
  await once(socket, 'data');
  expect(statuses()).toEqual(['404']);
  socket.destroy();
});

/** Whatever a device sends, it gets AWS's rejection, nothing changes, and the service goes on. With the real engine. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandOf, Engine, OperationName } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import { type MqttDoor, openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { type Runtime, createRuntime } from '../../broker/runtime.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { WireClient } from '../support/wire-client.ts';

const identity = { region: 'eu-central-1', account: '123456789012' };
const jobs = '$aws/things/lamp/jobs';

let engine: Engine;
let runtime: Runtime;
let door: MqttDoor;
let client: WireClient;

beforeEach(async () => {
  engine = createEngine({ identity });
  const clock = createManualClock();
  runtime = createRuntime({ engine, clock });
  door = await openMqttDoor({ port: runtime, listeners: { tcp: 0 } });
  operate({ name: 'iot:CreateThing', request: { thingName: 'lamp' } });
  operate({
    name: 'iot:CreateJob',
    request: {
      jobId: 'job-1',
      targets: ['arn:aws:iot:eu-central-1:123456789012:thing/lamp'],
      document: '{"operation":"reboot"}',
    },
  });
  clock.advance(60_000);
  client = await WireClient.connect(door.ports.tcp!, { clientId: 'lamp' });
});

afterEach(async () => {
  await door.close();
  await runtime.close();
});

function operate<Name extends OperationName>(command: CommandOf<Name>): void {
  runtime.submit(command, (reply) => expect(reply).toMatchObject({ accepted: true }));
}

const state = (): string => JSON.stringify([...engine.rows()]);

describe('is rejected, and changes nothing:', () => {
  const update = 'job-1/update';
  const bad: readonly (readonly [string, string, string | Buffer | object, string])[] = [
    ['broken JSON', update, '{"status":', 'InvalidJson'],
    ['JSON that is no object', update, '[1,2]', 'InvalidJson'],
    ['bytes that are no UTF-8', update, Buffer.from([0x7b, 0xff, 0x7d]), 'InvalidJson'],
    ['no payload where a status is needed', update, '', 'InvalidRequest'],
    ['an unknown status', update, { status: 'SUCCESS' }, 'InvalidRequest'],
    ['a status that is no text', update, { status: 7 }, 'InvalidRequest'],
    ['a version that is no number', update, { status: 'IN_PROGRESS', expectedVersion: 'one' }, 'InvalidRequest'],
    ['details that are no map', update, { status: 'IN_PROGRESS', statusDetails: 'x' }, 'InvalidRequest'],
    ['a detail that is no text', update, { status: 'IN_PROGRESS', statusDetails: { a: [] } }, 'InvalidRequest'],
    ['a token that is no text', 'get', { clientToken: 5 }, 'InvalidRequest'],
    ['a step timeout of zero', 'start-next', { stepTimeoutInMinutes: 0 }, 'InvalidRequest'],
    ['a stale version', update, { status: 'IN_PROGRESS', expectedVersion: 99 }, 'VersionMismatch'],
    ['a status only the service sets', update, { status: 'QUEUED' }, 'InvalidStateTransition'],
    ['an unknown job', 'job-2/update', { status: 'IN_PROGRESS' }, 'ResourceNotFound'],
    ['an unknown execution number', 'job-1/get', { executionNumber: 9 }, 'ResourceNotFound'],
    ['an unknown topic', 'job-1/delete', {}, 'InvalidTopic'],
    ['an update of $next', '$next/update', { status: 'IN_PROGRESS' }, 'InvalidTopic'],
    ['a topic far too deep', 'a/b/c/d/e/f', {}, 'InvalidTopic'],
    ['no topic at all', '', {}, 'InvalidTopic'],
  ];
  it.each(bad)('%s', async (_what, tail, payload, code) => {
    const before = state();
    const topic = `${jobs}/${tail}`;
    const reply = await client.request(topic, payload);
    expect(reply).toMatchObject({ topic: `${topic}/rejected`, body: { code, message: expect.any(String) as string } });
    expect(state()).toBe(before);
    expect((await client.request(`${jobs}/$next/get`)).topic).toBe(`${jobs}/$next/get/accepted`);
  });
});

it('an update of a finished execution tells its state and changes nothing', async () => {
  const topic = `${jobs}/job-1/update`;
  await client.request(topic, { status: 'SUCCEEDED' });
  const before = state();
  const { body } = await client.request(topic, { status: 'IN_PROGRESS', clientToken: 'late' });
  expect(body).toMatchObject({
    code: 'InvalidStateTransition',
    clientToken: 'late',
    executionState: { status: 'SUCCEEDED', versionNumber: 2 },
  });
  expect(state()).toBe(before);
});

it('a client whose thing is not registered may connect and listen, and its requests find nothing', async () => {
  const stranger = await WireClient.connect(door.ports.tcp!, { clientId: 'stranger' });
  expect(await stranger.subscribe(['$aws/things/stranger/jobs/notify'])).toEqual([1]);
  const { body } = await stranger.request('$aws/things/stranger/jobs/job-1/get');
  expect(body).toMatchObject({ code: 'ResourceNotFound' });
});

it('an empty payload is an empty request', async () => {
  for (const tail of ['get', '$next/get', 'job-1/get', 'start-next']) {
    expect((await client.request(`${jobs}/${tail}`, '')).topic).toBe(`${jobs}/${tail}/accepted`);
  }
});

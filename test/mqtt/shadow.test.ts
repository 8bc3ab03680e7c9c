/** Shadows on the wire: who hears what, in which order and of which quality, and that other things hear nothing. */
import { afterEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../broker/engine/engine.ts';
import { openMqttDoor, type MqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { createRuntime, type Runtime } from '../../broker/runtime.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { inOneTurn } from '../support/in-one-turn.ts';
import { WireClient } from '../support/wire-client.ts';

const open: { readonly door: MqttDoor; readonly runtime: Runtime }[] = [];

afterEach(async () => {
  for (const { door, runtime } of open.splice(0)) {
    await door.close();
    await runtime.close();
  }
});

async function serve(): Promise<{ readonly port: number; readonly runtime: Runtime }> {
  const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
  const runtime = createRuntime({ engine, clock: createManualClock() });
  const door = await openMqttDoor({ port: runtime, listeners: { tcp: 0 }, identity: 'client-id' });
  open.push({ door, runtime });
  return { port: door.ports.tcp ?? 0, runtime };
}

const shadow = '$aws/things/lamp/shadow';
const update = { state: { desired: { led: 'on' } } };

describe.each([
  ['a clean session', true],
  ['a persistent session', false],
])('%s', (_what, clean) => {
  it('that has not subscribed is not answered', async () => {
    const { port } = await serve();
    const lamp = await WireClient.connect(port, { clientId: 'lamp', clean });
    lamp.publish(`${shadow}/update`, update);
    lamp.publish(`${shadow}/get`, '');
    lamp.publish(`${shadow}/delete`, 'no JSON');
    await lamp.settled();
    expect(lamp.topics()).toEqual([]);
  });

  it('hears request, accepted, documents and delta in this order, with the best quality it was granted', async () => {
    const { port } = await serve();
    const lamp = await WireClient.connect(port, { clientId: 'lamp', clean });
    await lamp.subscribe([`${shadow}/#`], 1);
    await lamp.subscribe([`${shadow}/update/delta`], 0);
    lamp.publish(`${shadow}/update`, update);
    await lamp.until(() => lamp.messages.length === 4);
    lamp.publish(`${shadow}/get`, '');
    await lamp.until(() => lamp.messages.length === 6);
    lamp.publish(`${shadow}/name/none/get`, '{"clientToken":"t"}');
    await lamp.until(() => lamp.messages.length === 8);
    expect(lamp.messages.map(({ topic, qos }) => [topic.slice(shadow.length), qos])).toEqual([
      ['/update', 1],
      ['/update/accepted', 1],
      ['/update/documents', 1],
      ['/update/delta', 1],
      ['/get', 1],
      ['/get/accepted', 1],
      ['/name/none/get', 1],
      ['/name/none/get/rejected', 1],
    ]);
    expect(lamp.messages[0]!.payload).toBe(JSON.stringify(update));
    expect(JSON.parse(lamp.messages[7]!.payload)).toEqual({
      code: 404,
      message: "No shadow exists with name: 'none'",
      clientToken: 't',
    });
  });

  it('is told members in the order of AWS', async () => {
    const { port } = await serve();
    const lamp = await WireClient.connect(port, { clientId: 'lamp', clean });
    await lamp.subscribe([`${shadow}/update/+`, `${shadow}/get/+`]);
    lamp.publish(`${shadow}/update`, { ...update, clientToken: 't' });
    lamp.publish(`${shadow}/get`, '{"clientToken":"t"}');
    lamp.publish(`${shadow}/update`, '[]');
    await lamp.until(() => lamp.messages.length === 5);
    const members = Object.fromEntries(
      lamp.messages.map(({ topic, payload }) => [
        topic.slice(shadow.length),
        Object.keys(JSON.parse(payload) as object),
      ]),
    );
    expect(members).toEqual({
      '/update/accepted': ['state', 'metadata', 'version', 'timestamp', 'clientToken'],
      '/update/documents': ['previous', 'current', 'timestamp', 'clientToken'],
      '/update/delta': ['version', 'timestamp', 'state', 'metadata', 'clientToken'],
      '/get/accepted': ['state', 'metadata', 'version', 'timestamp', 'clientToken'],
      '/update/rejected': ['code', 'message', 'timestamp'],
    });
  });
});

it('an operator’s change over REST reaches the device, a device’s mistake reaches no one else', async () => {
  const { port, runtime } = await serve();
  const lamp = await WireClient.connect(port, { clientId: 'lamp' });
  await lamp.subscribe([`${shadow}/update/delta`, `${shadow}/update/rejected`]);
  const submit = (payload: string): void =>
    runtime.submit({ name: 'iot:UpdateThingShadow', request: { thingName: 'lamp', payload } }, () => {});
  submit('[]');
  submit(JSON.stringify(update));
  await lamp.settled();
  expect(lamp.topics()).toEqual([`${shadow}/update/delta`]);
});

it('another thing hears nothing, and may not ask', async () => {
  const { port } = await serve();
  const door = await WireClient.connect(port, { clientId: 'door', protocolVersion: 5 });
  expect(await door.subscribe(['#', `${shadow}/#`, '$aws/things/door/shadow/#'])).toEqual([1, 0x87, 1]);
  const lamp = await WireClient.connect(port, { clientId: 'lamp' });
  lamp.publish(`${shadow}/update`, update);
  await lamp.settled();
  await door.settled();
  expect(door.topics()).toEqual([]);
  door.publish(`${shadow}/get`, '');
  await door.closed;
});

it('a client that was away hears on its return what was said to its persistent session, in order', async () => {
  const { port, runtime } = await serve();
  const options = { clientId: 'lamp', clean: false };
  const lamp = await WireClient.connect(port, options);
  await lamp.subscribe([`${shadow}/update/delta`]);
  await lamp.drop();
  for (const led of ['on', 'off', 'dim']) {
    const payload = JSON.stringify({ state: { desired: { led } } });
    runtime.submit({ name: 'iot:UpdateThingShadow', request: { thingName: 'lamp', payload } }, () => {});
  }
  const again = await WireClient.connect(port, options);
  await again.until(() => again.messages.length === 3);
  expect(again.messages.map(({ payload }) => (JSON.parse(payload) as { version: number }).version)).toEqual([1, 2, 3]);
});

it('a last will does not reach the shadow', async () => {
  const { port, runtime } = await serve();
  const will = {
    topic: `${shadow}/update`,
    payload: Buffer.from(JSON.stringify(update)),
    qos: 1,
    retain: false,
  } as const;
  const lamp = await WireClient.connect(port, { clientId: 'lamp', will });
  await lamp.drop();
  const again = await WireClient.connect(port, { clientId: 'lamp' });
  await again.settled();
  const outcome = await new Promise<boolean>((resolve) => {
    runtime.submit({ name: 'iot:GetThingShadow', request: { thingName: 'lamp' } }, ({ accepted }) => resolve(accepted));
  });
  expect(outcome).toBe(false);
});

describe.each([4, 5] as const)('MQTT level %d', (protocolVersion) => {
  it('an eleventh request in flight about a thing is refused with 429, and the next one is taken', async () => {
    const { port } = await serve();
    const lamp = await WireClient.connect(port, { clientId: 'lamp', protocolVersion });
    await lamp.subscribe([`${shadow}/update/accepted`, `${shadow}/+/rejected`, `${shadow}/name/+/+/rejected`]);
    await inOneTurn(async () => {
      lamp.stream.cork();
      for (let index = 0; index < 10; index += 1) lamp.publish(`${shadow}/update`, update);
      lamp.publish(`${shadow}/update`, { ...update, clientToken: 'late' });
      lamp.publish(`${shadow}/get`, '');
      lamp.publish(`${shadow}/name/config/delete`, '');
      lamp.stream.uncork();
      await lamp.settled();
    });
    const [refused, ...others] = lamp.messages.filter(({ topic }) => topic.endsWith('/rejected'));
    expect(JSON.parse(refused?.payload ?? '')).toEqual({
      code: 429,
      message: 'TOO_MANY_REQUESTS',
      timestamp: expect.any(Number) as number,
      clientToken: 'late',
    });
    expect(others.map(({ topic }) => topic.slice(shadow.length))).toEqual([
      '/get/rejected',
      '/name/config/delete/rejected',
    ]);
    expect(lamp.messages.length).toBe(13);
    lamp.publish(`${shadow}/update`, update);
    await lamp.until(() => lamp.messages.length === 14);
    expect(lamp.messages.at(-1)?.topic).toBe(`${shadow}/update/accepted`);
  });
});

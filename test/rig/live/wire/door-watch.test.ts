import { DeleteJobExecutionCommand } from '@aws-sdk/client-iot';
import { type IClientOptions, type MqttClient, connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { startService } from '../../../../broker/start-service.ts';
import type { Kind, Observation } from '../../../../observation/observation.ts';
import { observeEvery } from '../../../../observation/observers.ts';
import { Operator } from '../../../../rig/live/operator.ts';
import { DoorWatch } from '../../../../rig/live/wire/door-watch.ts';
import { WireFaults } from '../../../../rig/live/wire/wire-faults.ts';
import { type TappedConnection, tapped } from '../../../../rig/live/wire/wire-tap.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const thingName = 'thing-1';
const topic = (rest: string) => `$aws/things/${thingName}/jobs/${rest}`;

async function watched() {
  const seen: Observation[] = [];
  const waiting = new Set<() => void>();
  const observer = observeEvery((one) => {
    seen.push(one);
    for (const look of waiting) look();
  });
  const faults = new WireFaults(() => Date.now());
  const connections: TappedConnection[] = [];
  const service = await startService({
    observer,
    tap: (stream) =>
      tapped(stream, (connection) => {
        connections.push(connection);
        return new DoorWatch(connection, { observer, faults, now: () => Date.now(), thingName: () => thingName });
      }),
  });
  closers.push(() => service.close());
  const operator = new Operator({ endpoint: service.httpUrl ?? '', region: 'us-east-1', now: () => Date.now() });
  closers.push(() => operator[Symbol.dispose]());
  await operator.createThings([thingName], 'group');
  const connect = async (options: IClientOptions = {}): Promise<MqttClient> => {
    const client = await connectAsync(service.mqttUrl ?? '', { clientId: thingName, reconnectPeriod: 0, ...options });
    closers.push(() => client.endAsync(true));
    return client;
  };
  const when = <K extends Kind>(kind: K, matches: (one: Extract<Observation, { kind: K }>) => boolean = () => true) =>
    new Promise<Extract<Observation, { kind: K }>>((resolve) => {
      const look = () => {
        const hit = seen.find(
          (one): one is Extract<Observation, { kind: K }> =>
            one.kind === kind && matches(one as Extract<Observation, { kind: K }>),
        );
        if (hit === undefined) return;
        waiting.delete(look);
        resolve(hit);
      };
      waiting.add(look);
      look();
    });
  return { seen, faults, connections, operator, connect, when };
}

function nextMessage(client: MqttClient, wanted: string): Promise<string> {
  return new Promise((resolve) => {
    client.on('message', (name, payload) => {
      if (name === wanted) resolve(payload.toString());
    });
  });
}

const job = { jobId: 'job-1', things: [thingName], document: '{"operation":"reboot"}' };

describe.each([4, 5] as const)('the wire of a device seen at the door, MQTT protocol %i', (protocolVersion) => {
  it('shows a whole conversation: connection, subscription, request, reply, acknowledgement, notification, end', async () => {
    const { connect, operator, when } = await watched();
    const client = await connect({ protocolVersion, keepalive: 77 });
    expect((await when('connected')).client).toMatchObject({ clientId: thingName, keepAliveSeconds: 77 });
    await client.subscribeAsync([topic('notify-next'), topic('start-next/accepted')], { qos: 1 });
    expect((await when('subscribed')).filters).toEqual([
      { filter: topic('notify-next'), qos: 1 },
      { filter: topic('start-next/accepted'), qos: 1 },
    ]);
    await operator.createJob(job);
    await when('received', ({ message }) => message.kind === 'notification');
    await when('delivered', ({ message }) => message.kind === 'notification');
    await client.publishAsync(topic('start-next'), '{"clientToken":"abc"}', { qos: 1 });
    expect((await when('sent')).request).toMatchObject({
      operation: 'StartNextPendingJobExecution',
      body: { clientToken: 'abc' },
    });
    await when('received', ({ message }) => message.kind === 'reply');
    expect(await when('execution', ({ status }) => status === 'IN_PROGRESS')).toMatchObject({
      by: 'device',
      versionNumber: 2,
    });
    await operator.send(new DeleteJobExecutionCommand({ jobId: 'job-1', thingName, executionNumber: 1, force: true }));
    expect(await when('execution', ({ status }) => status === 'DELETED')).toMatchObject({
      by: 'operator',
      force: true,
    });
    await client.publishAsync('elsewhere', 'hello');
    expect(await when('published')).toMatchObject({ topic: 'elsewhere', text: 'hello' });
    await client.endAsync();
    expect((await when('disconnected')).end).toBe('by-device');
  });

  it('injects faults: a refused answer, a lost notification, a late reply, a broken link', async () => {
    const { connect, operator, when, faults, connections, seen } = await watched();
    const client = await connect({ protocolVersion });
    await client.subscribeAsync(topic('#'), { qos: 1 });
    faults.armPacket({ kind: 'message', direction: 'notification', effect: 'lost', lateMs: 0, times: 2 });
    await operator.createJob(job);
    await when('fault', ({ name }) => name === 'notification lost');
    const throttled = { name: 'service RequestThrottled', code: 'RequestThrottled', message: 'Slow down.' } as const;
    faults.armAnswer({ ...throttled, answer: 'refuse' }, undefined, { times: 1 });
    const refused = nextMessage(client, topic('start-next/rejected'));
    await client.publishAsync(topic('start-next'), '{"clientToken":"t"}', { qos: 1 });
    expect(JSON.parse(await refused)).toMatchObject({ code: 'RequestThrottled', clientToken: 't' });
    expect(seen.filter(({ kind }) => kind === 'execution')).toHaveLength(1);
    faults.armAnswer({ name: 'service twice', answer: 'twice' }, undefined, {});
    const accepted = nextMessage(client, topic('start-next/accepted'));
    await client.publishAsync(topic('start-next'), '', { qos: 1 });
    expect(JSON.parse(await accepted)).toMatchObject({ execution: { jobId: 'job-1' } });
    connections[0]?.drop();
    expect((await when('disconnected')).end).toBe('lost');
  });

  it('leaves a CONNECT or SUBSCRIBE unanswered or refuses it, where a fault says so', async () => {
    const { connect, when, faults } = await watched();
    faults.armPacket({ kind: 'connect', answer: 'refused', times: 1 });
    await expect(connect({ protocolVersion })).rejects.toThrow();
    const client = await connect({ protocolVersion });
    faults.armPacket({ kind: 'subscribe', answer: 'refused', times: 1 });
    await client.subscribeAsync(topic('notify'), { qos: 1 }).catch(() => {});
    expect((await when('subscribed')).filters).toEqual([{ filter: topic('notify') }]);
  });
});

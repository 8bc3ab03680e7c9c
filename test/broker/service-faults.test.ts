import {
  DescribeJobExecutionCommand,
  GetPendingJobExecutionsCommand,
  IoTJobsDataPlaneClient,
} from '@aws-sdk/client-iot-jobs-data-plane';
import { describe, expect, it } from 'vitest';
import type { Reply } from '../../broker/engine/contract.ts';
import { type FaultListener, leaping, unreliable } from '../../broker/service-faults.ts';
import { startService } from '../../broker/start-service.ts';
import type { FaultName } from '../../faults/thing-faults.ts';
import { type FaultPlan, type ServiceAnswer, parseFaultPlan } from '../../faults/plan.ts';
import { fakeService } from '../support/fake-service.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { WireClient } from '../support/wire-client.ts';

const hourMs = 3_600_000;

function plan(...faults: readonly object[]): FaultPlan {
  const parsed = parseFaultPlan({ faults });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan;
}

function troubled(answer: ServiceAnswer, members: object = {}) {
  const clock = createManualClock();
  const service = fakeService();
  const fault = plan({ kind: 'service', answer, untilMs: hourMs, lateMs: 3000, ...members });
  const told: (readonly [FaultName, string | undefined])[] = [];
  const onFault: FaultListener = ({ name }, thingName) => told.push([name, thingName]);
  const port = unreliable(service, { plan: fault, seed: 1, clock, onFault });
  const replies: Reply<unknown>[] = [];
  const ask = (thingName = 'thing-1') =>
    port.submit({ name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName } }, (reply) => {
      replies.push(reply);
    });
  return { clock, service, port, replies, ask, told };
}

function drawnFaults(seed: number): string {
  const fault = plan({ kind: 'service', answer: 'InternalError', untilMs: hourMs, perMillion: 500_000 });
  const port = unreliable(fakeService(), { plan: fault, seed, clock: createManualClock() });
  let drawn = '';
  for (let asked = 0; asked < 64; asked += 1) {
    const request = { thingName: 'thing-1' };
    port.submit({ name: 'iotjobsdata:GetPendingJobExecutions', request }, ({ accepted }) => {
      drawn += accepted ? '+' : '-';
    });
  }
  return drawn;
}

function leap(atMs: number, byMs: number): object {
  return { kind: 'service-clock-jump', fromMs: atMs, untilMs: atMs, byMs };
}

function answering(answer: ServiceAnswer, more: object = {}) {
  return startService({ faults: plan({ kind: 'service', answer, untilMs: hourMs, ...more }) });
}

async function device(mqttUrl: string | undefined): Promise<WireClient> {
  return WireClient.connect(Number(new URL(mqttUrl ?? '').port), { clientId: 'thing-1' });
}

describe('a service that has bad days', () => {
  it.each(['RequestThrottled', 'InternalError'] as const)('refuses with %s, and the engine never hears', (code) => {
    const { replies, service, ask } = troubled(code);
    ask();
    expect(replies).toMatchObject([{ accepted: false, code }]);
    expect(service.commands).toEqual([]);
  });

  it('does not answer at all, and the engine never hears', () => {
    const { replies, service, ask, clock } = troubled('not-at-all');
    ask();
    clock.advance(hourMs);
    expect({ replies, commands: service.commands }).toEqual({ replies: [], commands: [] });
  });

  it('answers twice what was asked once', () => {
    const { replies, service, ask } = troubled('twice');
    ask();
    expect(replies).toHaveLength(2);
    expect(replies[0]).toBe(replies[1]);
    expect(service.commands).toHaveLength(1);
  });

  it('answers late what was done at once, unless it closes before', () => {
    const { replies, service, ask, clock, port } = troubled('late');
    ask();
    clock.advance(2999);
    expect({ replies, asked: service.commands.length }).toEqual({ replies: [], asked: 1 });
    clock.advance(1);
    expect(replies).toHaveLength(1);
    ask();
    port.close();
    clock.advance(hourMs);
    expect(replies).toHaveLength(1);
  });

  it('spares other things, other operations, operators and other times', () => {
    const { replies, ask, clock, port } = troubled('RequestThrottled', {
      things: 'thing-*',
      operations: ['GetPendingJobExecutions'],
      fromMs: 1000,
      untilMs: 2000,
    });
    ask();
    clock.advance(1000);
    ask('other-1');
    port.submit({ name: 'iot:ListThings', request: {} }, (reply) => replies.push(reply));
    port.submit({ name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'thing-1' } }, (reply) => {
      replies.push(reply);
    });
    expect(replies.map(({ accepted }) => accepted)).toEqual([true, true, true, true]);
    ask();
    clock.advance(1000);
    ask();
    expect(replies.slice(4).map(({ accepted }) => accepted)).toEqual([false, true]);
  });

  it('tells what it does to whom, and of nothing else', () => {
    const { told, ask } = troubled('twice', { things: 'thing-1' });
    ask();
    ask('other-1');
    expect(told).toEqual([['service twice', 'thing-1']]);
  });

  it('tells of the leaps of its clock, until it closes', () => {
    const clock = createManualClock();
    const told: unknown[] = [];
    const options = { plan: plan(leap(100, 1000), leap(200, 1000)), seed: 1, clock };
    const port = unreliable(fakeService(), { ...options, onFault: (...what) => told.push(what) });
    clock.advance(150);
    port.close();
    clock.advance(hourMs);
    expect(told).toEqual([[{ name: 'service-clock-jump' }]]);
  });

  it('draws the same faults from the same seed, and others from another', () => {
    expect(drawnFaults(7)).toBe(drawnFaults(7));
    expect(drawnFaults(7)).not.toBe(drawnFaults(8));
    expect(drawnFaults(7)).toMatch(/\+.*-|-.*\+/);
  });
});

describe('a service clock that leaps', () => {
  it('leaps at its instants and never back, and rings for what it leaps over', () => {
    const steady = createManualClock(0);
    const clock = leaping(steady, { plan: plan(leap(100, 1000), leap(200, 5000)), seed: 1 });
    const rung: [wanted: number, at: number, steadyAt: number][] = [];
    for (const wanted of [0, 50, 99, 100, 600, 1100, 1150, 4000, 6200, 7000]) {
      clock.setTimer(wanted, () => rung.push([wanted, clock.now(), steady.now()]));
    }
    for (let ms = 0; ms < 1000; ms += 1) {
      const before = clock.now();
      steady.advance(1);
      expect(clock.now()).toBeGreaterThan(before);
    }
    expect(rung).toEqual([
      [0, 0, 0],
      [50, 50, 50],
      [99, 99, 99],
      [100, 1100, 100],
      [600, 1100, 100],
      [1100, 1100, 100],
      [1150, 1150, 150],
      [4000, 6200, 200],
      [6200, 6200, 200],
      [7000, 7000, 1000],
    ]);
  });
});

describe('startService with faults', () => {
  const get = '$aws/things/thing-1/jobs/get';

  it.each(['RequestThrottled', 'InternalError'] as const)('says %s over MQTT', async (code) => {
    await using service = await answering(code);
    const client = await device(service.mqttUrl);
    const { topic, body } = await client.request(get, { clientToken: 'token' });
    expect(topic).toBe(`${get}/rejected`);
    expect(body).toMatchObject({ code, clientToken: 'token' });
    await client.drop();
  });

  it('says so twice, the acknowledgement once', async () => {
    await using service = await answering('twice');
    const client = await device(service.mqttUrl);
    client.publish(get, {});
    await client.until(() => client.messages.length === 2);
    await client.settled();
    expect(client.messages[1]).toMatchObject({
      topic: client.messages[0]?.topic,
      payload: client.messages[0]?.payload,
    });
    expect(client.packets.filter(({ cmd }) => cmd === 'puback')).toHaveLength(1);
    await client.drop();
  });

  it.each(['late', 'not-at-all'] as const)('%s holds up nothing else', async (answer) => {
    await using service = await answering(answer, { operations: ['GetPendingJobExecutions'], lateMs: hourMs });
    const client = await device(service.mqttUrl);
    client.publish(get, {});
    const { topic } = await client.request('$aws/things/thing-1/jobs/$next/get');
    expect(topic).toMatch(/^\$aws\/things\/thing-1\/jobs\/\$next\/get\//);
    await client.settled();
    expect(client.topics()).not.toContain(`${get}/accepted`);
    expect(client.packets.filter(({ cmd }) => cmd === 'puback')).toHaveLength(2);
    await client.drop();
  });

  it.each([
    ['RequestThrottled', 429, 'ThrottlingException'],
    ['InternalError', 503, 'ServiceUnavailableException'],
  ] as const)('%s is %i over HTTP, and other operations and things are served', async (answer, status, name) => {
    await using service = await answering(answer, { things: 'thing-1', operations: ['GetPendingJobExecutions'] });
    const client = new IoTJobsDataPlaneClient({
      endpoint: service.httpUrl ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    await expect(client.send(new GetPendingJobExecutionsCommand({ thingName: 'thing-1' }))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: status },
    });
    for (const command of [
      new GetPendingJobExecutionsCommand({ thingName: 'thing-2' }),
      new DescribeJobExecutionCommand({ thingName: 'thing-1', jobId: '$next' }),
    ]) {
      const outcome = await client.send(command as GetPendingJobExecutionsCommand).then(
        () => 'served',
        (error: Error) => error.name,
      );
      expect(['served', 'ResourceNotFoundException']).toContain(outcome);
    }
    client.destroy();
  });
});

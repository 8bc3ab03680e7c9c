import { DescribeJobExecutionCommand, GetPendingJobExecutionsCommand } from '@aws-sdk/client-iot-jobs-data-plane';
import { Watchers } from '../../observation/watchers.ts';
import { describe, expect, it } from 'vitest';
import { answer as answerRequest } from '../../broker/mqtt/requests.ts';
import { injectFaults, jumping } from '../../broker/service-faults.ts';
import { startService } from '../../broker/start-service.ts';
import type { FaultName } from '../../faults/thing-faults.ts';
import { parseFaultPlan } from '../../faults/plan-form.ts';
import { type FaultPlan, type ServiceAnswer, serviceAnswers } from '../../faults/plan.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import { fakeService } from '../support/fake-service.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { WireClient } from '../support/wire-client.ts';
import { jobsDataPlaneOf } from '../support/operator.ts';

const hourMs = 3_600_000;

function plan(...faults: readonly object[]): FaultPlan {
  const parsed = parseFaultPlan({ faults });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function running(answer: ServiceAnswer, members: object = {}) {
  const clock = createManualClock();
  const told: (readonly [FaultName, string | undefined])[] = [];
  const faults = injectFaults({
    plan: plan({ kind: 'service', answer, untilMs: hourMs, lateMs: 3000, ...members }),
    seed: 1,
    clock,
    onFault: ({ name }, thingName) => told.push([name, thingName]),
  });
  /** The MQTT door's part, with a service behind it that only notes what reaches it. */
  const service = fakeService();
  const replies: string[] = [];
  let answered = 0;
  const ask = (thingName = 'thing-1', operation: 'get' | 'start-next' = 'get') => {
    const topic = `$aws/things/${thingName}/jobs/${operation}`;
    const parsed = parseJobsTopic(topic);
    if (parsed?.kind !== 'request') throw new Error(topic);
    answerRequest(
      { port: service, faults, emptyPayload: 'empty object', watchers: new Watchers(), unreadable: undefined },
      {
        clientId: thingName,
        qos: 1,
        topic,
        parsed,
        payload: '{}',
        reply: (outcome) => void replies.push(outcome),
        answered: () => void (answered += 1),
      },
    );
  };
  return { clock, service, faults, replies, ask, told, answered: () => answered };
}

function drawnFaults(seed: number): string {
  const faults = injectFaults({
    plan: plan({ kind: 'service', answer: 'InternalError', untilMs: hourMs, perMillion: 500_000 }),
    seed,
    clock: createManualClock(),
    onFault: () => {},
  });
  const ask = () => (faults.of('thing-1', 'GetPendingJobExecutions', false) === undefined ? '+' : '-');
  return Array.from({ length: 64 }, ask).join('');
}

function jump(atMs: number, byMs: number): object {
  return { kind: 'service-clock-jump', fromMs: atMs, untilMs: atMs, byMs };
}

function answering(answer: ServiceAnswer, more: object = {}) {
  return startService({ faults: plan({ kind: 'service', answer, untilMs: hourMs, ...more }) });
}

async function device(mqttUrl: string | undefined): Promise<WireClient> {
  return WireClient.connect(Number(new URL(mqttUrl ?? '').port), { clientId: 'thing-1' });
}

/** What a request comes to: how it is answered at once and in the end, and whether the engine hears of it. */
const outcomes: Readonly<Record<ServiceAnswer, readonly [atOnce: string, late: string, heard: boolean]>> = {
  RequestThrottled: ['rejected', 'rejected', false],
  InternalError: ['rejected', 'rejected', false],
  InvalidRequest: ['rejected', 'rejected', false],
  'unknown-code': ['rejected', 'rejected', false],
  late: ['', 'accepted', true],
  twice: ['accepted accepted', 'accepted accepted', true],
  'not-at-all': ['', '', false],
  'empty-next': ['accepted', 'accepted', false],
};

describe('a service fault', () => {
  it.each(serviceAnswers)('%s: answers so, and nothing of the client waits for it', (answer) => {
    const { ask, replies, service, clock, answered, told } = running(answer);
    const [atOnce, late, heard] = outcomes[answer];
    ask('thing-1', 'start-next');
    expect({ replies: replies.join(' '), answered: answered(), heard: service.commands.length > 0 }).toEqual({
      replies: atOnce,
      answered: 1,
      heard,
    });
    clock.advance(hourMs);
    expect(replies.join(' ')).toBe(late);
    expect(told).toEqual([[`service ${answer}`, 'thing-1']]);
  });

  it('says that nothing is pending only to who asks for the next execution', () => {
    const { ask, service, told } = running('empty-next');
    ask('thing-1', 'get');
    expect({ commands: service.commands.length, told }).toEqual({ commands: 1, told: [] });
  });

  it('late does not come when the service closes before', () => {
    const { ask, faults, replies, clock } = running('late');
    ask();
    faults.close();
    clock.advance(hourMs);
    expect(replies).toEqual([]);
  });

  it('spares other things, other operations and other times, and is told only where it is injected', () => {
    const { replies, ask, clock, told } = running('RequestThrottled', {
      things: 'thing-*',
      operations: ['GetPendingJobExecutions'],
      fromMs: 1000,
      untilMs: 2000,
    });
    ask();
    clock.advance(1000);
    ask('other-1');
    ask('thing-1', 'start-next');
    expect(replies).toEqual(['accepted', 'accepted', 'accepted']);
    ask();
    clock.advance(1000);
    ask();
    expect(replies.slice(3)).toEqual(['rejected', 'accepted']);
    expect(told).toEqual([['service RequestThrottled', 'thing-1']]);
  });

  it('of the clock is told at each jump, until the service closes', () => {
    const clock = createManualClock();
    const told: unknown[] = [];
    const options = { plan: plan(jump(100, 1000), jump(200, 1000)), seed: 1, clock };
    const faults = injectFaults({ ...options, onFault: (...what) => told.push(what) });
    clock.advance(150);
    faults.close();
    clock.advance(hourMs);
    expect(told).toEqual([[{ name: 'service-clock-jump' }]]);
  });

  it('draws the same faults from the same seed, and others from another', () => {
    expect(drawnFaults(7)).toBe(drawnFaults(7));
    expect(drawnFaults(7)).not.toBe(drawnFaults(8));
    expect(drawnFaults(7)).toMatch(/\+.*-|-.*\+/);
  });
});

describe('a service clock that jumps', () => {
  it('jumps at its instants and never back, and rings for what it jumps over', () => {
    const steady = createManualClock(0);
    const clock = jumping(steady, { plan: plan(jump(100, 1000), jump(200, 5000)), seed: 1 });
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

  it.each([
    ['RequestThrottled', 'RequestThrottled'],
    ['InternalError', 'InternalError'],
    ['InvalidRequest', 'InvalidRequest'],
    ['unknown-code', 'ServiceBusy'],
  ] as const)('%s is %s over MQTT', async (answer, code) => {
    await using service = await answering(answer);
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

  it('says over either door that nothing is pending, and no more of what is', async () => {
    await using service = await answering('empty-next');
    const client = await device(service.mqttUrl);
    const next = '$aws/things/thing-1/jobs/$next/get';
    const { topic, body } = await client.request(next, { clientToken: 'token' });
    expect([topic, body]).toEqual([`${next}/accepted`, { clientToken: 'token', timestamp: expect.any(Number) }]);
    await client.drop();
    const http = jobsDataPlaneOf(service);
    const { execution, $metadata } = await http.describeJobExecution({ thingName: 'thing-1', jobId: '$next' });
    expect([execution, $metadata.httpStatusCode]).toEqual([undefined, 200]);
    http.destroy();
  });

  it.each([
    ['RequestThrottled', 429, 'ThrottlingException'],
    ['InternalError', 503, 'ServiceUnavailableException'],
    ['InvalidRequest', 400, 'InvalidRequestException'],
    ['unknown-code', 400, 'ServiceBusyException'],
  ] as const)('%s is %i over HTTP, and other operations and things are served', async (answer, status, name) => {
    await using service = await answering(answer, { things: 'thing-1', operations: ['GetPendingJobExecutions'] });
    const client = jobsDataPlaneOf(service);
    await expect(client.getPendingJobExecutions({ thingName: 'thing-1' })).rejects.toMatchObject({
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

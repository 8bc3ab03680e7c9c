/**
 * A bug in the engine, planted: a handler does its work and then throws, so that the engine's state is changed in part. The
 * service must stop with the reason, and tell and keep nothing of that command, whichever way it came in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineFailure } from '../../broker/engine-failure.ts';
import type { CommandOf, OperationName, Reply } from '../../broker/engine/contract.ts';
import type * as Dispatch from '../../broker/engine/dispatch.ts';
import { type Service, startService } from '../../broker/start-service.ts';
import { runHere } from '../support/command-here.ts';
import { makeStoreDirectory, type StoreDirectory } from '../support/store-directory.ts';

const planted = vi.hoisted(() => ({ at: undefined as string | undefined }));

vi.mock('../../broker/engine/dispatch.ts', async (importActual) => {
  const actual = await importActual<typeof Dispatch>();
  const handlers = Object.entries(actual.handlers).map(([name, handle]) => [
    name,
    (...given: unknown[]) => {
      const reply = (handle as (...all: unknown[]) => unknown)(...given);
      if (planted.at === name) throw new Error('planted in the test');
      return reply;
    },
  ]);
  return { ...actual, handlers: Object.fromEntries(handlers) as typeof actual.handlers };
});

const job = { jobId: 'j', targets: ['arn:aws:iot:us-east-1:000000000000:thing/t'], document: '{}' };

let directory: StoreDirectory;
let failure: Promise<unknown>;
let failed: (error: unknown) => void;

beforeEach(() => {
  directory = makeStoreDirectory();
  failure = new Promise((resolve) => (failed = resolve));
});

afterEach(() => {
  planted.at = undefined;
  directory.remove();
});

function open(): Promise<Service> {
  return startService({ dataDir: directory.path, onFailure: (error) => failed(error) });
}

function ask<Name extends OperationName>(service: Service, name: Name, request: CommandOf<Name>['request']) {
  return new Promise<Reply<unknown>>((resolve) => {
    service.port.submit({ name, request } as CommandOf<Name>, (reply) => resolve(reply));
  });
}

/** What a new service finds in the directory. */
async function leftBehind(): Promise<unknown> {
  planted.at = undefined;
  await using service = await open();
  const described = await ask(service, 'iot:DescribeJobExecution', { jobId: 'j', thingName: 't' });
  const things = await ask(service, 'iot:ListThings', {});
  return [described, things].map((reply) => (reply.accepted ? reply.response : reply.code));
}

/** A service with a thing and, for all but CreateJob, a job that its device has started. */
async function serviceBefore(name: string): Promise<Service> {
  const service = await open();
  await ask(service, 'iot:CreateThing', { thingName: 't' });
  if (name === 'iot:CreateJob') return service;
  await ask(service, 'iot:CreateJob', job);
  await ask(service, 'iotjobsdata:UpdateJobExecution', { thingName: 't', jobId: 'j', status: 'IN_PROGRESS' });
  return service;
}

async function publish(service: Service, topic: string, payload: object): Promise<readonly string[]> {
  const heard: string[] = [];
  const device = await connectAsync(service.mqttUrl!, { clientId: 't', reconnectPeriod: 0 });
  device.on('message', (at, body) => heard.push(`${at.split('/').slice(3).join('/')} ${body.toString()}`));
  device.on('error', () => {});
  await device.subscribeAsync('$aws/things/t/jobs/#').catch(() => {});
  device.publish(topic, JSON.stringify(payload), { qos: 1 });
  await failure;
  await device.endAsync(true);
  return heard;
}

const ways: readonly (readonly [name: OperationName, way: string, provoke: (service: Service) => Promise<unknown>])[] =
  [
    [
      'iot:CreateJob',
      'by REST',
      async (service) => {
        const { targets, document } = job;
        const response = await fetch(`${service.httpUrl!}/jobs/j`, {
          method: 'PUT',
          body: JSON.stringify({ targets, document }),
        });
        expect(response.status).toBe(500);
      },
    ],
    [
      'iotjobsdata:UpdateJobExecution',
      'by MQTT',
      async (service) => {
        const heard = await publish(service, '$aws/things/t/jobs/j/update', { status: 'SUCCEEDED' });
        expect(heard.filter((line) => !line.startsWith('j/update/rejected'))).toEqual([]);
      },
    ],
    [
      'iotjobsdata:UpdateJobExecution',
      'by HTTPS of the data plane',
      async (service) => {
        const response = await fetch(`${service.httpUrl!}/jobs-data/things/t/jobs/j`, {
          method: 'POST',
          body: JSON.stringify({ status: 'SUCCEEDED' }),
        });
        expect(response.status).toBe(503);
      },
    ],
    [
      'jobrig:Wake',
      'by a timer',
      // A deletion goes on by itself.
      (service) => ask(service, 'iot:DeleteJob', { jobId: 'j', force: true }),
    ],
  ];

describe('an engine that throws', () => {
  it.each(ways)('at %s %s stops the service, which keeps and tells nothing of it', async (name, _, provoke) => {
    let service = await serviceBefore(name);
    await service.close();
    const before = await leftBehind();
    service = await open();
    const told: string[] = [];
    service.port.onEffect((effect) => told.push(effect.kind));

    planted.at = name;
    await provoke(service);
    const error = await failure;
    expect(error).toBeInstanceOf(EngineFailure);
    expect((error as Error).message).toContain(`its engine failed at ${name}: planted in the test`);
    expect(told).toEqual([]);
    planted.at = undefined;
    const next = await ask(service, 'iot:ListThings', {});
    expect(next).toEqual({ accepted: false, code: 'InternalError', message: 'The service failed and stops.' });
    await service.close();

    if (name !== 'jobrig:Wake') {
      expect(await leftBehind()).toEqual(before);
      return;
    }
    // The deletion was answered before, so it goes on.
    await using again = await open();
    await vi.waitFor(async () => {
      expect(await ask(again, 'iot:DescribeJob', { jobId: 'j' })).toMatchObject({ code: 'ResourceNotFound' });
    }, 60_000);
  });

  it('lets what came before it in the same turn be kept and answered', async () => {
    const service = await open();
    planted.at = 'iot:DeleteThing';
    const answers: string[] = [];
    const note = (reply: Reply<unknown>) => answers.push(reply.accepted ? 'accepted' : reply.code);
    service.port.submit({ name: 'iot:CreateThing', request: { thingName: 'first' } }, note);
    service.port.submit({ name: 'iot:DeleteThing', request: { thingName: 'first' } }, note);
    service.port.submit({ name: 'iot:CreateThing', request: { thingName: 'late' } }, note);
    await failure;
    await service.close();
    expect(answers.toSorted()).toEqual(['InternalError', 'InternalError', 'accepted']);
    planted.at = undefined;
    await using again = await open();
    const { things } = ((await ask(again, 'iot:ListThings', {})) as { response: { things: { thingName: string }[] } })
      .response;
    expect(things.map(({ thingName }) => thingName)).toEqual(['first']);
  });

  it('ends `jobrig serve` with exit code 3, the reason and the stack', async () => {
    planted.at = 'jobrig:Wake';
    const before = await serviceBefore('jobrig:Wake');
    await ask(before, 'iot:DeleteJob', { jobId: 'j', force: true });
    await failure;
    await before.close();
    const ports = ['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'].flatMap((name) => [`--${name}-port`, '0']);
    const { code, stderr } = await runHere('serve', '--json', ...ports, '--data-dir', directory.path);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^jobrig: EngineFailure: the service stops, because its engine failed at jobrig:Wake: planted/,
    );
    expect(stderr).toContain('caused by Error: planted in the test\n    at ');
    expect(readFileSync(join(directory.path, 'jobrig.db')).length).toBeGreaterThan(0);
  });
});

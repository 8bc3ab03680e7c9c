/** A service in several processes: what clients see of it when a door, or the engine, is killed under them. */
import type { IoT } from '@aws-sdk/client-iot';
import { existsSync } from 'node:fs';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allDoors, doorOf } from '../../broker/link/owner.ts';
import { type ServeProcess, childrenNow, killAll, launchServe, startServe } from '../support/serve-process.ts';
import { operatorOf } from '../support/operator.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('processes');
const doors = 2;
let service: ServeProcess;
let operator: IoT;

beforeAll(async () => {
  service = await startServe({
    flags: ['--data-dir', folder, '--processes', String(doors + 1), '--log-level', 'error'],
  });
  operator = operatorOf(service, { maxAttempts: 10 });
  await operator.createThing({ thingName: 'pump-1' });
});
afterAll(async () => {
  operator.destroy();
  await killAll();
});

/** A client id that belongs to this door. */
function idAt(door: number, name: string): string {
  for (let number = 0; ; number += 1) {
    const clientId = `${name}-${number}`;
    if (doorOf(clientId, allDoors(doors)) === door) return clientId;
  }
}

function connected(clientId: string, options: object = {}): Promise<MqttClient> {
  return connectAsync(service.urls['mqtt']!, { clientId, reconnectPeriod: 20, ...options });
}

async function job(jobId: string): Promise<void> {
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump-1'];
  await operator.createJob({ jobId, targets, document: '{}' });
}

async function statusOf(jobId: string): Promise<string | undefined> {
  const { execution } = await operator.describeJobExecution({ jobId, thingName: 'pump-1' });
  return execution?.status;
}

/** Asks until it is accepted: an answer that was lost with a process is asked for again, as devices do. */
async function asked(client: MqttClient, topic: string, body: object): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    const clientToken = `${topic} ${attempt}`;
    const answer = new Promise<readonly [string, unknown]>((resolve) => {
      const take = (on: string, payload: Buffer): void => {
        const told = JSON.parse(payload.toString()) as { readonly clientToken?: string };
        if (told.clientToken !== clientToken) return;
        client.off('message', take);
        resolve([on, told]);
      };
      client.on('message', take);
    });
    await client.publishAsync(topic, JSON.stringify({ ...body, clientToken }), { qos: 1 });
    const [on, told] = await answer;
    if (on.endsWith('/accepted')) return told;
    expect(told).toMatchObject({ code: 'InternalError' });
  }
}

function progress(client: MqttClient, jobId: string, text: string): Promise<unknown> {
  return asked(client, `$aws/things/pump-1/jobs/${jobId}/update`, {
    status: 'IN_PROGRESS',
    statusDetails: { progress: text },
  });
}

describe('jobrig serve --processes', () => {
  it('lets clients of all doors hear each other, with sessions and second connections in one place', async () => {
    const clients = await Promise.all([0, 1, 0, 1].map((door, index) => connected(idAt(door, `talker${index}`))));
    const heard = clients.map(async (client) => {
      await client.subscribeAsync('room/#', { qos: 1 });
      return next<readonly [string, Buffer]>(client, 'message');
    });
    const first = clients[0]!;
    await Promise.all(clients.map((client) => client.subscribeAsync('ready', { qos: 1 })));
    await first.publishAsync('room/1', 'hello', { qos: 1 });
    for (const [topic, payload] of await Promise.all(heard))
      expect(`${topic} ${payload.toString()}`).toBe('room/1 hello');
    const clientId = idAt(1, 'twice');
    const one = await connected(clientId, { reconnectPeriod: 0 });
    const over = next<readonly []>(one, 'close');
    const two = await connected(clientId, { reconnectPeriod: 0 });
    await over;
    await Promise.all([...clients, two].map((client) => client.endAsync(true)));
  });

  it('keeps clients connected when the engine is killed, and everything that was acknowledged', async () => {
    const device = await connected(idAt(0, 'device'), { username: 'pump-1' });
    let closes = 0;
    device.on('close', () => (closes += 1));
    for (const round of [1, 2, 3]) {
      const jobId = `update-${round}`;
      await job(jobId);
      await asked(device, `$aws/things/pump-1/jobs/${jobId}/update`, { status: 'IN_PROGRESS' });
      process.kill((await childrenNow(service, 'engine-process'))[0]!, 'SIGKILL');
      expect(await statusOf(jobId)).toBe('IN_PROGRESS');
      await asked(device, `$aws/things/pump-1/jobs/${jobId}/update`, { status: 'SUCCEEDED' });
      expect(await statusOf(jobId)).toBe('SUCCEEDED');
    }
    expect(closes).toBe(0);
    await device.endAsync(true);
  });

  it('takes its own clients with it when a door is killed, whichever door they came in by, and has their sessions when it is back', async () => {
    const sleeper = await connected(idAt(1, 'keeper'), { clean: false });
    // Whichever door is idle accepts: of these some may have come in by the door that is killed.
    const others: MqttClient[] = [];
    const lostOnes = new Set<MqttClient>();
    for (let index = 0; index < 4; index += 1) {
      const other = await connected(idAt(0, `other${index}`));
      other.on('close', () => lostOnes.add(other));
      others.push(other);
    }
    await sleeper.subscribeAsync('kept/#', { qos: 1 });
    const lost = next<readonly []>(sleeper, 'close');
    const back = next<readonly [{ readonly sessionPresent: boolean }]>(sleeper, 'connect');
    process.kill(service.processes!.doors[1]!, 'SIGKILL');
    await lost;
    expect((await back)[0].sessionPresent).toBe(true);
    for (const [index, other] of others.entries()) {
      const told = next<readonly [string, Buffer]>(sleeper, 'message');
      await other.publishAsync(`kept/${index}`, 'x', { qos: 1 });
      expect((await told)[0]).toBe(`kept/${index}`);
    }
    expect(lostOnes.size).toBe(0);
    await Promise.all([sleeper, ...others].map((client) => client.endAsync(true)));
  });

  it('answers for the page and the metrics at every door', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const page = await fetch(service.httpUrl, { headers: { connection: 'close' } });
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('jobrig')]);
      const metrics = await fetch(`${service.httpUrl}/metrics`, { headers: { connection: 'close' } });
      expect(await metrics.text()).toContain('jobrig_mqtt_clients');
    }
  });

  it('shows on the page what a device says at any door, before somebody looked and after', async () => {
    await job('shown');
    const clients = await Promise.all(
      [0, 1].map((door) => connected(idAt(door, `shown${door}`), { username: 'pump-1' })),
    );
    for (const [door, client] of clients.entries()) await progress(client, 'shown', `before ${door}`);
    const ended = new AbortController();
    const feed = await fetch(`${service.httpUrl}/page/feed?thing=pump-1`, { signal: ended.signal });
    let text = '';
    const read = (async (): Promise<void> => {
      for await (const chunk of feed.body!) text += new TextDecoder().decode(chunk as Uint8Array);
    })().catch(() => {});
    for (const door of clients.keys()) await expect.poll(() => text).toContain(`before ${door}`);
    for (const [door, client] of clients.entries()) await progress(client, 'shown', `after ${door}`);
    for (const door of clients.keys()) await expect.poll(() => text).toContain(`after ${door}`);
    await expect.poll(() => text).toMatch(/"exchangesPerSecond":(?!0[,}])/);
    ended.abort();
    await read;
    for (const client of clients) await client.endAsync(true);
  });

  it('counts the HTTP requests of all doors, and refuses devices at all of them when the page says so', async () => {
    const counted = async (): Promise<number> => {
      const metrics = await fetch(`${service.httpUrl}/metrics`, { headers: { connection: 'close' } });
      return Number(/^jobrig_http_requests_total\{status="404"\} (\d+)$/m.exec(await metrics.text())?.[1] ?? 0);
    };
    const before = await counted();
    for (let turn = 0; turn < 4; turn += 1) {
      const missing = await fetch(`${service.httpUrl}/jobs/none`, { headers: { connection: 'close' } });
      expect(missing.status).toBe(404);
    }
    // Doors say what they have counted in turns of their own.
    await expect.poll(counted).toBe(before + 4);
    const clients = await Promise.all(
      [0, 1].map((door) => connected(idAt(door, `refused${door}`), { username: 'pump-1' })),
    );
    const page = await (await fetch(service.httpUrl)).text();
    const [, token = ''] = /name="jobrig-token" content="([^"]+)"/.exec(page) ?? [];
    const act = await fetch(`${service.httpUrl}/page/actions`, {
      method: 'POST',
      headers: { 'x-jobrig-page': token, 'content-type': 'application/json' },
      body: JSON.stringify({ do: 'throttle', forMs: 60_000 }),
    });
    expect(await act.json()).toMatchObject({ ok: true });
    for (const client of clients) {
      const answer = async (): Promise<unknown> => {
        const told = next<readonly [string, Buffer]>(client, 'message');
        await client.publishAsync('$aws/things/pump-1/jobs/get', '{}', { qos: 1 });
        return JSON.parse((await told)[1].toString());
      };
      // The page is answered by one door; the others hear of it over their links.
      await expect.poll(answer).toMatchObject({ code: 'RequestThrottled' });
      await client.endAsync(true);
    }
  });

  it('says in one line why it cannot start, and leaves nothing behind', async () => {
    const second = await launchServe({ flags: ['--data-dir', folder, '--processes', '3'] });
    expect(second).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^jobrig: [^\n]+\n$/) as string });
  });

  it('ends with all its processes', async () => {
    const { engine, doors: started } = service.processes!;
    const { exitCode } = await service.stop();
    expect(exitCode).toBe(0);
    for (const pid of [engine, started[0]!]) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

function next<Arguments extends readonly unknown[]>(
  client: MqttClient,
  event: 'message' | 'connect' | 'close',
): Promise<Arguments> {
  return new Promise((resolve) => {
    client.once(event, (...told: unknown[]) => resolve(told as unknown as Arguments));
  });
}

describe('what a starter that is killed leaves behind', () => {
  it('is nothing, also where doors have just handed clients over to it', async () => {
    const own = await startServe({ flags: ['--memory', '--processes', '3', '--log-level', 'error'] });
    const { engine, doors: itsDoors } = own.processes!;
    // From here on it takes no client that is handed to it.
    process.kill(own.pid, 'SIGSTOP');
    const served = new Set<number>();
    const clients: MqttClient[] = [];
    // Whoever is served at its own door was not handed over; those that came before it at that door may have been.
    for (let number = 0; served.size < doors && number < 60; number += 1) {
      for (const door of allDoors(doors)) {
        const client = connect(own.urls['mqtt']!, { clientId: idAt(door, `left${number}`), reconnectPeriod: 0 });
        client.on('error', () => {}).on('connect', () => served.add(door));
        clients.push(client);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => served.size).toBeGreaterThan(0);
    process.kill(own.pid, 'SIGKILL');
    await expect.poll(() => [engine, ...itsDoors].filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    for (const client of clients) client.end(true);
  });
});

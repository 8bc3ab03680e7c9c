/** `jobrig serve --store`: a user's view of a service that keeps everything in PostgreSQL, and of what may be wrong with it. */
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { runHere } from '../support/command-here.ts';
import { type OwnPostgres, ownPostgres, postgresOfTests, standbyOf } from '../support/postgres.ts';
import { type ServeProcess, killAll, launchServe, startServe } from '../support/serve-process.ts';
import { operatorOf } from '../support/operator.ts';
import { sharedFolder } from '../support/folders.ts';

const folder = sharedFolder('cluster');
const keys = join(folder, 'keys');
const own: OwnPostgres[] = [];
const server = postgresOfTests();
afterEach(killAll);
afterAll(async () => {
  for (const each of own) await each.stop();
});

function started(url: string, ...flags: readonly string[]): Promise<ServeProcess> {
  return startServe({ flags: ['--data-dir', keys, '--store', url, '--log-level', 'warn', ...flags] });
}

async function makeJob(service: ServeProcess, jobId: string): Promise<void> {
  const iot = operatorOf(service);
  await iot.createThing({ thingName: 'pump' });
  const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
  await iot.createJob({ jobId, targets, document: '{"operation":"reboot"}' });
}

async function statusOf(service: ServeProcess, jobId: string): Promise<string | undefined> {
  return (await operatorOf(service).describeJobExecution({ jobId, thingName: 'pump' })).execution?.status;
}

describe('jobrig serve --store', { timeout: 240_000 }, () => {
  it('has everything again after it was killed, keeps a second one out, and shows no password', async () => {
    const url = await server.fresh();
    const secret = url.replace('postgres@', 'postgres:hunter2secret@');
    const first = await started(secret);
    await makeJob(first, 'update');
    expect(first.urls['store']).toBe(url.replace('postgres@', ''));
    const second = await launchServe({ flags: ['--data-dir', keys, '--store', secret] });
    expect(second).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^jobrig: postgres:[^\n]+ is in use: [^\n]+--role engine[^\n]*\n$/) as string,
    });
    await first.kill();
    const next = await started(secret);
    expect(await statusOf(next, 'update')).toBe('QUEUED');
    const ended = await next.stop();
    expect(ended.exitCode).toBe(0);
    expect([first.stderr(), ended.stderr, JSON.stringify(first.urls)].join()).not.toContain('hunter2');
  });

  it('says in one line what is wrong with a database, an address or a flag', async () => {
    for (const store of ['postgres://u:hunter2secret@127.0.0.1:1/x', 'postgres://u:hunter2secret@h:p/x', 'some.db']) {
      const { code, stdout, stderr } = await runHere('serve', '--store', store, '--data-dir', keys);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
      expect(stderr).not.toContain('hunter2');
    }
    const { code, stderr } = await runHere('serve', '--store', 'postgres://h/x', '--memory');
    expect([code, stderr]).toEqual([2, expect.stringContaining("'--store <url>'") as string]);
  });

  it('goes on when the database is restarted under it', async () => {
    const database = await ownPostgres();
    own.push(database);
    const url = await database.fresh();
    const first = await started(url);
    await makeJob(first, 'update');
    await database.stop();
    await vi.waitUntil(() => first.stderr().includes('has gone away'), 60_000);
    await database.start();
    // Nothing was being kept: the service is still there, and answers.
    expect(await statusOf(first, 'update')).toBe('QUEUED');
    await makeJob(first, 'another');
    await first.stop();
  });

  it('takes the host that can be written, and says so where there is only a standby', async () => {
    const primary = await ownPostgres();
    own.push(primary);
    const standby = await standbyOf(primary);
    own.push(standby);
    const only = await launchServe({ flags: ['--data-dir', keys, '--store', standby.url('postgres')] });
    expect(only).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is a standby') as string });
    const both = `postgres://postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres`;
    const service = await started(both);
    await makeJob(service, 'update');
    expect(await statusOf(service, 'update')).toBe('QUEUED');
    expect((await service.stop()).exitCode).toBe(0);
  });
});

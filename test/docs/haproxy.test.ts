/** fixtures/cluster/haproxy.cfg with Debian's HAProxy in front of two doors that only say how they are: clients come to those that are well. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../bench/free-port.ts';
import { sharedFolder } from '../support/folders.ts';

const program = ['/usr/sbin/haproxy', '/usr/bin/haproxy'].find(existsSync);
const missing = program === undefined ? "HAProxy is missing (Debian's haproxy)" : undefined;
const folder = sharedFolder('haproxy');
const servers: Server[] = [];
let balancer: ChildProcess | undefined;

beforeEach(({ skip }) => skip(missing !== undefined, missing));
afterAll(() => {
  balancer?.kill('SIGKILL');
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** As far as HAProxy can tell. */
async function door(name: string): Promise<{ status: number; readonly health: number; readonly port: number }> {
  const about = { status: 200, health: 0, port: 0 };
  about.health = await listening(
    createHttpServer((request, response) => response.writeHead(request.url === '/healthz' ? about.status : 404).end()),
  );
  about.port = await listening(createServer((stream) => void stream.on('error', () => {}).end(name)));
  return about;
}

/** Which door answers; empty: none does. */
function answeredBy(port: number): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const stream = connect(port, '127.0.0.1');
    stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    stream.on('error', () => {}).on('close', () => resolve(said));
  });
}

/** Until clients come to these doors, and to no other. */
async function comeTo(port: number, wanted: readonly string[]): Promise<void> {
  for (;;) {
    const seen = new Set<string>();
    for (let times = 0; times < 12; times += 1) seen.add(await answeredBy(port));
    if ([...seen].sort().join() === wanted.join()) return;
    await wait(20);
  }
}

it('brings clients to both doors, and to none that says 503', async () => {
  const [one, two] = [await door('one'), await door('two')];
  const [mqtts, https] = [await freePort(), await freePort()];
  const written = readFileSync('fixtures/cluster/haproxy.cfg', 'utf8');
  const here = written
    .replace('bind :8883', `bind 127.0.0.1:${mqtts}`)
    .replace('bind :4511', `bind 127.0.0.1:${https}`)
    .replace(/door-1:\d+ check port \d+/g, `127.0.0.1:${one.port} check port ${one.health}`)
    .replace(/door-2:\d+ check port \d+/g, `127.0.0.1:${two.port} check port ${two.health}`)
    // Sooner than a second.
    .replace('inter 500ms', 'inter 20ms');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, here);
  expect(execFileSync(program!, ['-c', '-f', file], { encoding: 'utf8' })).toBeDefined();
  balancer = spawn(program!, ['-db', '-f', file], { stdio: 'ignore' });
  for (const port of [mqtts, https]) await comeTo(port, ['one', 'two']);
  two.status = 503;
  for (const port of [mqtts, https]) await comeTo(port, ['one']);
  two.status = 200;
  await comeTo(mqtts, ['one', 'two']);
});

import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { type Started, start } from '../support/command.ts';
import { runHere, startHere } from '../support/command-here.ts';
import { signedHeaders } from '../../bench/fuzz/sigv4.ts';
import { operatorOf } from '../support/operator.ts';
import { testFolder } from '../support/folders.ts';

const freePorts = ['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'].flatMap((name) => [`--${name}-port`, '0']);

interface Ready {
  readonly event: string;
  readonly mqtt?: string;
  readonly mqtts?: string;
  readonly ws?: string;
  readonly wss?: string;
  readonly http?: string;
  readonly https?: string;
  readonly dashboard?: string;
  readonly ca?: string;
  readonly pid: number;
}

async function whenReady<Command extends Started>(command: Command): Promise<Command & { readonly ready: Ready }> {
  const line = await command.output((text) => text.includes('\n'));
  return { ...command, ready: JSON.parse(line) as Ready };
}

const words = ['serve', '--json', ...freePorts];
/** In a process of its own: its log goes past what can be heard here. */
const serveAlone = (...args: readonly string[]) => whenReady(start(...words, ...args));
const serve = (...args: readonly string[]) => whenReady(startHere(...words, '--log-level', 'error', ...args));

describe('jobrig serve', () => {
  it('says in one line of JSON where everything is, and it is there', async () => {
    const { ready, child, finished, folder } = await serveAlone();
    expect(ready).toMatchObject({ event: 'ready', pid: child.pid, dashboard: `${ready.http}/` });
    expect(ready.https).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(ready.mqtts).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/);
    expect(ready.ca).toBe(join(folder, '.jobrig', 'ca.pem'));
    expect(existsSync(ready.ca!)).toBe(true);
    expect((await fetch(ready.dashboard!)).status).toBe(200);
    await (await connectAsync(ready.mqtt!, { clientId: 'bench' })).endAsync();
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(0);
    const told = stderr
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one) as { level: number; event: string });
    expect(told.map(({ level, event }) => [level, event])).toEqual([
      [30, 'connected'],
      [30, 'disconnected'],
    ]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('serves the AWS SDK with the region and account it was given', async () => {
    const { ready } = await serve('--memory', '--region', 'eu-west-1', '--account', '123456789012');
    const client = operatorOf({ httpUrl: ready.http }, { region: 'eu-west-1' });
    await client.createThing({ thingName: 'bench' });
    const { thingArn } = await client.describeThing({ thingName: 'bench' });
    client.destroy();
    expect(thingArn).toBe('arn:aws:iot:eu-west-1:123456789012:thing/bench');
  });

  it('leaves out what is off, and writes nothing with --memory', async () => {
    const { ready, folder } = await serve(
      '--memory',
      ...['mqtts', 'ws', 'wss', 'https'].flatMap((name) => [`--${name}-port`, 'off']),
    );
    expect(Object.keys(ready).sort()).toEqual(['dashboard', 'event', 'http', 'mqtt', 'pid']);
    expect(existsSync(join(folder, '.jobrig'))).toBe(false);
  });

  it('with --memory has its authority in a file for as long as it runs', async () => {
    const { ready, interrupt, finished } = await serve('--memory');
    const socket = connect({ port: Number(new URL(ready.https!).port), ca: readFileSync(ready.ca!) });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
    interrupt('SIGTERM');
    expect((await finished).code).toBe(0);
    expect(existsSync(ready.ca!)).toBe(false);
  });

  it('serves a board on one port with TLS, under the name that it advertises', async () => {
    const ports = ['mqtt', 'mqtts', 'ws', 'wss', 'http'].flatMap((name) => [`--${name}-port`, '0']);
    const board = startHere('serve', '--json', '--memory', '--board', '--advertise', 'rig.test:443', ...ports);
    const { ready: told } = await whenReady(board);
    expect(new URL(told.https!).port).toBe(new URL(told.wss!).port);
    const answer = (await (await fetch(`${told.http}/endpoint?endpointType=iot:Data-ATS`)).json()) as object;
    expect(answer).toEqual({ endpointAddress: 'rig.test' });
  });

  it('shows people what to paste', async () => {
    const { output, interrupt, finished } = startHere('serve', '--memory', ...freePorts, '--account', '123456789012');
    const text = await output((all) => all.includes('Ctrl-C'));
    const http = /http {7}(http:\S+)/.exec(text)?.[1];
    expect(text).toContain(`AWS_ENDPOINT_URL=${http}`);
    expect(text).toContain('AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1');
    expect(text).toContain('arn:aws:iot:us-east-1:123456789012:thing/bench');
    interrupt('SIGTERM');
    expect((await finished).code).toBe(0);
  });

  it('asks for signatures and certificates with --require-auth, and then plain MQTT is off', async () => {
    const { ready } = await serve('--memory', '--access-key', 'ID:SECRET', '--host', '0.0.0.0');
    expect(ready.mqtt).toBeUndefined();
    const ask = async (secretAccessKey: string): Promise<unknown> => {
      const credentials = { accessKeyId: 'ID', secretAccessKey };
      const client = operatorOf({ httpUrl: ready.http }, { credentials });
      try {
        return await client.createThing({ thingName: 'bench' });
      } finally {
        client.destroy();
      }
    };
    await expect(ask('WRONG')).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    expect(await ask('SECRET')).toMatchObject({ thingName: 'bench' });
    const stranger = { clientId: 'bench', rejectUnauthorized: false, reconnectPeriod: 0 };
    await expect(connectAsync(ready.mqtts!, stranger, false)).rejects.toThrow(/connect|socket|closed/i);
  });

  it('refuses a data directory that cannot be made, instead of trying for ever', async () => {
    const { code, stdout, stderr } = await runHere('serve', ...freePorts, '--data-dir', '/proc/jobrig/data');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('/proc/jobrig');
  });

  it.each([
    [['--host', '0.0.0.0'], '--host 0.0.0.0 is not a loopback address'],
    [['--require-auth', '--identity', 'open'], '--identity'],
    [['--access-key', 'nonsense'], 'Must be ID:SECRET.'],
    [['--files', '/nowhere'], '/nowhere cannot be read'],
    [['--advertise', 'https://rig.test'], 'Must be a host name or an address, or HOST:PORT.'],
    [['--board'], '--https-port'],
    [
      ['--require-auth', '--mqtt-port', '18830'],
      '--mqtt-port 18830 and --require-auth exclude each other: plain MQTT asks nobody',
    ],
    [['--access-key', 'ID:SECRET', '--mqtt-port', '18830'], '--mqtt-port 18830 and --access-key exclude each other'],
    [['--open', '--http-port', 'off'], '--open and --http-port off exclude each other'],
  ])('refuses %j with one line, and starts nothing', async (args, complaint) => {
    const { code, stdout, stderr } = await runHere('serve', '--memory', ...freePorts, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('refuses a board without the port that is all of it', async () => {
    const { code, stderr } = await runHere('serve', '--memory', '--board', '--wss-port', 'off');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^jobrig: .*--wss-port off.*\n$/);
  });

  it('takes a free port for one that nobody asked for and another has, and says so', async () => {
    const other = createServer();
    // Whether it is this test or somebody else on this machine who has the port makes no difference.
    await new Promise((resolve) => other.once('listening', resolve).once('error', resolve).listen(1883, '127.0.0.1'));
    const { ready: told, progress } = await whenReady(start('serve', '--json', '--memory'));
    const said = await progress((text) => text.includes('--mqtt-port'));
    other.close();
    expect(new URL(told.mqtt!).port).not.toBe('1883');
    expect(said).toContain(`Port 1883 is taken by another process, so ${told.mqtt} it is; --mqtt-port chooses`);
  });

  it('knows who may sign from a file, and asks everybody else', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'keys'), '# two\nAKIDONE:one\nAKIDTWO:two\n');
    const { ready } = await serve('--memory', '--access-key-file', join(folder, 'keys'));
    const host = new URL(ready.http!).host;
    const ask = async (accessKeyId: string, secret: string): Promise<number> => {
      const { host: _, ...headers } = signedHeaders({ accessKeyId, secret, service: 'iot', host, target: '/things' });
      return (await fetch(`${ready.http}/things`, { headers })).status;
    };
    expect([await ask('AKIDONE', 'one'), await ask('AKIDTWO', 'two'), await ask('AKIDTWO', 'one')]).toEqual([
      200, 200, 403,
    ]);
  });

  it('tells what is refused, why and what to do, and counts what comes again and again', async () => {
    const { ready, child, finished } = await serveAlone('--memory', '--quiet');
    const topic = '$aws/things/lamp/jobs/get';
    for (let times = 0; times < 6; times += 1) {
      const client = await connectAsync(ready.mqtt!, { clientId: 'pump-7-jobs', reconnectPeriod: 0 });
      const closed = new Promise<void>((resolve) => void client.once('close', () => resolve()));
      client.subscribe('$aws/things/pump-7/jobs/notify');
      client.publish(topic, '{}', { qos: 1 }, () => {});
      await closed;
      await client.endAsync(true);
    }
    await fetch(`${ready.http}/nothing`);
    child.kill('SIGTERM');
    const lines = (await finished).stderr
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one) as { msg: string; repeated?: number });
    const advice = expect.stringContaining(
      `pump-7-jobs may not publish on ${topic}, and is disconnected: It is thing pump-7. Without a certificate`,
    ) as string;
    expect(lines).toMatchObject([
      { msg: advice },
      { msg: advice },
      { msg: advice },
      { msg: expect.stringContaining('GET /nothing was refused with 404') as string },
      { msg: expect.stringContaining('3 more like this') as string, repeated: 3 },
    ]);
  });

  it('lets pages of an allowed origin in, and no others', async () => {
    const { ready } = await serve('--memory', '--allow-origin', 'https://Tool.example/');
    const ask = async (origin: string) => (await fetch(`${ready.http}/things`, { headers: { origin } })).status;
    expect([await ask('https://tool.example'), await ask('https://evil.example')]).toEqual([200, 403]);
  });
});

/** In the program of somebody who uses jobrig as a library, nobody speaks on stderr: neither jobrig nor what it is made of. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');

/** What a user's program writes, without the environment of this test run. */
async function outputOf(program: string): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { stdout, stderr, code };
}

it('a service, a fleet and an operator say nothing', async () => {
  const { stdout, stderr, code } = await outputOf(`
    const { startService, startFleet } = await import(${JSON.stringify(join(dist, 'index.js'))});
    const { Operator } = await import(${JSON.stringify(join(dist, 'rig/live/operator.js'))});
    const service = await startService();
    const fleet = await startFleet({ endpoint: service.mqttUrl, things: 2 });
    const operator = new Operator({ endpoint: service.httpUrl, region: 'us-east-1', now: () => service.port.now() });
    await operator.createThings(['thing-00001'], 'group');
    operator[Symbol.dispose]();
    await fleet.close();
    await service.close();
    console.log(process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED);
  `);
  expect({ stdout, stderr, code }).toEqual({ stdout: 'undefined\n', stderr: '', code: 0 });
});

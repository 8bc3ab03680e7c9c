/**
 * Odd inputs for every door of a running service, which is then killed and started again: no crash, no error, no loss. Here a
 * hundred and fifty a door, since every test is to be quick; ten thousand with `JOBRIG_FUZZ_INPUTS`, as in continuous integration, and a
 * million with `npm run fuzz`.
 */
import { spawn } from 'node:child_process';
import { type Hash, type Hmac, createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, it, vi } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import type { DoorName } from '../../bench/fuzz/doors.ts';
import type { fuzz as Fuzz } from '../../bench/fuzz/run.ts';
import { httpStory } from '../../bench/fuzz/http-inputs.ts';
import { mqttStory } from '../../bench/fuzz/mqtt-inputs.ts';
import { signedStory } from '../../bench/fuzz/signed-inputs.ts';
import { sharedFolder } from '../support/folders.ts';

const inputs = Number(process.env['JOBRIG_FUZZ_INPUTS'] ?? 150);
const dist = '../../dist/bench/fuzz';
const directory = sharedFolder('fuzz');

it('finds nothing', { timeout: 600_000 }, async () => {
  // As it was built: the service is a process of its own.
  const { fuzz } = (await import(`${dist}/run.js`)) as { readonly fuzz: typeof Fuzz };
  const { doorNames } = (await import(`${dist}/doors.js`)) as { doorNames: readonly DoorName[] };
  const { doors, found } = await fuzz({ seed: 1, inputs, doors: doorNames, directory });
  expect(found).toEqual([]);
  expect(doors.map(({ door }) => door)).toEqual(doorNames);
  for (const { inputs: told, latency } of doors) {
    expect(told).toBeGreaterThanOrEqual(inputs);
    expect(latency.whole.count).toBeGreaterThan(0);
  }
});

it('ends its service when it is ended', async () => {
  const main = join(import.meta.dirname, '../../dist/bench/fuzz/main.js');
  const fuzzing = spawn(process.execPath, [main, '--door', 'tcp'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface(fuzzing.stderr);
  let url: string | undefined;
  for await (const line of lines) {
    url = / at (http:.*)$/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  fuzzing.kill('SIGINT');
  await once(fuzzing, 'exit');
  await vi.waitFor(() => expect(fetch(`${url}/healthz`)).rejects.toThrow(), { timeout: 60_000 });
});

/** As AWS's library wants it. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | NodeJS.ArrayBufferView);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

it("what is fuzzed is signed as AWS's library signs it", async () => {
  const key = { accessKeyId: 'AKIDEXAMPLE', secret: 'secret' };
  const credentials = { accessKeyId: key.accessKeyId, secretAccessKey: key.secret };
  let compared = 0;
  const stories = Array.from({ length: 50 }, (_, story) =>
    signedStory(seededChance(story), key, { http: '127.0.0.1:1', ws: '127.0.0.1:2' }),
  );
  for (const { request, expected } of stories.flat()) {
    const { method, target, body } = request;
    const { authorization = '', ...headers } = request.headers;
    const [, service, names = ''] = /us-east-1\/([^/]+).*SignedHeaders=([^,]+)/.exec(authorization) ?? [];
    const [path = '', query = ''] = target.split('?');
    // AWS's takes such a path for another one.
    if (expected !== 'taken' || service === undefined || /\/(\.{0,2})(\/|$)/.test(path)) continue;
    const signer = new SignatureV4({ credentials, region: 'us-east-1', service, sha256: Sha256, applyChecksum: false });
    const date = headers['x-amz-date']!.replace(/(....)(..)(..)T(..)(..)/, '$1-$2-$3T$4:$5:');
    const members = new URLSearchParams(`&${query}`);
    const named = Object.fromEntries([...members.keys()].map((name) => [name, members.getAll(name)]));
    const plain = { method, protocol: 'http:', hostname: '127.0.0.1', path, query: named, headers, body };
    const signed = await signer.sign(plain, {
      signingDate: new Date(date),
      signableHeaders: new Set(names.split(';')),
      unsignableHeaders: new Set(Object.keys(headers)),
    });
    expect(signed.headers['authorization']).toBe(authorization);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(50);
});

it.each([mqttStory, httpStory])('a seed tells the same story again', (story) => {
  const told = (seed: number) => story(seededChance(seed).fork('1')).pieces.map((piece) => piece.toString('hex'));
  expect(told(7)).toEqual(told(7));
  expect(told(7)).not.toEqual(told(8));
});

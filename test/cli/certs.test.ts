import { X509Certificate, createSign, createVerify } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { runHere, runIn, startHere } from '../support/command-here.ts';
import { testFolder } from '../support/folders.ts';

interface Issued {
  readonly ca: string;
  readonly certificates: readonly { readonly thing: string; readonly cert: string; readonly key: string }[];
}

const notify = (thing: string): string => `$aws/things/${thing}/jobs/notify`;

describe('jobrig certs', () => {
  it('issues what a service with the same data directory believes, while it runs', async () => {
    const off = ['mqtt', 'ws', 'http', 'https'].flatMap((name) => [`--${name}-port`, 'off']);
    const quiet = ['--log-level', 'error'];
    const service = startHere(
      'serve',
      '--json',
      ...quiet,
      '--mqtts-port',
      '0',
      '--wss-port',
      '0',
      '--data-dir',
      'state',
      ...off,
    );
    const ready = JSON.parse(await service.output((text) => text.includes('\n'))) as { mqtts: string; wss: string };

    const things = ['--thing', 'lamp', '--thing', '*'];
    const certs = ['certs', '--json', ...things, '--out', 'out', '--data-dir', 'state'];
    const { code, stdout, stderr } = await runIn(service.folder, ...certs);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { ca, certificates } = JSON.parse(stdout) as Issued;
    expect(certificates.map(({ thing }) => thing)).toEqual(['lamp', '*']);

    const read = (file: string): Promise<string> => readFile(join(service.folder, file), 'utf8');
    const [lamp, bench] = await Promise.all(
      certificates.map(async ({ cert, key }) => ({ ca: await read(ca), cert: await read(cert), key: await read(key) })),
    );
    expect((await stat(join(service.folder, certificates[0]!.key))).mode & 0o077).toBe(0);
    const device = await connectAsync(ready.mqtts, { clientId: 'any', ...lamp });
    await device.subscribeAsync(notify('lamp'));
    await expect(device.subscribeAsync(notify('fan'))).rejects.toThrow();
    await device.endAsync();
    const tester = await connectAsync(ready.wss, { clientId: 'any', protocolVersion: 5, ...bench });
    await tester.subscribeAsync([notify('lamp'), notify('fan')]);
    await tester.endAsync();
  });

  it('gives out the key that signs firmware, which is always the same for a data directory', async () => {
    const folder = testFolder();
    const issue = async (out: string): Promise<{ readonly cert: string; readonly key: string }> => {
      const places = ['--data-dir', join(folder, 'state'), '--out', join(folder, out)];
      const { code, stdout, stderr } = await runHere('certs', '--code-signing', '--json', ...places);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { codeSigning } = JSON.parse(stdout) as { codeSigning: { cert: string; key: string } };
      expect((await stat(codeSigning.key)).mode & 0o077).toBe(0);
      return { cert: await readFile(codeSigning.cert, 'utf8'), key: await readFile(codeSigning.key, 'utf8') };
    };
    const first = await issue('one');
    expect(await issue('two')).toEqual(first);
    const certificate = new X509Certificate(first.cert);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.3']); // codeSigning
    const signature = createSign('sha256').update('firmware').sign(first.key);
    expect(createVerify('sha256').update('firmware').verify(certificate.publicKey, signature)).toBe(true);
    await writeFile(join(folder, 'state', 'code-signing.key'), 'torn');
    const { code, stderr } = await runHere('certs', '--code-signing', '--data-dir', join(folder, 'state'));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('code-signing.key is not a private key'),
    });
  });

  it.each([
    ['no thing at all', [], '--thing'],
    ['a name that no thing can have', ['--thing', 'a/b'], '--thing'],
    ['a directory that cannot be', ['--thing', 'lamp', '--out', '/dev/null/x'], '--out'],
  ])('refuses %s, and says which flag', async (_what, args, flag) => {
    const folder = testFolder();
    const { code, stdout, stderr } = await runHere('certs', '--data-dir', folder, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(flag);
  });
});

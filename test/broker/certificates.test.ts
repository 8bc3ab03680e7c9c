/** The rig's own CA: what it issues is sound, and what lies in its directory is used or named, never guessed at. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { chmod, copyFile, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { caCertificateFile, caKeyFile, openCertificateAuthority } from '../../broker/certificates.ts';
import { openCodeSigner } from '../../broker/code-signing.ts';
import { openSigningKey } from '../../broker/signing-key.ts';
import { testFolder } from '../support/folders.ts';

let directory: string;
beforeEach(async () => {
  directory = testFolder('ca');
});

describe('what it issues', () => {
  it('is signed by the CA, belongs to its key and names its owner', async () => {
    const authority = await openCertificateAuthority('memory');
    const ca = new X509Certificate(authority.ca);
    const server = await authority.issueServerCertificate(['localhost', '127.0.0.1', '::1']);
    const longName = 't'.repeat(128);
    const thing = await authority.issueThingCertificate(longName);
    for (const { cert, key } of [server, thing]) {
      const issued = new X509Certificate(cert);
      expect(issued.verify(ca.publicKey)).toBe(true);
      expect(issued.checkIssued(ca)).toBe(true);
      expect(issued.checkPrivateKey(createPrivateKey(key))).toBe(true);
      expect(issued.ca).toBe(false);
    }
    expect(ca.ca).toBe(true);
    expect(new X509Certificate(thing.cert).subject).toBe(`CN=${longName}`);
    const named = new X509Certificate(server.cert);
    expect([named.checkHost('localhost'), named.checkIP('127.0.0.1'), named.checkIP('::1')]).toEqual([
      'localhost',
      '127.0.0.1',
      '::1',
    ]);
    expect(named.checkHost('example.com')).toBeUndefined();
  });
});

describe('a directory', () => {
  it('keeps the CA over restarts, its key readable by the owner only', async () => {
    const made = await openCertificateAuthority(join(directory, 'deep', 'below'));
    const found = await openCertificateAuthority(join(directory, 'deep', 'below'));
    expect(found.ca).toBe(made.ca);
    expect(await readFile(found.caFile!, 'utf8')).toBe(made.ca);
    expect((await stat(join(directory, 'deep', 'below', caKeyFile))).mode & 0o777).toBe(0o600);
    const { cert } = await found.issueThingCertificate('lamp');
    expect(new X509Certificate(cert).verify(new X509Certificate(made.ca).publicKey)).toBe(true);
  });

  const spoiled: readonly (readonly [string, string, () => Promise<void>])[] = [
    ['a torn certificate', caCertificateFile, () => tear(caCertificateFile)],
    ['a torn key', caKeyFile, () => tear(caKeyFile)],
    ['an empty key', caKeyFile, () => writeFile(join(directory, caKeyFile), '')],
    ['a certificate without its key', caKeyFile, () => rm(join(directory, caKeyFile))],
    ['a key without its certificate', caCertificateFile, () => rm(join(directory, caCertificateFile))],
    ['the key of another CA', caKeyFile, () => bringFromAnother(caKeyFile)],
    [
      'the certificate of a thing',
      caCertificateFile,
      async () => {
        const { cert } = await (await openCertificateAuthority('memory')).issueThingCertificate('lamp');
        await writeFile(join(directory, caCertificateFile), cert);
      },
    ],
  ];
  it.each(spoiled)('with %s is refused, and %s is named and left as it is', async (_what, file, spoil) => {
    await openCertificateAuthority(directory);
    await spoil();
    const before = await contents();
    await expect(openCertificateAuthority(directory)).rejects.toMatchObject({
      code: 'CERTIFICATES_UNUSABLE',
      message: expect.stringContaining(join(directory, file)) as string,
      hint: expect.any(String) as string,
    });
    expect(await contents()).toEqual(before);
  });

  it('that cannot be made is named, with the reason and without the advice to remove anything', async () => {
    await writeFile(join(directory, 'file'), '');
    const failure = openCertificateAuthority(join(directory, 'file', 'below'));
    await expect(failure).rejects.toMatchObject({
      code: 'CERTIFICATES_UNUSABLE',
      message: expect.stringContaining('ENOTDIR') as string,
      hint: expect.not.stringContaining('remove') as string,
    });
  });

  it('where several make their keys at a time has those of the first, for all', async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const authority = await openCertificateAuthority(directory);
        return [authority.ca, (await openCodeSigner(directory, authority)).cert, await openSigningKey(directory)];
      }),
    );
    for (const each of all) expect(each).toEqual(all[0]);
  });
});

async function tear(file: string): Promise<void> {
  const path = join(directory, file);
  await chmod(path, 0o600);
  await writeFile(path, (await readFile(path)).subarray(0, 100));
}

async function bringFromAnother(file: string): Promise<void> {
  const other = testFolder('ca');
  await openCertificateAuthority(other);
  await copyFile(join(other, file), join(directory, file));
  await rm(other, { recursive: true });
}

async function contents(): Promise<Record<string, string>> {
  const names = await readdir(directory);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')])),
  ) as Record<string, string>;
}

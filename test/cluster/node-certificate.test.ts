/** What `jobrig certs --node` makes is what another machine needs; what has become of it since is used or named, never guessed at. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readNodeCertificate } from '../../broker/cluster/node-certificate.ts';
import { runIn } from '../support/command-here.ts';
import { sharedFolder, testFolder } from '../support/folders.ts';

const folder = sharedFolder('nodes');
const keysOfAll = ['ca.key', 'ca.pem', 'code-signing.key', 'code-signing.pem', 'url-signing.key'];

beforeAll(async () => {
  for (const rig of ['own', 'foreign']) {
    const { code } = await runIn(
      folder,
      'certs',
      '--node',
      'east',
      '--data-dir',
      `${rig}-keys`,
      '--out',
      rig,
      '--quiet',
    );
    expect(code).toBe(0);
  }
});

it('the keys that all machines share are the same, byte for byte', () => {
  expect(readdirSync(join(folder, 'own')).toSorted()).toEqual(
    [...keysOfAll, 'node.cert.pem', 'node.key.pem'].toSorted(),
  );
  for (const name of keysOfAll) {
    expect([name, readFileSync(join(folder, 'own', name))]).toEqual([
      name,
      readFileSync(join(folder, 'own-keys', name)),
    ]);
  }
});

it('is read as it was made', async () => {
  const { ca, cert, key } = (await readNodeCertificate(join(folder, 'own')))!;
  for (const [text, name] of [
    [ca, 'ca.pem'],
    [cert, 'node.cert.pem'],
    [key, 'node.key.pem'],
  ] as const)
    expect(text.trim()).toBe(readFileSync(join(folder, 'own', name), 'utf8').trim());
});

const spoils: Readonly<Record<string, (file: string, name: string) => void>> = {
  empty: (file) => writeFileSync(file, ''),
  'cut at its head': (file) => writeFileSync(file, readFileSync(file).subarray(0, 27)),
  'cut in the middle': (file) => writeFileSync(file, readFileSync(file).subarray(0, 100)),
  'cut before its end': (file) => writeFileSync(file, readFileSync(file, 'utf8').trim().slice(0, -1)),
  'no text': (file) => writeFileSync(file, Buffer.from([255, 254, 0, 1])),
  gone: (file) => rmSync(file),
  'a folder'(file) {
    rmSync(file);
    mkdirSync(file);
  },
};

it.each(
  ['node.cert.pem', 'node.key.pem', 'ca.pem'].flatMap((name) => Object.keys(spoils).map((how) => [name, how] as const)),
)('%s that is %s is named in one line, before anything is said to anybody', async (name, how) => {
  const own = testFolder();
  cpSync(join(folder, 'own'), join(own, 'east'), { recursive: true });
  spoils[how]!(join(own, 'east', name), name);
  const door = ['serve', '--role', 'door', '--join', '127.0.0.1:1', '--data-dir', 'east'];
  const { code, stdout, stderr } = await runIn(own, ...door);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
  expect(stderr).toContain(join('east', name));
});

it.each(['node.cert.pem', 'node.key.pem', 'ca.pem'])('%s of another rig is named', async (name) => {
  const own = testFolder();
  cpSync(join(folder, 'own'), own, { recursive: true });
  cpSync(join(folder, 'foreign', name), join(own, name));
  await expect(readNodeCertificate(own)).rejects.toMatchObject({
    code: 'CERTIFICATE_UNREADABLE',
    message: expect.stringMatching(/does not belong to|is not of the authority in/) as string,
  });
});

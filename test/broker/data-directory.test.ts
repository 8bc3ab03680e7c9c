/** What a start that fails leaves of a directory: what others have made there meanwhile, and nothing else. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { keyFiles, rememberDirectory } from '../../broker/data-directory.ts';
import { storeFiles } from '../../broker/store/sqlite-database.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { testFolder } from '../support/folders.ts';

it.each([
  ['a port is taken', new OperationalError('PORT_TAKEN', 'taken'), []],
  ['the database is in use', new OperationalError('STORE_IN_USE', 'in use'), storeFiles],
])('keeps the keys of another process where %s', (_, error, kept) => {
  const directory = join(testFolder(), 'data');
  const undo = rememberDirectory(directory);
  mkdirSync(directory);
  for (const name of [...keyFiles, ...storeFiles]) writeFileSync(join(directory, name), 'of another');
  undo(error);
  const left = [...keyFiles, ...storeFiles].filter((name) => existsSync(join(directory, name)));
  expect(left).toEqual([...keyFiles, ...kept]);
});

it('leaves nothing of what it has made itself', async () => {
  const directory = join(testFolder(), 'deep', 'data');
  const undo = rememberDirectory(directory);
  await openCertificateAuthority(directory);
  expect(existsSync(join(directory, 'ca.key'))).toBe(true);
  undo(new OperationalError('PORT_TAKEN', 'taken'));
  expect(existsSync(directory)).toBe(false);
});

it('keeps the keys of a start before', async () => {
  const directory = testFolder();
  await openCertificateAuthority(directory);
  rememberDirectory(directory)(new OperationalError('PORT_TAKEN', 'taken'));
  expect(existsSync(join(directory, 'ca.key'))).toBe(true);
});

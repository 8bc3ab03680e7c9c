/**
 * A data directory that a service makes while it starts and that nobody needs when it does not start after all. Only files of
 * the service's own names are ever removed, only those that were not there before, and directories only when they are empty. Others may
 * work on the same directory meanwhile: keys that they have made stay, and so does a database that they have open.
 */
import { existsSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import { caCertificateFile, caKeyFile } from './certificates.ts';
import { codeSigningCertificateFile, codeSigningKeyFile } from './code-signing.ts';
import { signingKeyFile } from './signing-key.ts';
import { storeFiles } from './store/sqlite-database.ts';
import { filesMade } from './store/whole-file.ts';

/** What a rig keeps in its data directory beside its store. */
export const keyFiles: readonly string[] = [
  caCertificateFile,
  caKeyFile,
  signingKeyFile,
  codeSigningCertificateFile,
  codeSigningKeyFile,
];

/** @returns how to undo what was made in the directory since then, for that error. */
export function rememberDirectory(directory: string): (error?: unknown) => void {
  const absent = (names: readonly string[]): readonly string[] =>
    names.map((name) => resolve(directory, name)).filter((file) => !existsSync(file));
  const [stores, keys] = [absent(storeFiles), absent(keyFiles)];
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  return (error) => {
    try {
      const isInUse = error instanceof OperationalError && error.code === 'STORE_IN_USE';
      const own = new Set(filesMade());
      const files = [...(isInUse ? [] : stores), ...keys.filter((key) => own.has(key))];
      for (const file of files) rmSync(file, { force: true });
      for (const path of missing) rmdirSync(path);
    } catch {
      // Somebody else has put something there, or it was never made.
    }
  };
}

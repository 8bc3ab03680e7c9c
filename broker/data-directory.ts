/**
 * A data directory that a service makes while it starts and that nobody needs when it does not start after all. Only files of
 * the service's own names are ever removed, only those that were not there before, and directories only when they are empty.
 */
import { existsSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { caCertificateFile, caKeyFile } from './certificates.ts';
import { codeSigningCertificateFile, codeSigningKeyFile } from './code-signing.ts';
import { signingKeyFile } from './signing-key.ts';
import { storeFiles } from './store/sqlite-database.ts';

/** What a rig keeps in its data directory beside its store. */
export const keyFiles: readonly string[] = [
  caCertificateFile,
  caKeyFile,
  signingKeyFile,
  codeSigningCertificateFile,
  codeSigningKeyFile,
];

/** @returns how to undo what was made in the directory since then. */
export function rememberDirectory(directory: string): () => void {
  const own = [...storeFiles, ...keyFiles].map((name) => join(directory, name));
  const made = own.filter((file) => !existsSync(file));
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  return () => {
    try {
      for (const file of made) rmSync(file, { force: true });
      for (const path of missing) rmdirSync(path);
    } catch {
      // Somebody else has put something there, or it was never made.
    }
  };
}

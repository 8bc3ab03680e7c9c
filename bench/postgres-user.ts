/**
 * Where PostgreSQL's programs are as the distribution puts them, and how they are run: they refuse to run as root, so root runs them as
 * their own user, to whom the folder must belong.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const versions = '/usr/lib/postgresql';
const isRoot = process.getuid?.() === 0;

/** @returns the folder of the newest version, or `undefined` where there is none */
export function findPostgres(): string | undefined {
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(versions, version, 'bin'))
    .find((path) => existsSync(join(path, 'initdb')));
}

export function asPostgres(program: string, given: readonly string[]): [string, string[]] {
  if (!isRoot) return [program, [...given]];
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...given]];
}

export function giveAway(folder: string): void {
  if (!isRoot) return;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })));
  chownSync(folder, uid!, gid!);
}

/**
 * PostgreSQL as it comes from the distribution, for one measurement: on a free loopback port, its files in a temporary folder, forced to
 * disk as in its default configuration. Where it is not installed the comparison is left out, not failed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { asPostgres, giveAway } from './postgres-user.ts';

export interface BenchPostgres {
  readonly url: string;
  /** At once: its files are removed. */
  end(): void;
}

export async function startPostgres(binaries: string): Promise<BenchPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'jobrig-bench-'));
  giveAway(folder);
  const data = join(folder, 'data');
  const form = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C'];
  execFileSync(...asPostgres(join(binaries, 'initdb'), form), { stdio: 'ignore' });
  const port = await freePort();
  const settings = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
  const server = spawn(...asPostgres(join(binaries, 'postgres'), settings), { stdio: 'ignore' });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await answers(url, () => server.exitCode);
  return {
    url,
    end() {
      server.kill('SIGQUIT');
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

async function answers(url: string, exitCode: () => number | null): Promise<void> {
  for (;;) {
    if (exitCode() !== null) throw new Error(`PostgreSQL ended at once (${exitCode()})`);
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await pause(50);
    }
  }
}

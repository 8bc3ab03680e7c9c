/**
 * How long nobody is answered when the engine that leads ends: two engines and a door as processes of their own on PostgreSQL, with
 * 50,000 things that have an execution each. The leader is killed and stopped in turn; from then on one question after the other is asked
 * at the door, until the next leader answers one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Change, CommandOf, OperationName } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import { openLedStore } from '../../broker/led-store.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import { formatThingArn } from '../../protocol/names.ts';
import type { Measurement, Size } from '../figures.ts';
import { startPostgres } from '../postgres.ts';
import { findPostgres } from '../postgres-user.ts';
import { medianOf, spreadOf } from '../rounds.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const things = 50_000;
const targetsOfJob = 100;
const rowsOfCommit = 5000;
const program = join(import.meta.dirname, '../../cli/main.js');

interface Sample {
  readonly how: 'SIGKILL' | 'SIGSTOP';
  readonly ms: number;
}

interface Part {
  readonly child: ChildProcess;
  readonly link: string;
  readonly http: string;
}

export async function measureTakeover({ rounds }: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const binaries = findPostgres();
  if (binaries === undefined) {
    say('left out: PostgreSQL is not installed (apt-get install postgresql)');
    return [];
  }
  const database = await startPostgres(binaries);
  const folder = mkdtempSync(join(tmpdir(), 'jobrig-bench-takeover-'));
  const parts: Part[] = [];
  const start = async (role: string, ...flags: readonly string[]): Promise<Part> => {
    const part = await startPart([role, ...flags, '--data-dir', folder]);
    parts.push(part);
    return part;
  };
  const engine = (...flags: readonly string[]): Promise<Part> =>
    start('engine', '--store', database.url, '--doors', '1', ...flags);
  try {
    const rows = await fill(database.url);
    say(`${rows} rows`);
    let [leader, standby] = [await engine('--listen', '127.0.0.1:0'), await engine('--listen', '127.0.0.1:0')];
    const door = await start('door', '--join', leader.link, '--join', standby.link, '--mqtt-port', '0');
    const samples: Sample[] = [];
    while (samples.length < 2 * rounds) {
      await isWarm(standby);
      const how = samples.length % 2 === 0 ? 'SIGKILL' : 'SIGSTOP';
      const endedAt = performance.now();
      leader.child.kill(how);
      await answered(door);
      samples.push({ how, ms: performance.now() - endedAt });
      if (how === 'SIGSTOP') leader.child.kill('SIGCONT');
      const next = how === 'SIGSTOP' ? leader : await engine('--listen', leader.link);
      [leader, standby] = [standby, next];
      say(`${samples.length} of ${2 * rounds}: ${how} ${Math.round(samples.at(-1)!.ms)} ms`);
    }
    const median = (wanted: Sample['how']): string =>
      medianOf(
        samples.filter(({ how }) => how === wanted),
        ({ ms }) => ms,
      ).toFixed(0);
    return [
      {
        figure: 'takeover',
        value: spreadOf(samples.map(({ ms }) => ms)),
        note: `${rows} rows; SIGKILL ${median('SIGKILL')} ms, SIGSTOP ${median('SIGSTOP')} ms`,
        samples,
      },
    ];
  } finally {
    for (const { child } of parts) child.kill('SIGKILL');
    database.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns how many rows there are now */
async function fill(url: string): Promise<number> {
  const engine = createEngine({ identity });
  const changes: Change[] = [];
  let now = Date.now();
  const apply = <Name extends OperationName>(name: Name, request: CommandOf<Name>['request']): void => {
    changes.push(...engine.apply({ name, request }, (now += 1)).changes);
  };
  const names = Array.from({ length: things }, (_, index) => `thing-${index}`);
  for (const thingName of names) apply('iot:CreateThing', { thingName });
  for (let first = 0; first < things; first += targetsOfJob) {
    const targets = names.slice(first, first + targetsOfJob).map((name) => formatThingArn(identity, name));
    apply('iot:CreateJob', { jobId: `job-${first}`, targets, document: '{"operation":"reboot"}' });
  }
  const store = await openLedStore({ address: parsePostgresAddress(url), identity });
  await store.rows();
  store.restored!();
  for (let from = 0; from < changes.length; from += rowsOfCommit) {
    await store.commit(changes.slice(from, from + rowsOfCommit), now);
  }
  const rows = [...(await store.rows())].length;
  await store.close();
  return rows;
}

async function startPart(words: readonly string[]): Promise<Part> {
  const ports = ['--http-port', '0', '--log-level', 'error'];
  const closed =
    words[0] === 'door' ? ['mqtts', 'ws', 'wss', 'https'].flatMap((name) => [`--${name}-port`, 'off']) : [];
  const given = [program, 'serve', '--json', '--role', ...words, ...ports, ...closed];
  const child = spawn(process.execPath, given, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { link, http } = JSON.parse(line) as { readonly link: string; readonly http: string };
  return { child, link, http };
}

/** It waits, and has read everything. */
async function isWarm({ http }: Part): Promise<void> {
  for (;;) {
    const response = await fetch(`${http}/healthz`);
    const { leads, behindCommits } = (await response.json()) as { leads: boolean; behindCommits?: number };
    if (!leads && behindCommits === 0) return;
    await pause(20);
  }
}

async function answered({ http }: Part): Promise<void> {
  const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iot/aws4_request' };
  for (;;) {
    const { status } = await fetch(`${http}/things/thing-1`, { headers });
    if (status === 200) return;
    await pause(5);
  }
}

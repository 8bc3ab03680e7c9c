/**
 * Eclipse Mosquitto as the yardstick: started from the distribution's package on a free loopback port with nothing
 * switched on that costs time, measured through /proc. Where it is not installed the comparison is left out, not failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { Measured, Usage } from '../rig/process/child.ts';

export interface Mosquitto extends Measured {
  readonly port: number;
}

const places = [
  '/usr/sbin/mosquitto',
  '/usr/bin/mosquitto',
  '/usr/local/sbin/mosquitto',
  '/opt/homebrew/sbin/mosquitto',
];
/** USER_HZ, which Linux fixes for /proc on every architecture that Node runs on. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** @returns where Mosquitto is, or `undefined` when it cannot be measured here. */
export function findMosquitto(): string | undefined {
  return existsSync('/proc/self/stat') ? places.find((path) => existsSync(path)) : undefined;
}

export async function startMosquitto(path: string): Promise<Mosquitto> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'jobrig-bench-'));
  const configuration = join(folder, 'mosquitto.conf');
  writeFileSync(
    configuration,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence false',
      'log_dest none',
      'sys_interval 0',
      'set_tcp_nodelay true',
      '',
    ].join('\n'),
  );
  const broker = spawn(path, ['-c', configuration], { stdio: 'ignore' });
  const gone = once(broker, 'exit');
  const end = () => broker.kill();
  process.once('exit', end);
  await listening(port, () => broker.exitCode);
  return {
    port,
    usage: () => Promise.resolve(usageOf(broker.pid!)),
    stop: async () => {
      end();
      await gone;
      process.removeListener('exit', end);
      rmSync(folder, { recursive: true });
    },
  };
}

/** It says nowhere that it is ready, so it is asked until it answers. */
async function listening(port: number, exitCode: () => number | null): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (exitCode() !== null) throw new Error(`mosquitto ended at once (${exitCode()})`);
    const socket = net.connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await pause(50);
  }
  throw new Error('mosquitto does not listen');
}

/** Fields 14 and 15 (utime, stime) and 24 (rss) of proc(5) stat; the name in brackets may hold spaces. */
function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return {
    cpuMicros: ((fields[11]! + fields[12]!) * 1e6) / ticksPerSecond,
    residentBytes: fields[21]! * pageBytes,
  };
}

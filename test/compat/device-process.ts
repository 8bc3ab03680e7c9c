/** A real device client in a process of its own, spoken with as `devices/conversation.mjs` says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from './presence.ts';
import type { DeviceEnvironment } from './rig.ts';

export interface DeviceEvent {
  readonly event: 'started' | 'answered';
  readonly jobId: string;
  /** What the service said to an update: `accepted`, a rejection's code, or `silence` if the client is deaf to it. */
  readonly answer?: string;
}

export interface DeviceProcess {
  /** The next event, in order; fails with what the client printed when it ends instead. */
  next(): Promise<DeviceEvent>;
  /** Asks it to report its running job as SUCCEEDED. */
  finish(): void;
  stop(): Promise<void>;
}

const interpreters: Readonly<Record<string, string>> = { mjs: process.execPath, py: python, sh: 'bash' };

export function startDevice(command: readonly string[], environment: DeviceEnvironment): DeviceProcess {
  const [file = '', ...args] = command;
  const interpreter = interpreters[file.slice(file.lastIndexOf('.') + 1)] ?? file;
  const path = fileURLToPath(new URL(`devices/${file}`, import.meta.url));
  const child = spawn(interpreter, [path, ...args], {
    // Device SDK v1 has no other way to trust a CA over WebSocket.
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: environment['JOBRIG_CA_FILE'], ...environment },
    detached: true, // a group of its own, so that a shell's children end with it
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  return {
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command.join(' ')} ended: ${complaints}`);
      return JSON.parse(value) as DeviceEvent;
    },
    finish: () => child.stdin.write('finish\n'),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

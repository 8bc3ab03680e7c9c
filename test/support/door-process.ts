/**
 * A door in a process of its own, as `serve --processes` starts it, whose engine is the test's. The engine is replaced for each
 * test, as after an engine that died, while the door and its clients stay; so a contract that moves its own clock, and looks at its
 * own engine, passes through a real door and a real link.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServicePort } from '../../broker/engine/port.ts';
import { writtenBy } from '../../broker/processes/linked-engine.ts';
import { type EngineEnd, createEngineEnd } from '../../broker/link/engine-end.ts';
import { type FromProcess, type ToProcess, engineSocket } from '../../broker/processes/contract.ts';
import { createRecordingPort } from './recording-port.ts';

export interface DoorProcess {
  /** The URL of each listener, by its scheme. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Gives the door another engine. @returns when it is linked */
  linkTo(port: ServicePort): Promise<void>;
  close(): Promise<void>;
}

const program = join(import.meta.dirname, '../../dist/broker/processes/door-process.js');

export async function startDoorProcess(): Promise<DoorProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'jobrig-door-'));
  let engine: EngineEnd | undefined;
  const links = createServer((stream) => engine?.accept(stream)).listen(engineSocket(folder));
  await once(links, 'listening');

  function linkTo(port: ServicePort): Promise<void> {
    return new Promise((linked) => {
      engine?.close();
      // Asked for when a door is taken.
      const names = (): readonly string[] => {
        linked();
        return [];
      };
      const things = { names, onChange: () => () => {} };
      engine = createEngineEnd({ port, doors: 1, timeScale: 1, things, ...writtenBy(port) });
    });
  }

  const child = fork(program);
  const ended = once(child, 'exit');
  await told(child, 'up');
  const ready = told(child, 'door-ready');
  const off = { mqttsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;
  const options = { ...off, mqttPort: 0, wsPort: 0, httpPort: 0, identity: 'open', authorityDir: folder } as const;
  child.send({ kind: 'door', options, door: 0, doors: 1, folder } satisfies ToProcess);
  await linkTo(createRecordingPort());
  const { endpoints } = await ready;
  return {
    endpoints,
    linkTo,
    async close() {
      child.kill('SIGTERM');
      await ended;
      engine?.close();
      links.close();
      await rm(folder, { recursive: true });
    },
  };
}

function told<Kind extends FromProcess['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromProcess, { readonly kind: Kind }>> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromProcess) => {
      if (message.kind === kind) resolve(message as Extract<FromProcess, { readonly kind: Kind }>);
      else if (message.kind === 'failed') reject(new Error(message.message));
    });
    child.once('exit', (code, signal) => reject(new Error(`the door ended (${signal ?? code})`)));
  });
}

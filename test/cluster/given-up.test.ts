/** Who waits at the start for a database or for an engine that says nothing ends when it is asked to, before it says anything itself. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startDoorNode } from '../../broker/cluster/door-node.ts';
import { startEngineNode } from '../../broker/cluster/engine-node.ts';
import { startProcesses } from '../../broker/processes/start-processes.ts';
import { startService } from '../../broker/start-service.ts';
import { copyStore } from '../../broker/store-copy.ts';
import { parsePostgresAddress } from '../../broker/store/postgres-address.ts';
import { endAfterTest } from '../support/after-test.ts';
import { testFolder } from '../support/folders.ts';

interface Silent {
  readonly port: number;
  /** Somebody has connected, and has left. */
  readonly asked: Promise<unknown>;
  readonly left: Promise<unknown>;
}

/** Takes connections and says nothing. */
async function silent(): Promise<Silent> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endAfterTest(() => void server.close());
  const asked = once(server, 'connection') as Promise<[Socket]>;
  const left = asked.then(([socket]) => once(socket, 'close'));
  return { port: (server.address() as AddressInfo).port, asked, left };
}

const free = { host: '127.0.0.1', port: 0 };
const closed = { mqttPort: 'off', mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;

it.each<[string, (port: number, dataDir: string, signal: AbortSignal) => Promise<unknown>]>([
  [
    'a service on a database',
    (port, dataDir, signal) =>
      startService({ dataDir, database: `postgres://u@127.0.0.1:${port}/d`, signal, ...closed }),
  ],
  [
    'a service of several processes on a database',
    (port, dataDir, signal) =>
      startProcesses({ dataDir, database: `postgres://u@127.0.0.1:${port}/d`, signal, ...closed }, 1),
  ],
  [
    'an engine on a database',
    (port, dataDir, signal) =>
      startEngineNode({
        service: { dataDir, database: `postgres://u@127.0.0.1:${port}/d`, signal },
        listen: free,
        certificate: undefined,
        doors: 1,
        httpPort: 'off',
        onWarning() {},
        onState() {},
        onFailure() {},
      }),
  ],
  [
    'a door of an engine',
    (port, dataDir, signal) =>
      startDoorNode({
        service: { dataDir, signal, ...closed },
        join: [{ host: '127.0.0.1', port }],
        listen: free,
        certificate: undefined,
        door: 0,
        onWarning() {},
      }),
  ],
  [
    'a copy of a database',
    (port, directory, signal) =>
      copyStore({
        from: { database: parsePostgresAddress(`postgres://u@127.0.0.1:${port}/d`) },
        to: { directory },
        signal,
        onWatch() {},
        onProgress() {},
      }),
  ],
])('%s', async (_, start) => {
  const asked = new Error('asked to end');
  for (const isEarly of [true, false]) {
    const { port, asked: connected, left } = await silent();
    const interruption = new AbortController();
    const started = start(port, join(testFolder(), 'data'), interruption.signal);
    if (!isEarly) await connected;
    interruption.abort(asked);
    await expect(started).rejects.toBe(asked);
    if (!isEarly) await left;
  }
});

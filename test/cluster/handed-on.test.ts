/** A client that came in by another door than its own stays connected while engines change, in whichever order doors come to the next one. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type DoorNode, startDoorNode } from '../../broker/cluster/door-node.ts';
import { listenForNodes } from '../../broker/cluster/node-links.ts';
import { allDoors, doorOf } from '../../broker/link/owner.ts';
import { successiveEngines } from '../support/successive-engines.ts';
import { WireClient } from '../support/wire-client.ts';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Where one of two doors finds the engine that leads. */
class Way {
  readonly #waiting: Socket[] = [];
  readonly #take: (stream: Socket) => void;
  isOpen = true;

  constructor(take: (stream: Socket) => void) {
    this.#take = take;
  }

  come(stream: Socket): void {
    if (this.isOpen) this.#take(stream);
    else this.#waiting.push(stream);
  }

  open(): void {
    this.isOpen = true;
    for (const stream of this.#waiting.splice(0)) this.#take(stream);
  }
}

it.each([
  ['the door that it came in by', 0],
  ['its own door', 1],
])('when %s comes first', async (_, first) => {
  const next = successiveEngines(2, { doorsAwaitedMs: 600_000 });
  let leading = next();
  closers.push(() => leading.end.close());
  const ways = [0, 1].map(() => new Way((stream) => leading.end.accept(stream)));
  const linked: (() => void)[] = [];
  const off = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpPort: 'off', httpsPort: 'off' } as const;
  const doors: DoorNode[] = [];
  for (const [door, way] of ways.entries()) {
    const listener = await listenForNodes({
      at: { host: '127.0.0.1', port: 0 },
      certificate: undefined,
      onLink: (stream) => way.come(stream),
      onWarning: () => {},
    });
    closers.push(() => listener.close());
    const node = await startDoorNode({
      service: { mqttPort: 0, ...off },
      join: [listener.address],
      listen: { host: '127.0.0.1', port: 0 },
      certificate: undefined,
      door,
      onWarning: (warning) => warning.startsWith('Linked') && linked[door]?.(),
    });
    closers.push(async () => node[Symbol.asyncDispose]());
    doors.push(node);
  }
  const clientId = Array.from({ length: 20 }, (_each, index) => `pump-${index}`).find(
    (name) => doorOf(name, allDoors(2)) === 1,
  )!;
  const socket = connect(Number(new URL(doors[0]!.endpoints['mqtt']!).port), '127.0.0.1');
  await once(socket, 'connect');
  const client = new WireClient(socket);
  expect(await client.login({ clientId, clean: false })).toBe(0);
  const there = ways.map((_way, door) => new Promise<void>((resolve) => (linked[door] = resolve)));
  ways[1 - first]!.isOpen = false;
  const before = leading;
  leading = next();
  before.end.close();
  await there[first];
  // A round trip through both doors.
  await client.settled();
  ways[1 - first]!.open();
  await there[1 - first];
  await client.settled();
  expect(socket.destroyed).toBe(false);
  const { body } = await client.request(`$aws/things/${clientId}/jobs/get`);
  expect(body).toMatchObject({ code: 'ResourceNotFound' });
  socket.destroy();
});

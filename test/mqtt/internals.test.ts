/** The undocumented parts on which the room relies: that they are there, that nothing else uses one, and what they do. */
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Client } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { missingInternals, readInPlace, writeInPlace } from '../../broker/mqtt/internals.ts';
import { QuietAedes } from '../../broker/mqtt/quiet-aedes.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Both ends of a connection; closed with the scope. */
async function connection() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  return {
    near,
    far,
    [Symbol.dispose]() {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

async function broker(): Promise<QuietAedes> {
  const aedes = new QuietAedes();
  await aedes.listen();
  closers.push(() => aedes.close());
  return aedes;
}

describe('the undocumented parts of aedes, mqtt-packet and Node', () => {
  it('are all there', async () => {
    using ends = await connection();
    expect(missingInternals(await broker(), ends.far)).toEqual([]);
  });

  it('are missed when they are gone', async () => {
    using ends = await connection();
    ends.far.destroy();
    const other = Object.assign(await broker(), { registerClient: undefined });
    other.handle = () => Object.assign(Object.create({ close() {} }), { closed: false, mayFly: true }) as Client;
    const missing = missingInternals(other, ends.far);
    expect(missing).toContain('aedes: client._parser');
    expect(missing.filter((part) => !part.startsWith('aedes: client._'))).toEqual(
      expect.arrayContaining([
        'aedes: client.mayFly',
        'aedes: broker.registerClient',
        'Node: socket._handle.useUserBuffer',
      ]),
    );
    expect(missing).not.toContain('aedes: client.closed');
  });

  it('are used by one file', () => {
    const room = new URL('../../broker/mqtt/', import.meta.url);
    const others = readdirSync(room).filter((file) => file !== 'internals.ts');
    // What a stream implements (`_read`, `_write`, …) is documented; a parameter that is not used begins alike.
    const documented = new Set(['_read', '_write', '_writev', '_final', '_destroy']);
    const found = others.flatMap((file) => {
      const text = readFileSync(new URL(file, room), 'utf8');
      return [...text.matchAll(/(?:\.|\{ |, )(_[a-z]\w*)\b(?!:? [a-z]|,|\))/gi)]
        .map(([, name]) => name!)
        .filter((name) => !documented.has(name))
        .map((name) => `${file}: ${name}`);
    });
    expect(found).toEqual([]);
  });
});

describe('readInPlace', () => {
  it('hands over all that comes in, in order, and leaves nothing to the stream', async () => {
    using ends = await connection();
    const { near, far } = ends;
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const chunks: Buffer[] = [];
    const places = new Set<ArrayBufferLike>();
    far.on('data', () => expect.fail('the stream has read'));
    const inPlace = readInPlace(far, (bytes) => {
      chunks.push(Buffer.from(bytes));
      places.add(bytes.buffer);
    });
    expect(inPlace).toBe(true);
    const ended = once(far, 'end');
    near.end(sent);
    await ended;
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    expect(places.size).toBe(1);
  });

  it('comes after what the stream has read already', async () => {
    using ends = await connection();
    const { near, far } = ends;
    near.write('first ');
    await once(far, 'readable');
    const heard: string[] = [];
    const hear = (bytes: Buffer): void => void heard.push(String(bytes));
    far.removeAllListeners('readable').on('data', hear);
    readInPlace(far, hear);
    const ended = once(far, 'end');
    near.end('second');
    await ended;
    expect(heard.join('')).toBe('first second');
  });

  it('does not read while the socket is paused', async () => {
    using ends = await connection();
    const { near, far } = ends;
    const heard: string[] = [];
    const first = new Promise<void>((resolve) => {
      readInPlace(far, (bytes) => {
        if (heard.push(String(bytes)) > 1) return;
        far.pause();
        resolve();
      });
    });
    far.resume();
    near.write('a');
    await first;
    const written = new Promise((resolve) => near.write('b', resolve));
    await written;
    const ended = once(far, 'end');
    near.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(['a']);
    far.resume();
    await ended;
    expect(heard).toEqual(['a', 'b']);
  });

  it('leaves alone what is no TCP socket, and a socket that is gone', async () => {
    using ends = await connection();
    ends.far.destroy();
    expect(readInPlace(ends.far, () => {})).toBe(false);
    expect(readInPlace(new PassThrough(), () => {})).toBe(false);
  });
});

const fail = (): void => expect.fail('something was written');

describe('writeInPlace', () => {
  it('has written when it returns, as long as the other side reads', async () => {
    using ends = await connection();
    const { near, far } = ends;
    const outcomes: unknown[] = [];
    const heard = once(near, 'data');
    expect(writeInPlace(far, Buffer.from('at once'), (error) => outcomes.push(error))).toBe(true);
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0] ?? undefined).toBe(undefined);
    expect(String((await heard)[0])).toBe('at once');
  });

  it('says later that all is written where the other side does not read, and what the stream writes meanwhile comes behind it', async () => {
    using ends = await connection();
    const { near, far } = ends;
    near.pause();
    const block = Buffer.alloc(1024 * 1024, 'a');
    let blocks = 0;
    let over = 0;
    while (over === blocks) {
      blocks += 1;
      expect(writeInPlace(far, block, () => (over += 1))).toBe(true);
    }
    far.end('z');
    const chunks: Buffer[] = [];
    near.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    await once(near, 'end');
    expect(over).toBe(blocks);
    const all = Buffer.concat(chunks);
    expect(all.length).toBe(blocks * block.length + 1);
    expect(all.indexOf('z')).toBe(all.length - 1);
  });

  it('leaves alone what the stream has to write first, what is no TCP socket, and a socket that is ended or gone', async () => {
    using ends = await connection();
    const { far } = ends;
    expect(writeInPlace(new PassThrough(), Buffer.from('x'), fail)).toBe(false);
    far.cork();
    far.write('first');
    expect(writeInPlace(far, Buffer.from('x'), fail)).toBe(false);
    far.uncork();
    far.end();
    expect(writeInPlace(far, Buffer.from('x'), fail)).toBe(false);
    far.destroy();
    expect(writeInPlace(far, Buffer.from('x'), fail)).toBe(false);
  });
});

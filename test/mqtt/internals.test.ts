/** The undocumented parts on which the room relies: that they are there, that nothing else uses one, and what they do. */
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { type AddressInfo, Socket, connect, createServer } from 'node:net';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import type { Client } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { SocketWriter, missingInternals, readInPlace, writeInPlace } from '../../broker/mqtt/internals.ts';
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

/** What a handle of some release of Node does with a write, as lib/internal/stream_base_commons.js of Node 24 and 26 expects it. */
class Request {
  oncomplete?: (status: number) => void;
  writeStatus: number | null;
  readonly #kept: boolean;

  constructor(kept = false, writeStatus: number | null = null) {
    this.#kept = kept;
    this.writeStatus = writeStatus;
  }

  getAsyncId(): number {
    return this.#kept || this.isKept ? 7 : -1;
  }

  isKept = false;
}

type WriteBuffer = (request: Request | null) => number | Request;
/** What comes of a write: `undefined` when it succeeded, the code of an error, or that it goes on. */
type Outcome = string | undefined | 'goes on';

const goesOn: Outcome = 'goes on';
const epipe = -constants.errno.EPIPE;

const succeeds: WriteBuffer = () => 0;

/** @param keeps the system keeps what it was given */
const given =
  (status: number, keeps: boolean): WriteBuffer =>
  (request) => {
    request!.isKept = keeps;
    return status;
  };

/** @param first what Node's stream gives to its first write */
function socketOn(writeBuffer: WriteBuffer, first: unknown): Socket {
  const handle = Object.create({ writeBuffer }) as { writeBuffer(request: unknown): unknown };
  return Object.assign(new Socket(), {
    _handle: handle,
    _write(_bytes: Buffer, _encoding: string, over: () => void) {
      handle.writeBuffer(first);
      over();
    },
  });
}

describe.each<[form: string, first: Request | null, writes: [what: string, WriteBuffer, Outcome][]]>([
  [
    'is given a request (Node 20 to 24)',
    new Request(),
    [
      ['is over', given(0, false), undefined],
      ['failed', given(epipe, false), 'EPIPE'],
      ['goes on', given(0, true), goesOn],
    ],
  ],
  [
    'makes a request (Node 26)',
    null,
    [
      ['is over', succeeds, undefined],
      ['failed', () => epipe, 'EPIPE'],
      ['goes on', () => new Request(true), goesOn],
      ['was over before it was heard of', () => new Request(false, 0), undefined],
      ['failed before it was heard of', () => new Request(false, epipe), 'EPIPE'],
      ['failed without a word', () => new Request(), 'EPIPE'],
    ],
  ],
])('a system that %s', (_form, first, writes) => {
  it.each(writes)('says of a write that it %s', (_what, writeBuffer, expected) => {
    const writer = new SocketWriter();
    let answer: WriteBuffer = succeeds;
    const made: (Request | null)[] = [];
    const socket = socketOn((request) => {
      const answered = answer(request);
      made.push(answered instanceof Request ? answered : request);
      return answered;
    }, first);
    let learned = 0;
    expect(writer.write(socket, Buffer.from('first'), () => (learned += 1))).toBe(true);
    expect(learned).toBe(1);
    for (const round of [1, 2]) {
      const outcomes: Outcome[] = [];
      const over = (error?: Error | null): void => void outcomes.push((error as NodeJS.ErrnoException | null)?.code);
      answer = writeBuffer;
      expect(writer.write(socket, Buffer.from(`${round}`), over)).toBe(true);
      if (expected !== goesOn) expect(outcomes).toEqual([expected]);
      else {
        expect(outcomes).toEqual([]);
        const request = made.at(-1)!;
        request.oncomplete!(0);
        request.oncomplete!(epipe);
        expect(outcomes).toEqual([undefined, 'EPIPE']);
      }
    }
    if (expected === goesOn) expect(made.at(-1)).not.toBe(made.at(-2));
  });
});

it('leaves writing to the stream on a system that does it in another way', () => {
  const writer = new SocketWriter();
  const socket = socketOn(succeeds, { of: 'another kind' });
  let over = 0;
  expect(writer.write(socket, Buffer.from('first'), () => (over += 1))).toBe(true);
  expect(over).toBe(1);
  expect(writer.write(socket, Buffer.from('second'), fail)).toBe(false);
});

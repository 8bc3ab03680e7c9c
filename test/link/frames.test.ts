/** What is said on a line comes out at the other end as it was and in order, however the bytes are cut; garbage ends the line. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { array, assert, asyncProperty, constantFrom, integer, oneof, record, string, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, openLine } from '../../broker/link/frames.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';

type Said =
  | { readonly entry: unknown }
  | { readonly kind: number; readonly id: number; readonly name: string; readonly bytes: Buffer | string }
  | {
      readonly about: number;
      readonly id: number;
      readonly thing: string;
      readonly job: string;
      readonly bytes: Buffer | string;
    };

const anyId = integer({ min: 0, max: 0xffff_ffff });
const anyBytes = oneof(
  string(),
  uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
);
/** Few, so that they come up again. */
const anyName = oneof(constantFrom('', 'thing-1', 'thing-2', 'ü'), string());

const said = oneof(
  record({ entry: oneof(constantFrom('alive'), array(string(), { maxLength: 3 })) }),
  record({
    kind: integer({ min: 1, max: 0x7f }),
    id: anyId,
    name: string(),
    bytes: anyBytes,
  }),
  record({ about: integer({ min: 0x80, max: 0xfd }), id: anyId, thing: anyName, job: anyName, bytes: anyBytes }),
);

function put(line: Line<unknown>, what: Said): void {
  if ('entry' in what) line.say(what.entry);
  else if ('about' in what) line.sayAbout(what.about, what.id, what.thing, what.job, what.bytes);
  else line.sayBytes(what.kind, what.id, what.name, what.bytes);
}

/** As it comes out: bytes are bytes. */
function asHeard(what: Said): Said {
  return 'entry' in what ? what : { ...what, bytes: Buffer.from(what.bytes) };
}

describe('a line', () => {
  it('hands over entries of all forms in the order in which they were said, wherever the bytes are cut', async () => {
    await assert(
      asyncProperty(
        array(array(said, { maxLength: 8 }), { maxLength: 4 }),
        integer({ min: 1, max: 40 }),
        async (turns, cut) => {
          const [near, far] = duplexPair();
          const heard: Said[] = [];
          const all = turns.flat();
          const through = new Promise<void>((done) => {
            openLine(far, {
              heard: (entry) => void heard.push({ entry }),
              heardBytes: (kind, id, name, bytes) => void heard.push({ kind, id, name, bytes: Buffer.from(bytes) }),
              heardAbout: (about, id, thing, job, bytes, start, end) =>
                void heard.push({ about, id, thing, job, bytes: Buffer.from(bytes.subarray(start, end)) }),
              ended: () => done(),
            });
          });
          // What is written arrives in pieces.
          const write = near.write.bind(near);
          near.write = ((chunk: Buffer) => {
            for (let at = 0; at < chunk.length; at += cut) write(chunk.subarray(at, at + cut));
            return true;
          }) as typeof near.write;
          const line = openLine<unknown, unknown>(near, { heard() {}, ended() {} });
          for (const turn of turns) {
            for (const what of turn) put(line, what);
            await new Promise(setImmediate);
          }
          line.end();
          await through;
          expect(heard).toEqual(all.map(asHeard));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says in one frame what is said in a turn and in the next one', async () => {
    const [near, far] = duplexPair();
    far.resume();
    const written: number[] = [];
    const write = near.write.bind(near);
    near.write = ((chunk: Buffer) => {
      written.push(chunk.length);
      return write(chunk);
    }) as typeof near.write;
    const line = openLine<unknown, unknown>(near, { heard() {}, ended() {} });
    line.say('first');
    await new Promise(setImmediate);
    expect(written).toEqual([]);
    line.sayBytes(1, 1, 'second', 'bytes');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(written.length).toBe(1);
    line.end();
  });

  it('hands over bytes that stay as they are, where they are used later, however much comes in behind them', async () => {
    let count = 0;
    const text = (): string => `${(count += 1)}`.repeat(1000);
    const server = createServer((stream) => {
      const line = openLine<unknown, unknown>(stream, { heard: () => line.sayBytes(1, 1, '', text()), ended() {} });
      line.sayBytes(1, 1, '', text());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const heard: Buffer[] = [];
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      const line = openLine<unknown, unknown>(stream, {
        keepsBytes: true,
        heard() {},
        heardBytes(_kind, _id, _name, bytes) {
          if (heard.push(bytes) === 5) resolve();
          else line.say('more');
        },
        ended() {},
      });
    });
    stream.destroy();
    server.close();
    expect(heard.map(String)).toEqual([1, 2, 3, 4, 5].map((each) => `${each}`.repeat(1000)));
  });

  it.each<[string, number[]]>([
    ['a frame that is longer than any', [0x7f, 0xff, 0xff, 0xff]],
    ['a frame that is too short for an entry', [0, 0, 0, 1, 0]],
    ['a name that is longer than the frame', [0, 0, 0, 11, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]],
    ['bytes that are longer than the frame', [0, 0, 0, 11, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9]],
    ['half an entry behind a whole one', [0, 0, 0, 12, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7]],
    ['half an entry about a thing', [0, 0, 0, 12, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]],
    [
      'bytes about a thing that are longer than the frame',
      [0, 0, 0, 17, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
    ['a thing that was not named', [0, 0, 0, 17, 0x80, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a job that was not named', [0, 0, 0, 17, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['a name where none can be', [0, 0, 0, 12, 0xfe, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x61]],
    ['a name farther than any', [0, 0, 0, 12, 0xff, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0x61]],
    ['JSON that is none', [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x7b]],
    ['JSON that is no list', [0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x7b, 0x7d]],
  ])('ends with a reason, once, for %s', async (_what, bytes) => {
    const [near, far] = duplexPair();
    const ends: unknown[] = [];
    const ended = new Promise<void>((done) => {
      openLine(far, {
        heard() {},
        ended(reason) {
          ends.push(reason);
          done();
        },
      });
    });
    near.write(Buffer.from(bytes));
    await ended;
    await new Promise(setImmediate);
    expect(ends).toEqual([expect.any(Error)]);
    expect(far.destroyed).toBe(true);
  });
});

/**
 * A byte stream as a line on which two processes tell each other things, in order. What is said in one turn of the event loop, and in
 * the next if that begins at once, leaves as one frame: four bytes of length, then entries. Most entries are JSON; one that comes with every message of a device is bytes
 * that are copied and read by nobody on the way. A frame that is too long or cannot be read ends the line, as does a stream that
 * fails; the caller is told once.
 */
import type { Duplex } from 'node:stream';
import type { DurationMs } from '../../protocol/time.ts';
import { readInPlace, writeInPlace } from '../mqtt/internals.ts';
import { HeardNames, SaidNames } from './names.ts';

/** Longer than the longest turn of a busy service by far. */
const maxFrameBytes = 256 * 1024 * 1024;
const lengthBytes = 4;
/** Of an entry of bytes: its kind, its id, how long its name is, how long its bytes are. */
const headBytes = 1 + 4 + 2 + 4;
/** The kind of an entry of JSON, which is a list of what was said one after the other. */
const jsonKind = 0;
/** From here on an entry is about a thing, and has places of names where others have a name: of the thing, and of a job. */
const aboutKind = 0x80;
const aboutHeadBytes = 1 + 4 + 4 + 4 + 4;
/** Says where a name is from now on: its id is the place. */
const thingKind = 0xfe;
const jobKind = 0xff;
const maxBytesOfUnit = 3;
const usualBytes = 64 * 1024;

export interface Line<Said> {
  /** What is no entry of bytes is written when the frame leaves. */
  say(entry: Said): void;
  /**
   * An entry of bytes, which are copied at once.
   * @param kind from 1 to 127
   * @param id from 0 to 2^32 - 1
   * @param name of 65,535 bytes at most
   */
  sayBytes(kind: number, id: number, name: string, bytes: Buffer | string): void;
  /**
   * The same about a thing, whose name is said whole once only.
   * @param kind from 128 to 253
   * @param job empty: none
   */
  sayAbout(kind: number, id: number, thing: string, job: string, bytes: Buffer | string): void;
  /** From now on what is said leaves so much later, together: the other side is in no hurry. */
  gather(ms: DurationMs): void;
  /** When something was read, as `performance.now` tells it. */
  readonly heardAt: number;
  /** Sends what is gathered and ends. */
  end(): void;
  /** Ends at once: the other side does not read. */
  cut(): void;
}

export interface LineListener<Heard> {
  /** Bytes of entries are used after the call that hands them over, so that what is read is copied, all at once. */
  readonly keepsBytes?: boolean;
  heard(entry: Heard): void;
  /** @param bytes a piece of what was read; they stay as they are where the listener {@link keepsBytes} */
  heardBytes?(kind: number, id: number, name: string, bytes: Buffer): void;
  /** @param bytes of which those from `start` to `end` are the entry's */
  heardAbout?(kind: number, id: number, thing: string, job: string, bytes: Buffer, start: number, end: number): void;
  /** Nothing is heard after this. @param reason absent: the other side ended it. */
  ended(reason?: Error): void;
}

export function openLine<Said, Heard>(stream: Duplex, listener: LineListener<Heard>): Line<Said> {
  /** Said and not yet in the frame. */
  let gathered: Said[] = [];
  let frame = Buffer.allocUnsafeSlow(usualBytes);
  let end = lengthBytes;
  let isDue = false;
  let gatherMs: DurationMs = 0;
  let isOver = false;
  const said = { things: new SaidNames(), jobs: new SaidNames() };
  const known = { things: new HeardNames(), jobs: new HeardNames() };
  /** Of a frame that has not come whole. */
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = lengthBytes;
  let heardAt = performance.now();
  /** What was written past the stream has been taken by the system. */
  let isWritten = true;
  const written = (error?: Error | null): void => {
    isWritten = true;
    if (error) over(error);
  };

  function over(reason?: Error): void {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    listener.ended(reason);
  }

  function hold(piece: Buffer): void {
    chunks.push(Buffer.from(piece));
    held += piece.length;
  }

  /** @param chunk valid during the call only */
  function read(chunk: Buffer): void {
    if (isOver) return;
    heardAt = performance.now();
    if (held + chunk.length < wanted) return hold(chunk);
    const isReadInPlace = held === 0 && listener.keepsBytes !== true;
    const bytes = isReadInPlace ? chunk : Buffer.concat([...chunks, chunk]);
    chunks = [];
    held = 0;
    let at = 0;
    wanted = lengthBytes;
    while (at + lengthBytes <= bytes.length) {
      const length = bytes.readUInt32BE(at);
      if (length > maxFrameBytes || length < headBytes) return over(new Error(`a frame of ${length} bytes`));
      wanted = lengthBytes + length;
      if (at + wanted > bytes.length) break;
      readEntries(bytes, at + lengthBytes, at + wanted);
      if (isOver) return;
      at += wanted;
      wanted = lengthBytes;
    }
    if (at < bytes.length) hold(bytes.subarray(at));
  }

  function readEntries(bytes: Buffer, start: number, until: number): void {
    let at = start;
    while (at < until && !isOver) {
      if (at + headBytes > until) return over(new Error('a frame that ends in the middle'));
      const kind = bytes[at]!;
      if (kind >= aboutKind && kind < thingKind) at = readAbout(kind, bytes, at, until);
      else {
        const id = bytes.readUInt32BE(at + 1);
        const nameAt = at + headBytes;
        const bytesAt = nameAt + bytes.readUInt16BE(at + 5);
        at = bytesAt + bytes.readUInt32BE(at + 7);
        if (at > until) return over(new Error('a frame that ends in the middle'));
        if (kind === jsonKind) hearAll(bytes.subarray(bytesAt, at));
        else {
          const name = nameAt === bytesAt ? '' : bytes.toString('utf8', nameAt, bytesAt);
          if (kind < aboutKind) listener.heardBytes?.(kind, id, name, bytes.subarray(bytesAt, at));
          else if (!(kind === thingKind ? known.things : known.jobs).place(id, name)) {
            return over(new Error(`a name at the place ${id}`));
          }
        }
      }
    }
  }

  /** @returns where it ends */
  function readAbout(kind: number, bytes: Buffer, at: number, until: number): number {
    const bytesAt = at + aboutHeadBytes;
    const next = bytesAt > until ? Infinity : bytesAt + bytes.readUInt32BE(at + 13);
    if (next > until) {
      over(new Error('a frame that ends in the middle'));
      return until;
    }
    const thing = known.things.at(bytes.readUInt32BE(at + 5));
    const job = known.jobs.at(bytes.readUInt32BE(at + 9));
    if (thing === undefined || job === undefined) over(new Error('a name that was not said'));
    else listener.heardAbout?.(kind, bytes.readUInt32BE(at + 1), thing, job, bytes, bytesAt, next);
    return next;
  }

  function hearAll(bytes: Buffer): void {
    for (const entry of entriesIn(bytes)) {
      if (isOver) return;
      listener.heard(entry);
    }
  }

  function entriesIn(bytes: Buffer): readonly Heard[] {
    try {
      const entries: unknown = JSON.parse(bytes.toString());
      if (Array.isArray(entries)) return entries as Heard[];
      over(new Error('a frame that is no list'));
    } catch (cause) {
      over(new Error('a frame that cannot be read', { cause }));
    }
    return [];
  }

  function makeRoom(bytes: number): void {
    if (end + bytes <= frame.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(end + bytes, frame.length * 2));
    frame.copy(larger, 0, 0, end);
    frame = larger;
  }

  function put(kind: number, id: number, name: string, bytes: Buffer | string): void {
    makeRoom(headBytes + maxBytesOfUnit * name.length + roomOf(bytes));
    const start = end;
    frame[start] = kind;
    frame.writeUInt32BE(id, start + 1);
    const nameBytes = name === '' ? 0 : frame.write(name, start + headBytes);
    frame.writeUInt16BE(nameBytes, start + 5);
    putPayload(start + headBytes + nameBytes, start + 7, bytes);
  }

  function putAbout(kind: number, id: number, thing: number, job: number, bytes: Buffer | string): void {
    makeRoom(aboutHeadBytes + roomOf(bytes));
    const start = end;
    frame[start] = kind;
    frame.writeUInt32BE(id, start + 1);
    frame.writeUInt32BE(thing, start + 5);
    frame.writeUInt32BE(job, start + 9);
    putPayload(start + aboutHeadBytes, start + 13, bytes);
  }

  function putPayload(at: number, lengthAt: number, bytes: Buffer | string): void {
    const length = typeof bytes === 'string' ? frame.write(bytes, at) : bytes.copy(frame, at);
    frame.writeUInt32BE(length, lengthAt);
    end = at + length;
  }

  function placeOf(kind: typeof thingKind | typeof jobKind, names: SaidNames, name: string): number {
    const before = names.of(name);
    if (before !== undefined) return before;
    const place = names.place(name);
    put(kind, place, name, '');
    return place;
  }

  function putGathered(): void {
    if (gathered.length === 0) return;
    const text = JSON.stringify(gathered);
    gathered = [];
    put(jsonKind, 0, '', text);
  }

  function flush(): void {
    isDue = false;
    if (isOver) return;
    putGathered();
    if (end === lengthBytes) return;
    frame.writeUInt32BE(end - lengthBytes);
    const isTaken = send(frame.subarray(0, end));
    end = lengthBytes;
    if (!isTaken || frame.length > usualBytes) frame = Buffer.allocUnsafeSlow(usualBytes);
  }

  /** @returns whether the system has taken all of it, so that nobody reads these bytes any more. */
  function send(bytes: Buffer): boolean {
    if (isWritten) {
      isWritten = false;
      if (writeInPlace(stream, bytes, written)) return isWritten;
      isWritten = true;
    }
    stream.write(bytes);
    return false;
  }

  function flushSoon(): void {
    if (isDue) return;
    isDue = true;
    // Not at the end of this turn: what waits to be read by then may have more to say, and a frame costs more than a turn.
    if (gatherMs === 0) setImmediate(setImmediate, flush);
    else setTimeout(flush, gatherMs);
  }

  stream.on('data', read);
  readInPlace(stream, read);
  stream.once('error', over);
  stream.once('end', () => over());
  stream.once('close', () => over());
  return {
    say(entry) {
      if (isOver) return;
      flushSoon();
      gathered.push(entry);
    },
    sayBytes(kind, id, name, bytes) {
      if (isOver) return;
      flushSoon();
      putGathered();
      put(kind, id, name, bytes);
    },
    sayAbout(kind, id, thing, job, bytes) {
      if (isOver) return;
      flushSoon();
      putGathered();
      const thingAt = placeOf(thingKind, said.things, thing);
      putAbout(kind, id, thingAt, placeOf(jobKind, said.jobs, job), bytes);
    },
    gather(ms) {
      gatherMs = ms;
    },
    get heardAt() {
      return heardAt;
    },
    cut: () => over(new Error('nothing was heard for too long')),
    end() {
      flush();
      stream.end();
    },
  };
}

function roomOf(bytes: Buffer | string): number {
  return typeof bytes === 'string' ? maxBytesOfUnit * bytes.length : bytes.length;
}

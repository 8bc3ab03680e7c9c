/**
 * A byte stream as a line on which two processes tell each other things, in order. What is said in one turn of the event loop, and in
 * the next if that begins at once, leaves as one frame: four bytes of length, then entries. Most entries are JSON; one that comes with every message of a device is bytes
 * that are copied and read by nobody on the way. A frame that is too long or cannot be read ends the line, as does a stream that
 * fails; the caller is told once.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DurationMs } from '../../protocol/time.ts';
import { readInPlace } from '../mqtt/internals.ts';

/** Longer than the longest turn of a busy service by far. */
const maxFrameBytes = 256 * 1024 * 1024;
const lengthBytes = 4;
/** Of an entry of bytes: its kind, its id, how long its name is, how long its bytes are. */
const headBytes = 1 + 4 + 2 + 4;
/** The kind of an entry of JSON, which is a list of what was said one after the other. */
const jsonKind = 0;
const maxBytesOfUnit = 3;
const usualBytes = 64 * 1024;

export interface Line<Said> {
  /** What is no entry of bytes is written when the frame leaves. */
  say(entry: Said): void;
  /**
   * An entry of bytes, which are copied at once.
   * @param kind from 1 to 255
   * @param id from 0 to 2^32 - 1
   * @param name of 65,535 bytes at most
   */
  sayBytes(kind: number, id: number, name: string, bytes: Buffer | string): void;
  /** From now on what is said leaves so much later, together: the other side is in no hurry. */
  gather(ms: DurationMs): void;
  /** When something was read, as `performance.now` tells it. */
  readonly heardAt: number;
  /** Bytes that the other side has not read yet, what is gathered in this turn apart. */
  readonly unreadBytes: number;
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
  /** Of a frame that has not come whole. */
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = lengthBytes;
  let heardAt = performance.now();

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
      const id = bytes.readUInt32BE(at + 1);
      const nameAt = at + headBytes;
      const bytesAt = nameAt + bytes.readUInt16BE(at + 5);
      at = bytesAt + bytes.readUInt32BE(at + 7);
      if (at > until) return over(new Error('a frame that ends in the middle'));
      if (kind === jsonKind) hearAll(bytes.subarray(bytesAt, at));
      else listener.heardBytes?.(kind, id, bytes.toString('utf8', nameAt, bytesAt), bytes.subarray(bytesAt, at));
    }
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
    const isText = typeof bytes === 'string';
    makeRoom(headBytes + maxBytesOfUnit * name.length + (isText ? maxBytesOfUnit : 1) * bytes.length);
    const start = end;
    frame[start] = kind;
    frame.writeUInt32BE(id, start + 1);
    const nameBytes = frame.write(name, start + headBytes);
    frame.writeUInt16BE(nameBytes, start + 5);
    const at = start + headBytes + nameBytes;
    const length = isText ? frame.write(bytes, at) : bytes.copy(frame, at);
    frame.writeUInt32BE(length, start + 7);
    end = at + length;
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
    // One buffer, one write.
    stream.write(frame.subarray(0, end));
    end = lengthBytes;
    const isWritten = stream instanceof Socket && stream.writableLength === 0;
    if (!isWritten || frame.length > usualBytes) frame = Buffer.allocUnsafeSlow(usualBytes);
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
    gather(ms) {
      gatherMs = ms;
    },
    get heardAt() {
      return heardAt;
    },
    get unreadBytes() {
      return stream.writableLength;
    },
    cut: () => over(new Error('nothing was heard for too long')),
    end() {
      flush();
      stream.end();
    },
  };
}

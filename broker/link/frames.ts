/**
 * A byte stream as a line on which two processes tell each other things, in order. What is said in one turn of the event loop
 * leaves as one frame: four bytes of length, then a JSON list. A frame that is too long or no list ends the line, as does a
 * stream that fails; the caller is told once.
 */
import type { Duplex } from 'node:stream';

/** Longer than the longest turn of a busy service by far. */
const maxFrameBytes = 256 * 1024 * 1024;
const lengthBytes = 4;

export interface Line<Said> {
  say(entry: Said): void;
  /** Bytes that the other side has not read yet, what is gathered in this turn apart. */
  readonly unreadBytes: number;
  /** Sends what is gathered and ends. */
  end(): void;
  /** Ends at once: the other side does not read. */
  cut(): void;
}

export interface LineListener<Heard> {
  heard(entry: Heard): void;
  /** Nothing is heard after this. @param reason absent: the other side ended it. */
  ended(reason?: Error): void;
}

export function openLine<Said, Heard>(stream: Duplex, { heard, ended }: LineListener<Heard>): Line<Said> {
  let gathered: Said[] = [];
  let isOver = false;
  const chunks: Buffer[] = [];
  let held = 0;
  let wanted = lengthBytes;
  let isLength = true;

  function over(reason?: Error): void {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    ended(reason);
  }

  /** @returns as many bytes as are wanted, in one piece. */
  function taken(): Buffer {
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, held);
    chunks.length = 0;
    held -= wanted;
    if (held > 0) chunks.push(all.subarray(wanted));
    return all.subarray(0, wanted);
  }

  function read(chunk: Buffer): void {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= wanted && !isOver) {
      const bytes = taken();
      if (isLength) {
        wanted = bytes.readUInt32BE(0);
        if (wanted > maxFrameBytes || wanted < 2) return over(new Error(`a frame of ${wanted} bytes`));
      } else {
        wanted = lengthBytes;
        for (const entry of entriesIn(bytes)) {
          if (isOver) return;
          heard(entry);
        }
      }
      isLength = !isLength;
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

  function flush(): void {
    if (isOver || gathered.length === 0) return;
    const text = JSON.stringify(gathered);
    gathered = [];
    const length = Buffer.byteLength(text);
    // One buffer, one write.
    const frame = Buffer.allocUnsafe(lengthBytes + length);
    frame.writeUInt32BE(length);
    frame.write(text, lengthBytes);
    stream.write(frame);
  }

  stream.on('data', read);
  stream.once('error', over);
  stream.once('end', () => over());
  stream.once('close', () => over());
  return {
    say(entry) {
      if (isOver) return;
      if (gathered.length === 0) setImmediate(flush);
      gathered.push(entry);
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

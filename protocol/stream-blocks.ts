/**
 * Blocks of MQTT file streams as a device handles them, without topics and bytes: what it asks for, one request at a time, and
 * what it is told. Source: docs/reference/streams-and-ota.md §1.
 */

/** Both say the same; bytes of a file are Base64 in JSON, so that its messages are longer by a third. */
export const streamFormats = ['cbor', 'json'] as const;
export type StreamFormat = (typeof streamFormats)[number];

/** Asks for blocks that follow each other. */
export interface BlockRequest {
  readonly format: StreamFormat;
  readonly streamId: string;
  readonly fileId: number;
  readonly blockBytes: number;
  /** Counted from the beginning of the file. */
  readonly firstBlock: number;
  readonly count: number;
}

export interface StreamBlock {
  readonly kind: 'block';
  readonly streamId: string;
  readonly fileId: number;
  readonly block: number;
  /** Of the file, in this block. */
  readonly bytes: number;
  /** Of the message that it came in. */
  readonly messageBytes: number;
}

/** The stream, its file or the block is not there, or the request is none. */
export interface StreamRejection {
  readonly kind: 'rejected';
  readonly streamId: string;
  readonly code: string;
  readonly messageBytes: number;
}

export type StreamAnswer = StreamBlock | StreamRejection;

/** Beside the bytes of the block: its head, and room for a client token. */
const headBytes = 64;

/** What a message with a block of so many bytes takes at most. */
export function blockMessageBytes(format: StreamFormat, blockBytes: number): number {
  return headBytes + (format === 'cbor' ? blockBytes : 4 * Math.ceil(blockBytes / 3));
}

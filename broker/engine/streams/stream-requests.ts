/**
 * What a device may ask of a stream over MQTT, checked in the order in which AWS is taken to check it, and which blocks an
 * answer has. Members come as a decoder found them, from JSON or CBOR; forms of messages and bytes of files are not known
 * here. Source: reference streams-and-ota.md §1.2–§1.4; texts without a quotation there are ours.
 */
import {
  maxStreamBitmapBytes,
  maxStreamBlocks,
  maxStreamRequestBytes,
  maxStreamTokenBytes,
  streamBlockBytes,
} from '../../../protocol/limits.ts';
import { utf8Length } from '../../../protocol/utf8.ts';
import type { OpenedStream } from '../contract.ts';

/** Members of a request by their one-letter keys, of any type yet. */
export type StreamMembers = ReadonlyMap<string, unknown>;

export type StreamErrorCode =
  | 'InvalidTopic'
  | 'InvalidJson'
  | 'InvalidCbor'
  | 'InvalidRequest'
  | 'ResourceNotFound'
  | 'VersionMismatch'
  | 'ETagMismatch'
  | 'Unauthorized'
  | 'BlockSizeOutOfBounds'
  | 'OffsetOutOfBounds'
  | 'BlockCountLimitExceeded'
  | 'BlockBitmapLimitExceeded'
  | 'InternalError';

export interface StreamRefusal {
  readonly code: StreamErrorCode;
  readonly message: string;
}

export interface GetRequest {
  readonly clientToken?: string;
  /** The version of the stream that the device expects. */
  readonly version?: number;
  readonly fileId: number;
  readonly blockSize: number;
  /** First block. */
  readonly offset: number;
  /** Blocks wanted; absent: as many as a request may have. */
  readonly count?: number;
  /** One bit for each block from {@link offset} on, the least significant bit of a byte first. */
  readonly bitmap?: Uint8Array;
}

export type Checked<Value> = { readonly value: Value } | { readonly refusal: StreamRefusal };

function refusal(code: StreamErrorCode, message: string): StreamRefusal {
  return { code, message };
}

function refuse(code: StreamErrorCode, message: string): { readonly refusal: StreamRefusal } {
  return { refusal: refusal(code, message) };
}

/** @returns `undefined` when there is none. */
export function clientTokenIn(members: StreamMembers): Checked<string | undefined> {
  const token = members.get('c');
  if (token === undefined || token === null) return { value: undefined };
  if (typeof token !== 'string') return refuse('InvalidRequest', 'The client token must be a string.');
  return utf8Length(token) <= maxStreamTokenBytes
    ? { value: token }
    : refuse('InvalidRequest', `The client token is longer than ${maxStreamTokenBytes} bytes.`);
}

const integerMembers = ['s', 'f', 'l', 'o', 'n'] as const;
type IntegerMember = (typeof integerMembers)[number];

/** Types only; what the numbers may be depends on the stream, and is checked after it is known ({@link checkGet}). */
export function readGet(members: StreamMembers): Checked<GetRequest> {
  const token = clientTokenIn(members);
  if ('refusal' in token) return token;
  const numbers: { [Member in IntegerMember]?: number } = {};
  for (const member of integerMembers) {
    const value = integerOf(members.get(member));
    if (value === 'none') continue;
    if (value === undefined) return refuse('InvalidRequest', `The member ${member} must be an integer.`);
    numbers[member] = value;
  }
  const { s: version, f: fileId, l: blockSize, o: offset = 0, n } = numbers;
  if (fileId === undefined || blockSize === undefined) {
    return refuse('InvalidRequest', `The member ${fileId === undefined ? 'f' : 'l'} is missing.`);
  }
  const bitmap = members.get('b') ?? undefined;
  if (bitmap !== undefined && !(bitmap instanceof Uint8Array)) {
    return refuse('InvalidRequest', 'The member b is not a bitmap.');
  }
  return {
    value: {
      ...(token.value !== undefined && { clientToken: token.value }),
      ...(version !== undefined && { version }),
      fileId,
      blockSize,
      offset,
      // 0 is what a device sends that knows no number (S7).
      ...(n !== undefined && n !== 0 && { count: n }),
      ...(bitmap !== undefined && { bitmap }),
    },
  };
}

/** Numbers as strings are accepted (observed). */
function integerOf(value: unknown): number | 'none' | undefined {
  if (value === undefined || value === null) return 'none';
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/** What is asked about: a stream as the service knows it. */
type KnownStream = Pick<OpenedStream, 'version' | 'files'>;

/** What can be told of a request once the stream is known, but not yet its file. */
export function checkGet(request: GetRequest, stream: KnownStream): StreamRefusal | undefined {
  const { version, fileId, blockSize, offset, count = 1, bitmap } = request;
  if (version !== undefined && version !== stream.version) {
    return refusal('VersionMismatch', `Expected version ${version} but found version ${stream.version}`);
  }
  if (!stream.files.some((file) => file.fileId === fileId)) {
    return refusal('ResourceNotFound', `The stream has no file ${fileId}.`);
  }
  const { min, max } = streamBlockBytes;
  if (blockSize < min || blockSize > max) return refusal('BlockSizeOutOfBounds', 'The block size is out of bounds');
  if (offset < 0 || offset > maxStreamBlocks) return refusal('OffsetOutOfBounds', 'The offset is out of bounds');
  if (count < 0 || count > maxStreamBlocks) {
    return refusal('BlockCountLimitExceeded', `The number of blocks must be from 0 to ${maxStreamBlocks}`);
  }
  if (bitmap !== undefined && bitmap.length > maxStreamBitmapBytes) {
    return refusal('BlockBitmapLimitExceeded', `The bitmap is longer than ${maxStreamBitmapBytes} bytes`);
  }
  return undefined;
}

const outOfRange: StreamRefusal = {
  code: 'InvalidRequest',
  message: 'The data requested is out of the range of data available.',
};

/**
 * Numbers of the blocks that answer a request, ascending. A block past the end of the file refuses the whole request, but
 * one that is cut off by the number of blocks does not count. Assumed: without a bitmap and a number, blocks are sent to the
 * end of the file, since the device cannot know where that is.
 */
export function selectBlocks(request: GetRequest, fileBytes: number): Checked<readonly number[]> {
  const { blockSize, offset, count, bitmap } = request;
  const beyond = Math.ceil(fileBytes / blockSize);
  const limit = Math.floor(maxStreamRequestBytes / blockSize);
  const blocks =
    bitmap === undefined
      ? range(offset, Math.min(count ?? Math.max(1, beyond - offset), limit))
      : setBits(bitmap, offset, Math.min(count ?? limit, limit));
  const last = blocks.at(-1);
  // Assumed: an answer without a block would leave the device waiting.
  if (last === undefined) return refuse('InvalidRequest', 'No block is selected.');
  return last < beyond ? { value: blocks } : { refusal: outOfRange };
}

function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function setBits(bitmap: Uint8Array, offset: number, atMost: number): readonly number[] {
  const blocks: number[] = [];
  for (let bit = 0; bit < bitmap.length * 8 && blocks.length < atMost; bit += 1) {
    if (((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 1) blocks.push(offset + bit);
  }
  return blocks;
}

/**
 * MQTT file streams: what devices ask of streams is answered from the files that stand in for S3, block by block, so that an
 * image of any size costs the memory of one block. The requests of one connection are answered one after the other, no faster
 * than it reads. Blocks and refusals go to who has asked and who has subscribed (reference streams-and-ota.md §1, S1, S2).
 * What a request may ask is decided in `engine/streams/`.
 */
import type { S3Object } from '../protocol/s3-url.ts';
import type { Transfer, TransferListener } from '../protocol/transfers.ts';
import type { OpenedStream, Rejected } from './engine/contract.ts';
import type { ServicePort } from './engine/port.ts';
import {
  type GetRequest,
  type StreamMembers,
  type StreamRefusal,
  checkGet,
  clientTokenIn,
  readGet,
  selectBlocks,
} from './engine/streams/stream-requests.ts';
import type { OpenFile } from './http/object-folder.ts';
import type { ReservedAnswerer, ReservedAnswers } from './mqtt/reserved-requests.ts';
import {
  type StreamFormat,
  blockMessage,
  descriptionMessage,
  readStreamRequest,
  rejectedMessage,
} from './mqtt/stream-messages.ts';

export interface StreamAnswererOptions {
  readonly port: ServicePort;
  /** Opens a file that stands in for an object; absent: there is nothing that stands in for S3. */
  readonly openImage?: (object: S3Object) => Promise<OpenFile | undefined>;
  /** Hears of every request for blocks. */
  readonly onTransfer?: TransferListener;
}

/** One request of a device, and how to answer it. */
interface Asked extends Pick<ReservedAnswers, 'drained'> {
  readonly thingName: string;
  readonly streamId: string;
  readonly members: StreamMembers;
  readonly format: StreamFormat;
  readonly say: (topic: 'description' | 'data' | 'rejected', payload: string | Buffer) => void;
}

/** Why a stream cannot be read, and the job for which it was made. */
interface Unopened extends StreamRefusal {
  readonly jobId: string | undefined;
}

/** What a client may have waiting: it may ask for the whole of an image, but not fill our memory. */
const maxWaiting = 128;

const malformed: Readonly<Record<StreamFormat, StreamRefusal>> = {
  json: { code: 'InvalidJson', message: 'Invalid JSON message' },
  cbor: { code: 'InvalidCbor', message: 'Invalid CBOR message' },
};
const noSuchTopic: StreamRefusal = { code: 'InvalidTopic', message: 'Invalid topic' };
const tooMany: StreamRefusal = { code: 'InternalError', message: 'Too many requests are waiting.' };
const fileNotFound: StreamRefusal = { code: 'ResourceNotFound', message: 'The file cannot be found.' };

export function streamAnswerer(options: StreamAnswererOptions): ReservedAnswerer {
  const service = new StreamService(options);
  const queues = new Queues();
  return ({ parsed: { parameters }, topic, payload, clientId }, { tell, drained, done }) => {
    const { thingName = '', streamId = '', operation } = parameters;
    const format = formatOf(parameters['format'] ?? topic);
    // Files take a while: nothing else that the client asks is to wait for them.
    done();
    if (format === undefined) return;
    const prefix = `$aws/things/${thingName}/streams/${streamId}`;
    const say: Asked['say'] = (kind, message) => tell(`${prefix}/${kind}/${format}`, message);
    const refuse = (refusal: StreamRefusal): void => say('rejected', rejectedMessage(format, refusal, undefined));

    if (operation !== 'describe' && operation !== 'get') return refuse(noSuchTopic);
    const members = readStreamRequest(format, payload);
    if (members === undefined) return refuse(malformed[format]);
    const asked: Asked = { thingName, streamId, members, format, say, drained };
    const serve = async (): Promise<void> => {
      try {
        await service[operation](asked);
      } catch (error) {
        refuse({ code: 'InternalError', message: error instanceof Error ? error.message : String(error) });
      }
    };
    if (!queues.add(clientId, serve)) refuse(tooMany);
  };
}

function formatOf(text: string): StreamFormat | undefined {
  const format = text.split('/').at(-1);
  return format === 'json' || format === 'cbor' ? format : undefined;
}

/** One thing after the other for each client. */
class Queues {
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();

  /** @returns false where too much waits already. */
  add(clientId: string, work: () => Promise<void>): boolean {
    const queue = this.#waiting.get(clientId);
    if (queue === undefined) {
      this.#waiting.set(clientId, [work]);
      void this.#run(clientId);
      return true;
    }
    if (queue.length >= maxWaiting) return false;
    queue.push(work);
    return true;
  }

  async #run(clientId: string): Promise<void> {
    const queue = this.#waiting.get(clientId)!;
    for (let work = queue[0]; work !== undefined; work = queue[0]) {
      await work();
      queue.shift();
    }
    this.#waiting.delete(clientId);
  }
}

/** Streams that devices read, of which it is remembered for which job. */
const rememberedReaders = 10_000;

class StreamService {
  readonly #options: StreamAnswererOptions;
  #transfers = 0;
  /**
   * By thing and stream, the job that the thing read it for last. A job that is deleted names its stream no longer; who goes on
   * asking, asks for that job.
   */
  readonly #readFor = new Map<string, string>();

  constructor(options: StreamAnswererOptions) {
    this.#options = options;
  }

  async describe(asked: Asked): Promise<void> {
    const { members, format, say } = asked;
    const token = clientTokenIn(members);
    if ('refusal' in token) return reject(asked, token.refusal);
    const clientToken = token.value;
    const stream = await this.#open(asked);
    if ('code' in stream) return reject(asked, stream, clientToken);
    const files: { fileId: number; bytes: number }[] = [];
    for (const { fileId = 0 } of stream.files) {
      const image = await this.#image(objectOf(stream, fileId));
      await image?.handle.close();
      if (image === undefined) return reject(asked, fileNotFound, clientToken);
      files.push({ fileId, bytes: image.bytes });
    }
    const { version, description } = stream;
    say('description', descriptionMessage(format, { clientToken, version, description, files }));
  }

  async get(asked: Asked): Promise<void> {
    const read = readGet(asked.members);
    if ('refusal' in read) {
      const token = clientTokenIn(asked.members);
      return reject(asked, read.refusal, 'value' in token ? token.value : undefined);
    }
    const request = read.value;
    const stream = await this.#open(asked);
    const refusal = 'code' in stream ? stream : checkGet(request, stream);
    const object = 'code' in stream ? undefined : objectOf(stream, request.fileId);
    const image = refusal === undefined ? await this.#image(object) : undefined;
    try {
      const selected = image === undefined ? { refusal: refusal ?? fileNotFound } : selectBlocks(request, image.bytes);
      const blocks = 'value' in selected ? selected.value : [];
      const transfer: Transfer = {
        ...this.#whose(asked, stream),
        ...(object && { object }),
        ...extentOf(blocks, request.blockSize, image?.bytes ?? 0),
        blocks,
      };
      this.#options.onTransfer?.({ kind: 'asked', transfer });
      const bytes = image === undefined ? 0 : await sendBlocks(asked, request, image, blocks);
      const outcome = 'refusal' in selected ? 'refused' : bytes < transfer.bytes ? 'given up' : 'finished';
      this.#options.onTransfer?.({ kind: 'ended', transfer, outcome, bytes });
      if ('refusal' in selected) reject(asked, selected.refusal, request.clientToken);
    } finally {
      await image?.handle.close();
    }
  }

  #whose({ thingName, streamId }: Asked, stream: OpenedStream | Unopened) {
    this.#transfers += 1;
    const reader = `${thingName} ${streamId}`;
    const jobId = stream.jobId ?? this.#readFor.get(reader);
    if (jobId !== undefined) this.#readFor.set(reader, jobId);
    if (this.#readFor.size > rememberedReaders) this.#readFor.delete(this.#readFor.keys().next().value!);
    const direction = 'download' as const;
    const by = 'stream' as const;
    return { id: this.#transfers, by, direction, thingName, streamId, ...(jobId !== undefined && { jobId }) };
  }

  #open({ thingName, streamId }: Asked): Promise<OpenedStream | Unopened> {
    return new Promise((resolve) => {
      this.#options.port.submit({ name: 'jobrig:OpenStream', request: { thingName, streamId } }, (reply) => {
        if (reply.accepted) resolve(reply.response);
        else resolve(refusalFrom(reply));
      });
    });
  }

  #image(object: S3Object | undefined): Promise<OpenFile | undefined> {
    const { openImage } = this.#options;
    return object === undefined || openImage === undefined ? Promise.resolve(undefined) : openImage(object);
  }
}

function refusalFrom({ code, message, members }: Rejected): Unopened {
  return { code: code === 'ResourceNotFound' ? code : 'InternalError', message, jobId: members?.['jobId'] };
}

function reject({ format, say }: Asked, refusal: StreamRefusal, clientToken?: string): void {
  say('rejected', rejectedMessage(format, refusal, clientToken));
}

function objectOf({ files }: OpenedStream, fileId: number): S3Object | undefined {
  const { bucket, key, version } = files.find((file) => file.fileId === fileId)?.s3Location ?? {};
  if (bucket === undefined || key === undefined) return undefined;
  return { bucket, key, ...(version !== undefined && { versionId: version }) };
}

function extentOf(blocks: readonly number[], blockSize: number, totalBytes: number) {
  const [first = 0, last = -1] = [blocks[0], blocks.at(-1)];
  const end = Math.min((last + 1) * blockSize, totalBytes);
  const beyondEnd = (last + 1) * blockSize - end;
  return { start: first * blockSize, end, bytes: blocks.length * blockSize - beyondEnd, totalBytes };
}

/** @returns the bytes sent; fewer than were selected when the device has left, or the file has become shorter. */
async function sendBlocks(
  { format, say, drained }: Asked,
  { clientToken, fileId, blockSize }: GetRequest,
  { handle }: OpenFile,
  blocks: readonly number[],
): Promise<number> {
  let sent = 0;
  for (const block of blocks) {
    const buffer = Buffer.allocUnsafe(blockSize);
    const { bytesRead } = await handle.read(buffer, 0, blockSize, block * blockSize);
    say('data', blockMessage(format, { clientToken, fileId, block, bytes: buffer.subarray(0, bytesRead) }));
    sent += bytesRead;
    if (!(await drained())) break;
  }
  return sent;
}

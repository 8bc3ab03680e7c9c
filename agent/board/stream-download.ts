/**
 * One segment of an image, fetched from an MQTT stream block by block: the next block is asked for when the one before has
 * come, and again after a while of silence, because requests and blocks travel with QoS 0. Decides only when to ask; what the
 * hardware does with the bytes is the device's matter. Source: docs/reference/streams-and-ota.md §1.5.
 */
import type { ExecutionIdentity } from '../../observation/execution.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { FirmwareImage } from '../core/plan.ts';

type ImageStream = NonNullable<FirmwareImage['stream']>;

/** As FreeRTOS's OTA agent. */
const patienceMs: DurationMs = 10_000;
const maxTries = 32;

export class StreamDownload {
  readonly execution: ExecutionIdentity | undefined;
  /** The hardware has done its part. */
  isHardwareDone = false;
  readonly #stream: ImageStream;
  readonly #imageBytes: number;
  readonly #endBlock: number;
  #block: number;
  #tries = 0;
  #askedAt: EpochMs = 0;

  /** @param offset of the segment, which begins with a block */
  constructor(
    execution: ExecutionIdentity | undefined,
    image: FirmwareImage,
    stream: ImageStream,
    offset: number,
    bytes: number,
  ) {
    this.execution = execution;
    this.#stream = stream;
    this.#imageBytes = image.sizeBytes;
    this.#block = Math.floor(offset / stream.blockBytes);
    this.#endBlock = Math.ceil((offset + bytes) / stream.blockBytes);
  }

  get isWhole(): boolean {
    return this.#block >= this.#endBlock;
  }

  /** When silence has lasted too long; absent when nothing is waited for. */
  get deadline(): EpochMs | undefined {
    return this.isWhole ? undefined : this.#askedAt + patienceMs;
  }

  get isHopeless(): boolean {
    return this.#tries >= maxTries;
  }

  /** Asks for the block that is wanted next, for the first time or again. */
  ask(now: EpochMs): BlockRequest {
    const { format, streamId, fileId, blockBytes } = this.#stream;
    this.#tries += 1;
    this.#askedAt = now;
    return { format, streamId, fileId, blockBytes, firstBlock: this.#block, count: 1 };
  }

  /** Which part of the image a request is for. */
  extentOf({ blockBytes, firstBlock, count }: BlockRequest) {
    const fromByte = firstBlock * blockBytes;
    const bytes = Math.min(count * blockBytes, this.#imageBytes - fromByte);
    const blocks = Array.from({ length: count }, (_, index) => firstBlock + index);
    return { fromByte, bytes, totalBytes: this.#imageBytes, blocks };
  }

  /** @returns what has come of the block that is waited for; `unrelated` for late, repeated and foreign messages. */
  take(answer: StreamAnswer): 'unrelated' | 'received' | 'failed' {
    const { streamId, fileId, blockBytes } = this.#stream;
    if (this.isWhole || answer.streamId !== streamId) return 'unrelated';
    if (answer.kind === 'rejected') return 'failed';
    if (answer.fileId !== fileId || answer.block !== this.#block) return 'unrelated';
    if (answer.bytes !== Math.min(blockBytes, this.#imageBytes - this.#block * blockBytes)) return 'failed';
    this.#block += 1;
    this.#tries = 0;
    return 'received';
  }
}

/**
 * MQTT file streams in virtual time: the engine says what a device may ask, the imaginary store behind it says how large a
 * file is, by its key, and holds no bytes. Answers as the live service does (broker/stream-answerer.ts), but at once.
 */
import type { Engine } from '../../broker/engine/contract.ts';
import { checkGet, readGet, selectBlocks } from '../../broker/engine/streams/stream-requests.ts';
import { type BlockRequest, type StreamAnswer, blockMessageBytes } from '../../protocol/stream-blocks.ts';
import type { EpochMs } from '../../protocol/time.ts';

const rejectionBytes = 200;

/** The key of a file of so many bytes. */
export function imageKey(bytes: number): string {
  return `firmware-${bytes}.bin`;
}

/** A file named like this is so many bytes long. Any other name is of none. */
function bytesOf(key: string | undefined): number | undefined {
  const [, bytes] = /-(\d+)\.bin$/.exec(key ?? '') ?? [];
  return bytes === undefined ? undefined : Number(bytes);
}

export function answersTo(engine: Engine, thingName: string, request: BlockRequest, now: EpochMs): StreamAnswer[] {
  const { format, streamId, fileId, blockBytes, firstBlock, count } = request;
  const rejected = (code: string): StreamAnswer[] => [
    { kind: 'rejected', streamId, code, messageBytes: rejectionBytes },
  ];
  const { reply } = engine.apply({ name: 'jobrig:OpenStream', request: { thingName, streamId } }, now);
  if (!reply.accepted) return rejected(reply.code);
  const read = readGet(new Map(Object.entries({ f: fileId, l: blockBytes, o: firstBlock, n: count })));
  if ('refusal' in read) return rejected(read.refusal.code);
  const { files } = reply.response;
  const refusal = checkGet(read.value, reply.response);
  if (refusal !== undefined) return rejected(refusal.code);
  const size = bytesOf(files.find((file) => file.fileId === fileId)?.s3Location?.key);
  const selected = size === undefined ? undefined : selectBlocks(read.value, size);
  if (size === undefined || selected === undefined) return rejected('ResourceNotFound');
  if ('refusal' in selected) return rejected(selected.refusal.code);
  return selected.value.map((block) => {
    const bytes = Math.min(blockBytes, size - block * blockBytes);
    return { kind: 'block', streamId, fileId, block, bytes, messageBytes: blockMessageBytes(format, bytes) };
  });
}

/**
 * DeleteStream: also of a stream that a job still names; its devices are told that it is not there. Assumed: AWS has a
 * DeleteConflictException for it, but no case of it is known (reference streams-and-ota.md S12).
 */
import type { DeleteStreamRequest, DeleteStreamResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { streamNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findStream } from '../state.ts';
import type { Turn } from '../turn.ts';
import { deleteStreamRow } from './streams.ts';

export function deleteStream(turn: Turn, { streamId }: DeleteStreamRequest): Reply<DeleteStreamResponse> {
  const stream = findStream(turn.state, streamId);
  if (stream === undefined) return streamNotFound(streamId);
  deleteStreamRow(turn, stream);
  return accept({});
}

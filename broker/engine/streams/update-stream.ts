/**
 * UpdateStream: replaces what the request names; every update is a new version, for which devices can ask.
 * Source: reference streams-and-ota.md §2.
 */
import type { UpdateStreamRequest, UpdateStreamResponse } from '../../../protocol/aws/iot.ts';
import { formatStreamArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { streamNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findStream } from '../state.ts';
import type { Turn } from '../turn.ts';
import { refuseFiles, replaceStream, versionAfter } from './streams.ts';

export function updateStream(turn: Turn, request: UpdateStreamRequest): Reply<UpdateStreamResponse> {
  const { state, now } = turn;
  const { streamId } = request;
  const stream = findStream(state, streamId);
  if (stream === undefined) return streamNotFound(streamId);
  const { files = stream.files, roleArn = stream.roleArn, description = stream.description } = request;
  const refusal = refuseFiles(files);
  if (refusal !== undefined) return refusal;
  const version = versionAfter(stream.version);
  replaceStream(turn, { ...stream, files, roleArn, description, version, lastUpdatedAt: now });
  return accept({
    streamId,
    streamArn: formatStreamArn(state.identity, streamId),
    description,
    streamVersion: version,
  });
}

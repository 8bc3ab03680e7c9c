/**
 * DescribeStream, of the control plane; what a device asks about a stream is answered elsewhere (open-stream.ts).
 * Source: reference streams-and-ota.md §2.
 */
import type { DescribeStreamRequest, DescribeStreamResponse } from '../../../protocol/aws/iot.ts';
import { formatStreamArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { streamNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findStream } from '../state.ts';
import type { Turn } from '../turn.ts';

export function describeStream({ state }: Turn, { streamId }: DescribeStreamRequest): Reply<DescribeStreamResponse> {
  const stream = findStream(state, streamId);
  if (stream === undefined) return streamNotFound(streamId);
  const { version, description, files, roleArn, createdAt, lastUpdatedAt } = stream;
  const streamArn = formatStreamArn(state.identity, streamId);
  return accept({
    streamInfo: { streamId, streamArn, streamVersion: version, description, files, createdAt, lastUpdatedAt, roleArn },
  });
}

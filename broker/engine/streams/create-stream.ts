/**
 * CreateStream. Whether the files are there is asked when a device wants them. Source: reference streams-and-ota.md §2.
 */
import type { CreateStreamRequest, CreateStreamResponse } from '../../../protocol/aws/iot.ts';
import { formatStreamArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findStream } from '../state.ts';
import { isTooManyTags, withTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { makeStream, refuseFiles } from './streams.ts';

export function createStream(turn: Turn, request: CreateStreamRequest): Reply<CreateStreamResponse> {
  const { state } = turn;
  const { streamId, files, roleArn, description } = request;
  const streamArn = formatStreamArn(state.identity, streamId);
  if (findStream(state, streamId) !== undefined) return alreadyExists('Stream', streamId, streamId, streamArn);
  const refusal = refuseFiles(files);
  if (refusal !== undefined) return refusal;
  const tags = withTags({}, request.tags);
  if (isTooManyTags(tags)) return invalidRequest('Too many tags.');
  const { version } = makeStream(turn, { streamId, files, roleArn, description }, tags);
  return accept({ streamId, streamArn, description, streamVersion: version });
}

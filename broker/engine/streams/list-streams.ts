/**
 * ListStreams. Assumed: newest first unless the other order is asked for. Source: reference streams-and-ota.md §2.
 */
import type { ListStreamsRequest, ListStreamsResponse } from '../../../protocol/aws/iot.ts';
import { formatStreamArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function listStreams({ state }: Turn, request: ListStreamsRequest): Reply<ListStreamsResponse> {
  const { ascendingOrder = false } = request;
  const page = pageOf(state, request, {
    // The direction belongs to the cursor.
    list: ascendingOrder ? 'streams-ascending' : 'streams',
    ...inOrderOf(state.streamList, ascendingOrder ? 'oldest first' : 'newest first'),
    matches: ({ row }) => row.deletedAt === undefined,
  });
  if (page === undefined) return badToken();
  return accept({
    streams: page.entries.map(({ row: { streamId, version, description } }) => ({
      streamId,
      streamArn: formatStreamArn(state.identity, streamId),
      streamVersion: version,
      description,
    })),
    nextToken: page.nextToken,
  });
}

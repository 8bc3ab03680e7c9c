/** ListOTAUpdates. Assumed: newest first. Source: reference streams-and-ota.md §2. */
import type { ListOTAUpdatesRequest, ListOTAUpdatesResponse } from '../../../protocol/aws/iot.ts';
import { formatOtaUpdateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function listOTAUpdates({ state }: Turn, request: ListOTAUpdatesRequest): Reply<ListOTAUpdatesResponse> {
  const { otaUpdateStatus } = request;
  const page = pageOf(state, request, {
    list: 'ota-updates',
    ...inOrderOf(state.otaUpdateList, 'newest first'),
    matches: ({ row }) => otaUpdateStatus === undefined || row.status === otaUpdateStatus,
  });
  if (page === undefined) return badToken();
  return accept({
    otaUpdates: page.entries.map(({ row: { otaUpdateId, createdAt } }) => ({
      otaUpdateId,
      otaUpdateArn: formatOtaUpdateArn(state.identity, otaUpdateId),
      creationDate: createdAt,
    })),
    nextToken: page.nextToken,
  });
}

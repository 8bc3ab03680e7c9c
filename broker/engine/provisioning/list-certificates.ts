/**
 * ListCertificates, newest first unless asked otherwise. Source: reference shadow-and-provisioning.md §2.
 */
import type { ListCertificatesRequest, ListCertificatesResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, markedPageOf } from '../page.ts';
import { badMarker } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { certificateArnAndId } from './describe-certificate.ts';

export function listCertificates({ state }: Turn, request: ListCertificatesRequest): Reply<ListCertificatesResponse> {
  const order = request.ascendingOrder === true ? 'oldest first' : 'newest first';
  const page = markedPageOf(state, request, {
    list: `certificates-${order === 'oldest first' ? 'up' : 'down'}`,
    ...inOrderOf(state.certificateList, order),
  });
  if (page === undefined) return badMarker();
  return accept({
    certificates: page.entries.map(({ row }) => ({
      ...certificateArnAndId(state, row),
      status: row.status,
      certificateMode: row.sniOnly === true ? 'SNI_ONLY' : 'DEFAULT',
      creationDate: row.createdAt,
    })),
    nextMarker: page.nextMarker,
  });
}

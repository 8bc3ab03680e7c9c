/**
 * DescribeCertificate. Certificates do not change hands here, so nothing is said of transfers.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { DescribeCertificateRequest, DescribeCertificateResponse } from '../../../protocol/aws/iot.ts';
import { formatCertificateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { uuidOf } from '../identifiers.ts';
import { certificateNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { CertificateRow } from '../rows.ts';
import type { State } from '../state.ts';
import type { Turn } from '../turn.ts';

export function describeCertificate(
  { state }: Turn,
  { certificateId }: DescribeCertificateRequest,
): Reply<DescribeCertificateResponse> {
  const row = state.certificates.get(certificateId)?.row;
  if (row === undefined) return certificateNotFound(certificateId);
  return accept({
    certificateDescription: {
      ...certificateArnAndId(state, row),
      caCertificateId: row.caCertificateId,
      status: row.status,
      certificatePem: row.certificatePem,
      ownedBy: state.identity.account,
      creationDate: row.createdAt,
      lastModifiedDate: row.lastModifiedAt,
      customerVersion: row.version,
      generationId: uuidOf(`certificate/${certificateId}/${row.sequence}`),
      validity: { notBefore: row.notBefore, notAfter: row.notAfter },
      certificateMode: row.sniOnly === true ? 'SNI_ONLY' : 'DEFAULT',
    },
  });
}

export function certificateArnAndId(
  state: State,
  { certificateId }: Pick<CertificateRow, 'certificateId'>,
): { readonly certificateArn: string; readonly certificateId: string } {
  return { certificateArn: formatCertificateArn(state.identity, certificateId), certificateId };
}

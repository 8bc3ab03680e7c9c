/**
 * CreateCertificateFromCsr: the door has made the certificate; the same request again makes another one.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { CreateCertificateFromCsrResponse } from '../../../protocol/aws/iot.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { certificateArnAndId } from './describe-certificate.ts';
import { addCertificate } from './certificates.ts';

export function createCertificateFromCsr(
  turn: Turn,
  { certificate, setAsActive }: RequestOf<'iot:CreateCertificateFromCsr'>,
): Reply<CreateCertificateFromCsrResponse> {
  const row = addCertificate(turn, certificate, setAsActive === true ? 'ACTIVE' : 'INACTIVE');
  return accept({ ...certificateArnAndId(turn.state, row), certificatePem: row.certificatePem });
}

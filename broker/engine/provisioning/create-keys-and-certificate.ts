/**
 * CreateKeysAndCertificate: keys and certificate have been made by the door, which also hands out the keys; nobody keeps them.
 * Source: reference shadow-and-provisioning.md §2.
 */
import type { CreateKeysAndCertificateResponse } from '../../../protocol/aws/iot.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { certificateArnAndId } from './describe-certificate.ts';
import { addCertificate } from './certificates.ts';

export function createKeysAndCertificate(
  turn: Turn,
  { certificate, setAsActive }: RequestOf<'iot:CreateKeysAndCertificate'>,
): Reply<CreateKeysAndCertificateResponse> {
  const row = addCertificate(turn, certificate, setAsActive === true ? 'ACTIVE' : 'INACTIVE');
  return accept({ ...certificateArnAndId(turn.state, row), certificatePem: row.certificatePem });
}

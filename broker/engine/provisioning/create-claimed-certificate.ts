/**
 * The first half of fleet provisioning by claim: a certificate that waits to be provisioned by whoever shows its ownership
 * token. One that nobody has provisioned within an hour goes. Door and token are the caller's: the engine knows no chance.
 * Source: reference shadow-and-provisioning.md §4.
 */
import { ownershipTokenMinutes } from '../../../protocol/limits.ts';
import { msPerMinute } from '../../../protocol/time.ts';
import type { ClaimedCertificate, Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { addCertificate, dropCertificate } from './certificates.ts';

export function createClaimedCertificate(
  turn: Turn,
  { certificate, ownershipToken }: RequestOf<'jobrig:CreateClaimedCertificate'>,
): Reply<ClaimedCertificate> {
  dropUnclaimed(turn);
  const expiresAt = turn.now + ownershipTokenMinutes * msPerMinute;
  const ownership = { token: ownershipToken, expiresAt };
  const { certificateId, certificatePem } = addCertificate(turn, certificate, 'PENDING_ACTIVATION', { ownership });
  return accept({ certificateId, certificatePem });
}

/** The oldest come first, and all wait equally long. */
export function dropUnclaimed(turn: Turn): void {
  for (const certificate of turn.state.unprovisioned) {
    if ((certificate.row.ownership?.expiresAt ?? 0) > turn.now) return;
    dropCertificate(turn, certificate);
  }
}

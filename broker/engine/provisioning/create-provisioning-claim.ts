/**
 * CreateProvisioningClaim: a certificate that is good for five minutes, to provision by one template. The door has made it.
 * Source: reference shadow-and-provisioning.md §4.
 */
import type { CreateProvisioningClaimResponse } from '../../../protocol/aws/iot.ts';
import { provisioningClaimMinutes } from '../../../protocol/limits.ts';
import { msPerMinute } from '../../../protocol/time.ts';
import type { Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { addCertificate } from './certificates.ts';
import { provisioningTemplateNamed } from './provisioning-templates.ts';

export function createProvisioningClaim(
  turn: Turn,
  { templateName, certificate }: RequestOf<'iot:CreateProvisioningClaim'>,
): Reply<CreateProvisioningClaimResponse> {
  const template = provisioningTemplateNamed(turn.state, templateName);
  if ('accepted' in template) return template;
  const expiration = turn.now + provisioningClaimMinutes * msPerMinute;
  const claim = { templateName, expiresAt: expiration };
  const { certificateId, certificatePem } = addCertificate(turn, certificate, 'ACTIVE', { claim });
  return accept({ certificateId, certificatePem, expiration });
}

/**
 * The second half of fleet provisioning by claim: a template makes, of a certificate and the values that a device gives, a
 * thing with its groups and policies. The pre-provisioning hook is not called.
 * Source: reference shadow-and-provisioning.md §4, open point S6.
 */
import { fillTemplate, readTemplateBody } from '../../../protocol/provisioning-template.ts';
import type { ProvisionedThing, Rejected, Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Certificate } from '../state.ts';
import type { Turn } from '../turn.ts';
import { attachThing } from './attachments.ts';
import { replaceCertificate } from './certificates.ts';
import type { CertificateStatus } from './certificate-facts.ts';
import { dropUnclaimed } from './create-claimed-certificate.ts';
import { defaultBodyOf, provisioningTemplateNamed } from './provisioning-templates.ts';
import { attachPolicies, makePolicies, makeThing, provisioningRefused, refuseResources } from './registration.ts';

export function provisionThing(
  turn: Turn,
  { templateName, ownershipToken, parameters }: RequestOf<'jobrig:ProvisionThing'>,
): Reply<ProvisionedThing> {
  const template = provisioningTemplateNamed(turn.state, templateName);
  if ('accepted' in template) return template;
  // Assumed: AWS's text for a template that is switched off is not published.
  if (!template.row.enabled) {
    return provisioningRefused('InvalidParameters', `Template ${templateName} is not enabled.`);
  }
  const certificate = ownedBy(turn, ownershipToken);
  if ('accepted' in certificate) return certificate;
  const body = readTemplateBody(defaultBodyOf(template));
  if ('problem' in body) return provisioningRefused('InvalidParameters', body.problem);
  const { certificateId } = certificate.row;
  const given = new Map([...Object.entries(parameters), ['AWS::IoT::Certificate::Id', certificateId] as const]);
  const filled = fillTemplate(body, given);
  if ('problem' in filled) {
    return provisioningRefused('InvalidParameters', `Parameters are invalid: ${filled.problem}.`);
  }
  const refusal = refuseResources(turn, filled);
  if (refusal !== undefined) return refusal;

  const { thing, policies, deviceConfiguration } = filled;
  activate(turn, certificate, (filled.certificate?.status ?? 'ACTIVE') as CertificateStatus);
  if (thing !== undefined) {
    makeThing(turn, thing);
    attachThing(turn, certificate, thing.thingName, false);
  }
  attachPolicies(turn, certificate, makePolicies(turn, policies));
  return accept({ deviceConfiguration, thingName: thing?.thingName });
}

function tokenRefused(message: string): Rejected {
  return provisioningRefused('InvalidCertificateOwnershipToken', message);
}

function ownedBy(turn: Turn, token: string): Certificate | Rejected {
  if (token === '') return tokenRefused('Certificate ownership token cannot be empty.');
  for (const certificate of turn.state.unprovisioned) {
    const { ownership } = certificate.row;
    if (ownership?.token === token && ownership.expiresAt > turn.now) return certificate;
  }
  // Assumed: the text for a token that is unknown, used or too old.
  return tokenRefused('Certificate ownership token is invalid.');
}

function activate(turn: Turn, certificate: Certificate, status: CertificateStatus): void {
  const { ownership: _used, ...row } = certificate.row;
  replaceCertificate(turn, certificate, { ...row, status, version: row.version + 1, lastModifiedAt: turn.now });
  dropUnclaimed(turn);
}

/**
 * RegisterThing: one thing with its certificate and policies, by a template that comes with the request. Where that brings a
 * certificate signing request or a certificate, the door has made or read it. Nothing is changed unless everything can be.
 * Source: AWS IoT Developer Guide, "Single thing provisioning" and "Provisioning templates"; service model for the errors.
 */
import type { RegisterThingResponse } from '../../../protocol/aws/iot.ts';
import { formatCertificateArn, formatPolicyArn, formatThingArn } from '../../../protocol/names.ts';
import {
  type CertificateProperties,
  fillCertificate,
  fillTemplate,
  readTemplateBody,
} from '../../../protocol/provisioning-template.ts';
import type { Rejected, Reply, RequestOf } from '../contract.ts';
import { certificateNotFound, invalidRequest, registrationFailed } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Certificate } from '../state.ts';
import type { Turn } from '../turn.ts';
import { attachThing } from './attachments.ts';
import { addCertificate, replaceCertificate } from './certificates.ts';
import type { CertificateFacts, CertificateStatus } from './certificate-facts.ts';
import { attachPolicies, makePolicies, makeThing, refuseResources } from './registration.ts';

export function registerThing(
  turn: Turn,
  { templateBody, parameters = {}, certificate: facts }: RequestOf<'iot:RegisterThing'>,
): Reply<RegisterThingResponse> {
  const { identity } = turn.state;
  const body = readTemplateBody(templateBody);
  if ('problem' in body) return invalidRequest(`Template body is invalid: ${body.problem}`);
  const given = new Map(Object.entries(parameters));
  // A policy may name the id of a certificate that is made only now.
  const first = fillCertificate(body, given);
  if ('problem' in first) return invalidRequest(`Parameters are invalid: ${first.problem}.`);
  const certificateId = facts?.certificateId ?? first.certificate?.certificateId;
  if (certificateId !== undefined) given.set('AWS::IoT::Certificate::Id', certificateId);
  const filled = fillTemplate(body, given);
  if ('problem' in filled) return invalidRequest(`Parameters are invalid: ${filled.problem}.`);
  const { thing, policies, certificate: wanted } = filled;
  const refusal =
    (wanted && refuseCertificate(turn, wanted, certificateId, facts !== undefined)) ?? refuseResources(turn, filled);
  if (refusal !== undefined) return registrationFailed(refusal.message);

  const arns: [string, string][] = [];
  if (thing !== undefined) {
    makeThing(turn, thing);
    arns.push([thing.logicalName, formatThingArn(identity, thing.thingName)]);
  }
  const names = makePolicies(turn, policies);
  for (const [index, { logicalName }] of policies.entries()) {
    arns.push([logicalName, formatPolicyArn(identity, names[index]!)]);
  }
  const certificate = wanted && certificateFor(turn, wanted, certificateId!, facts);
  if (wanted !== undefined && certificate !== undefined) {
    arns.push([wanted.logicalName, formatCertificateArn(identity, certificate.row.certificateId)]);
    if (thing !== undefined) attachThing(turn, certificate, thing.thingName, false);
    attachPolicies(turn, certificate, names);
  }
  return accept({ certificatePem: certificate?.row.certificatePem, resourceArns: Object.fromEntries(arns) });
}

function refuseCertificate(
  { state }: Turn,
  { statusOverride }: CertificateProperties,
  certificateId: string | undefined,
  isNew: boolean,
): Rejected | undefined {
  if (certificateId === undefined) {
    return invalidRequest(
      'The certificate has neither a CertificateSigningRequest nor a CertificateId nor a CertificatePem.',
    );
  }
  const isThere = state.certificates.has(certificateId);
  if (!isThere && !isNew) return certificateNotFound(certificateId);
  if (isThere && statusOverride === 'FAIL') return invalidRequest(`Certificate ${certificateId} already exists.`);
  return undefined;
}

/** One that is registered already, or the one that the door has made or read. */
function certificateFor(
  turn: Turn,
  { status, statusOverride }: CertificateProperties,
  certificateId: string,
  facts: CertificateFacts | undefined,
): Certificate {
  const { state, now } = turn;
  const existing = state.certificates.get(certificateId);
  if (existing === undefined) addCertificate(turn, facts!, status as CertificateStatus);
  else if (statusOverride !== 'DO_NOTHING' && existing.row.status !== status) {
    const { row } = existing;
    replaceCertificate(turn, existing, {
      ...row,
      status: status as CertificateStatus,
      version: row.version + 1,
      lastModifiedAt: now,
    });
  }
  return state.certificates.get(certificateId)!;
}

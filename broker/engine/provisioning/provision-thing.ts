/**
 * The second half of fleet provisioning by claim: a template makes, of a certificate and the values that a device gives, a
 * thing with its groups and policies. Everything is looked at before anything is changed. The pre-provisioning hook is not
 * called. Source: reference shadow-and-provisioning.md §4, open point S6.
 */
import { isThingName } from '../../../protocol/names.ts';
import { updatedAttributes, tooManyThingAttributes } from '../attributes.ts';
import type { ProvisionedThing, Rejected, Reply, RequestOf } from '../contract.ts';
import { thingEvent } from '../events.ts';
import { refuseMemberships } from '../groups.ts';
import { uuidOf } from '../identifiers.ts';
import { changeMemberships } from '../membership.ts';
import { groupNotFound, invalidRequest, policyNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { ThingRow } from '../rows.ts';
import { findGroup, findRegistration, type Certificate, type ThingGroup } from '../state.ts';
import { holdThing } from '../things.ts';
import type { Turn } from '../turn.ts';
import { attachThing, setPolicies } from './attachments.ts';
import { formatCertificateArn } from '../../../protocol/names.ts';
import { replaceCertificate } from './certificates.ts';
import type { CertificateStatus } from './certificate-facts.ts';
import { dropUnclaimed } from './create-claimed-certificate.ts';
import { holdPolicy, refusePolicyDocument } from './policies.ts';
import { provisioningTemplateNamed } from './provisioning-templates.ts';
import { fillTemplate, readTemplateBody, type PolicyProperties, type ThingProperties } from './template-body.ts';
import { refuseThingType } from './thing-types.ts';

export function provisionThing(
  turn: Turn,
  { templateName, ownershipToken, parameters }: RequestOf<'jobrig:ProvisionThing'>,
): Reply<ProvisionedThing> {
  const { state } = turn;
  const template = provisioningTemplateNamed(state, templateName);
  if ('accepted' in template) return template;
  const { row } = template;
  // Assumed: AWS's text for a template that is switched off is not published.
  if (!row.enabled) return provisioningRefused('InvalidParameters', `Template ${templateName} is not enabled.`);
  const certificate = ownedBy(turn, ownershipToken);
  if ('accepted' in certificate) return certificate;
  const body = readTemplateBody(row.templateBody);
  if ('problem' in body) return provisioningRefused('InvalidParameters', body.problem);
  const { certificateId } = certificate.row;
  const given = new Map([...Object.entries(parameters), ['AWS::IoT::Certificate::Id', certificateId] as const]);
  const filled = fillTemplate(body, given);
  if ('problem' in filled)
    return provisioningRefused('InvalidParameters', `Parameters are invalid: ${filled.problem}.`);
  const { thing, policies, certificateStatus, deviceConfiguration } = filled;
  if (certificateStatus !== 'ACTIVE' && certificateStatus !== 'INACTIVE') {
    return provisioningRefused('InvalidParameters', `Certificate status ${certificateStatus} cannot be set.`);
  }
  const refusal = (thing && refuseThing(turn, thing)) ?? refusePolicies(turn, policies);
  if (refusal !== undefined) return refusal;

  activate(turn, certificate, certificateStatus);
  if (thing !== undefined) {
    makeThing(turn, thing);
    attachThing(turn, certificate, thing.thingName, false);
  }
  const names = policies.map((policy) => policyFor(turn, policy));
  const arn = formatCertificateArn(state.identity, certificateId);
  const all = [...new Set([...certificate.row.policies, ...names])];
  if (names.length > 0) setPolicies(turn, { arn, certificate }, all);
  return accept({ deviceConfiguration, thingName: thing?.thingName });
}

type ErrorCode = 'InvalidParameters' | 'InvalidCertificateOwnershipToken';

function provisioningRefused(errorCode: ErrorCode, message: string): Rejected {
  return { ...invalidRequest(message), members: { errorCode } };
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

// Looking.

function refuseThing(turn: Turn, thing: ThingProperties): Rejected | undefined {
  const { state } = turn;
  const { thingName, thingTypeName, groups } = thing;
  if (!isThingName(thingName)) return provisioningRefused('InvalidParameters', `${thingName} is no name of a thing.`);
  const existing = findRegistration(state, thingName);
  const isRefused = Object.values(thing.overrides).includes('FAIL');
  if (existing !== undefined && isRefused) {
    return provisioningRefused('InvalidParameters', `Thing ${thingName} already exists.`);
  }
  const missing = groups.find((name) => findGroup(state, name) === undefined);
  if (missing !== undefined) return groupNotFound(missing);
  const after = existing === undefined ? newThing(thing) : changedThing(existing.row, thing);
  const joined = new Set([...(existing?.memberships ?? []).map(({ group }) => group), ...groupsOf(turn, groups)]);
  return (
    refuseThingType(state, thingTypeName) ??
    tooManyThingAttributes({ ...after, sequence: 0 }) ??
    refuseMemberships([...joined])
  );
}

function refusePolicies(turn: Turn, policies: readonly PolicyProperties[]): Rejected | undefined {
  for (const { policyName, policyDocument } of policies) {
    if (policyDocument !== undefined) {
      const refusal = refusePolicyDocument(policyDocument);
      if (refusal !== undefined) return provisioningRefused('InvalidParameters', refusal.message);
    } else if (policyName !== undefined && !turn.state.policies.has(policyName)) return policyNotFound(policyName);
  }
  return undefined;
}

function groupsOf({ state }: Turn, names: readonly string[]): readonly ThingGroup[] {
  return names.flatMap((name) => findGroup(state, name) ?? []);
}

function newThing(thing: ThingProperties): Omit<ThingRow, 'sequence'> {
  const { thingName, thingTypeName, billingGroupName } = thing;
  const attributes = updatedAttributes({}, { attributes: thing.attributes });
  return { thingName, version: 1, attributes, thingTypeName, billingGroupName, memberships: [] };
}

/** Assumed: without OverrideSettings, attributes are merged and everything else is replaced. */
function changedThing(before: ThingRow, { attributes, thingTypeName, overrides }: ThingProperties): ThingRow {
  const merge = overrides['AttributePayload'] !== 'REPLACE';
  const keepsAttributes = overrides['AttributePayload'] === 'DO_NOTHING';
  const keepsType = overrides['ThingTypeName'] === 'DO_NOTHING' || thingTypeName === undefined;
  return {
    ...before,
    version: before.version + 1,
    attributes: keepsAttributes ? before.attributes : updatedAttributes(before.attributes, { attributes, merge }),
    thingTypeName: keepsType ? before.thingTypeName : thingTypeName,
  };
}

// Changing.

function activate(turn: Turn, certificate: Certificate, status: CertificateStatus): void {
  const { ownership: _used, ...row } = certificate.row;
  replaceCertificate(turn, certificate, { ...row, status, version: row.version + 1, lastModifiedAt: turn.now });
  dropUnclaimed(turn);
}

function makeThing(turn: Turn, thing: ThingProperties): void {
  const { state } = turn;
  let registration = findRegistration(state, thing.thingName);
  if (registration === undefined) {
    registration = holdThing(state, { ...newThing(thing), sequence: turn.createSequence() });
  } else registration.row = changedThing(registration.row, thing);
  turn.put('thing', thing.thingName, registration.row);
  thingEvent(turn, registration.row, registration.row.version === 1 ? 'created' : 'updated');
  if (thing.overrides['ThingGroups'] === 'DO_NOTHING' && registration.row.version > 1) return;
  changeMemberships(turn, registration, { join: groupsOf(turn, thing.groups), leave: [] });
}

/** @returns the name of the policy, which is made when the template brings a text that is in no policy of that name. */
function policyFor(turn: Turn, { policyName, policyDocument = '' }: PolicyProperties): string {
  const name = policyName ?? `template-${uuidOf(policyDocument)}`;
  if (turn.state.policies.has(name)) return name;
  const versionId = '1';
  const row = {
    sequence: turn.createSequence(),
    policyName: name,
    createdAt: turn.now,
    lastModifiedAt: turn.now,
    defaultVersionId: versionId,
    versions: [{ versionId, document: policyDocument, createdAt: turn.now }],
    versionCount: 1,
  };
  holdPolicy(turn.state, row);
  turn.put('policy', name, row);
  return name;
}

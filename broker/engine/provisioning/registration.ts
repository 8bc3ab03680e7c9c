/**
 * What a filled provisioning template makes beside its certificate: a thing with its groups and attributes, policies. Everything is
 * looked at before anything is changed. Source: reference shadow-and-provisioning.md §4; AWS IoT Developer Guide,
 * "Provisioning templates" (OverrideSettings).
 */
import { formatCertificateArn, isThingName } from '../../../protocol/names.ts';
import type { FilledTemplate, PolicyProperties, ThingProperties } from '../../../protocol/provisioning-template.ts';
import { updatedAttributes, tooManyThingAttributes } from '../attributes.ts';
import type { Rejected } from '../contract.ts';
import { thingEvent } from '../events.ts';
import { refuseMemberships } from '../groups.ts';
import { uuidOf } from '../identifiers.ts';
import { changeMemberships } from '../membership.ts';
import { groupNotFound, invalidRequest, policyNotFound } from '../refusals.ts';
import type { ThingRow } from '../rows.ts';
import { findGroup, findRegistration, type Certificate, type ThingGroup } from '../state.ts';
import { holdThing } from '../things.ts';
import type { Turn } from '../turn.ts';
import { setPolicies } from './attachments.ts';
import { holdPolicy, refusePolicyDocument } from './policies.ts';
import { refuseThingType } from './thing-types.ts';

export function refuseResources(turn: Turn, { thing, policies, certificate }: FilledTemplate): Rejected | undefined {
  const status = certificate?.status ?? 'ACTIVE';
  if (status !== 'ACTIVE' && status !== 'INACTIVE') {
    return provisioningRefused('InvalidParameters', `Certificate status ${status} cannot be set.`);
  }
  return (thing && refuseThing(turn, thing)) ?? refusePolicies(turn, policies);
}

export type ProvisioningErrorCode = 'InvalidParameters' | 'InvalidCertificateOwnershipToken';

export function provisioningRefused(errorCode: ProvisioningErrorCode, message: string): Rejected {
  return { ...invalidRequest(message), members: { errorCode } };
}

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

export function makeThing(turn: Turn, thing: ThingProperties): void {
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

/** @returns the names of the policies; one is made where the template brings a text that is in no policy of that name. */
export function makePolicies(turn: Turn, policies: readonly PolicyProperties[]): readonly string[] {
  return policies.map((policy) => policyFor(turn, policy));
}

/** What a certificate has, it keeps. */
export function attachPolicies(turn: Turn, certificate: Certificate, names: readonly string[]): void {
  const all = [...new Set([...certificate.row.policies, ...names])];
  if (all.length === certificate.row.policies.length) return;
  setPolicies(
    turn,
    { arn: formatCertificateArn(turn.state.identity, certificate.row.certificateId), certificate },
    all,
  );
}

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

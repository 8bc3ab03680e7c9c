/**
 * What is attached to what: things and policies to certificates, policies to thing groups. The certificate and the group keep
 * it in their rows; the other side is an index. Whoever may do something else now is told of.
 * Source: reference shadow-and-provisioning.md §2 and §3.
 */
import { formatCertificateArn, formatThingGroupArn } from '../../../protocol/names.ts';
import type { Rejected } from '../contract.ts';
import { certificateNotFound, groupNotFound, invalidRequest } from '../refusals.ts';
import type { AttachmentRow, CertificateRow } from '../rows.ts';
import { findGroup, type Certificate, type Policy, type State, type ThingGroup } from '../state.ts';
import { localName, withDescendants } from '../targets.ts';
import type { Turn } from '../turn.ts';
import { replaceCertificate } from './certificates.ts';

/** Something that policies can be attached to. */
export type PolicyTarget =
  { readonly arn: string; readonly certificate: Certificate } | { readonly arn: string; readonly group: ThingGroup };

/** @returns a rejection for what is no certificate and no group of this account. */
export function policyTargetOf(state: State, arn: string): PolicyTarget | Rejected {
  const local = localName(state, arn);
  switch (local?.resource) {
    case 'cert': {
      const certificate = state.certificates.get(local.name);
      return certificate === undefined ? certificateNotFound(arn) : { arn, certificate };
    }
    case 'thinggroup': {
      const group = findGroup(state, local.name);
      return group === undefined ? groupNotFound(local.name) : { arn, group };
    }
    default:
      return invalidRequest(`Target ${arn} is neither a certificate nor a thing group.`);
  }
}

export function policiesOf(target: PolicyTarget): readonly string[] {
  return ('certificate' in target ? target.certificate.row.policies : target.group.row.policies) ?? [];
}

/** Makes these the policies of the target. */
export function setPolicies(turn: Turn, target: PolicyTarget, policies: readonly string[]): void {
  const { state } = turn;
  const before = policiesOf(target);
  for (const name of before) if (!policies.includes(name)) state.policies.get(name)?.targets.delete(target.arn);
  for (const name of policies) state.policies.get(name)?.targets.add(target.arn);
  if ('certificate' in target) {
    replaceCertificate(turn, target.certificate, { ...target.certificate.row, policies });
    return;
  }
  const { group } = target;
  group.row = { ...group.row, policies };
  turn.put('thingGroup', group.name, group.row);
  tellGroup(turn, group);
}

/** Whoever is in the group may do something else now. */
function tellGroup(turn: Turn, group: ThingGroup): void {
  for (const { members } of withDescendants(group)) {
    for (const { registration } of members) tellThing(turn, registration.thing.name);
  }
}

/** Whoever holds a certificate of the thing may do something else now. */
export function tellThing(turn: Turn, thingName: string): void {
  for (const { row } of turn.state.principals.get(thingName) ?? []) turn.principal(row.certificateId);
}

export function tellPolicy(turn: Turn, policy: Policy): void {
  for (const arn of policy.targets) {
    const target = policyTargetOf(turn.state, arn);
    if ('certificate' in target) turn.principal(target.certificate.row.certificateId);
    else if ('group' in target) tellGroup(turn, target.group);
  }
}

export function attachThing(turn: Turn, certificate: Certificate, thingName: string, isExclusive: boolean): void {
  const { row } = certificate;
  const others = row.things.filter((attachment) => attachment.thingName !== thingName);
  const before = row.things.find((attachment) => attachment.thingName === thingName);
  if (before !== undefined && (before.exclusive === true) === isExclusive) return;
  const sequence = before?.sequence ?? turn.createSequence();
  const attachment: AttachmentRow = { sequence, thingName, ...(isExclusive && { exclusive: true }) };
  replaceCertificate(turn, certificate, { ...row, things: [...others, attachment] });
  indexThing(turn.state, certificate, thingName);
}

export function detachThing(turn: Turn, certificate: Certificate, thingName: string): void {
  const { row } = certificate;
  const things = row.things.filter((attachment) => attachment.thingName !== thingName);
  if (things.length === row.things.length) return;
  replaceCertificate(turn, certificate, { ...row, things });
  const principals = turn.state.principals.get(thingName);
  principals?.delete(certificate);
  if (principals?.size === 0) turn.state.principals.delete(thingName);
}

export function principalsOf(state: State, thingName: string): readonly CertificateRow[] {
  return [...(state.principals.get(thingName) ?? [])].map(({ row }) => row);
}

function indexThing(state: State, certificate: Certificate, thingName: string): void {
  const principals = state.principals.get(thingName);
  if (principals === undefined) state.principals.set(thingName, new Set([certificate]));
  else principals.add(certificate);
}

/** The indexes, from the rows of certificates and groups. */
export function restoreAttachments(state: State): void {
  const attachments = [...state.certificateList].flatMap((certificate) =>
    certificate.row.things.map(({ sequence, thingName }) => ({ sequence, thingName, certificate })),
  );
  for (const { certificate, thingName } of attachments.sort((one, other) => one.sequence - other.sequence)) {
    indexThing(state, certificate, thingName);
  }
  for (const { row } of state.certificateList) {
    const arn = formatCertificateArn(state.identity, row.certificateId);
    for (const name of row.policies) state.policies.get(name)?.targets.add(arn);
  }
  for (const { name: groupName, row } of state.groupList) {
    const arn = formatThingGroupArn(state.identity, groupName);
    for (const name of row.policies ?? []) state.policies.get(name)?.targets.add(arn);
  }
}

/**
 * The policies of the registry: their versions, and which of them is in force. What a policy says is protocol/iot-policy.ts.
 * Source: reference shadow-and-provisioning.md §2.
 */
import { readPolicy } from '../../../protocol/iot-policy.ts';
import { formatPolicyArn } from '../../../protocol/names.ts';
import type { Rejected } from '../contract.ts';
import { uuidOf } from '../identifiers.ts';
import { malformedPolicy, policyNotFound } from '../refusals.ts';
import type { PolicyRow, PolicyVersionRow } from '../rows.ts';
import type { Policy, State } from '../state.ts';
import type { Turn } from '../turn.ts';

export function holdPolicy(state: State, row: PolicyRow): void {
  const policy: Policy = { sequence: row.sequence, name: row.policyName, row, targets: new Set() };
  state.policies.set(policy.name, policy);
  state.policyList.append(policy);
}

export function replacePolicy(turn: Turn, policy: Policy, row: PolicyRow): void {
  policy.row = row;
  turn.put('policy', policy.name, row);
}

export function policyNamed(state: State, policyName: string): Policy | Rejected {
  return state.policies.get(policyName) ?? policyNotFound(policyName);
}

export function refusePolicyDocument(document: string): Rejected | undefined {
  const read = readPolicy(document);
  return 'problem' in read ? malformedPolicy(read.problem) : undefined;
}

export function versionOf({ row }: Policy, versionId: string): PolicyVersionRow | undefined {
  return row.versions.find((version) => version.versionId === versionId);
}

/** The text that is in force. */
export function documentInForce(policy: Policy): string {
  return versionOf(policy, policy.row.defaultVersionId)?.document ?? '';
}

export function nameAndArn(
  state: State,
  policyName: string,
): { readonly policyName: string; readonly policyArn: string } {
  return { policyName, policyArn: formatPolicyArn(state.identity, policyName) };
}

export function generationIdOf({ policyName, sequence }: PolicyRow): string {
  return uuidOf(`policy/${policyName}/${sequence}`);
}

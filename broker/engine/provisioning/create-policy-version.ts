/**
 * CreatePolicyVersion: in force at once when asked to be. Five versions are kept.
 * Source: reference shadow-and-provisioning.md §2 and §3 (AWS takes minutes, S8).
 */
import type { CreatePolicyVersionRequest, CreatePolicyVersionResponse } from '../../../protocol/aws/iot.ts';
import { maxPolicyVersions } from '../../../protocol/limits.ts';
import type { Reply } from '../contract.ts';
import { tooManyPolicyVersions } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { tellPolicy } from './attachments.ts';
import { nameAndArn, policyNamed, refusePolicyDocument, replacePolicy } from './policies.ts';

export function createPolicyVersion(
  turn: Turn,
  { policyName, policyDocument, setAsDefault = false }: CreatePolicyVersionRequest,
): Reply<CreatePolicyVersionResponse> {
  const { state, now } = turn;
  const policy = policyNamed(state, policyName);
  if ('accepted' in policy) return policy;
  const { row } = policy;
  const refusal = refusePolicyDocument(policyDocument);
  if (refusal !== undefined) return refusal;
  if (row.versions.length >= maxPolicyVersions) return tooManyPolicyVersions(policyName);
  const versionId = String(row.versionCount + 1);
  replacePolicy(turn, policy, {
    ...row,
    lastModifiedAt: now,
    versions: [...row.versions, { versionId, document: policyDocument, createdAt: now }],
    versionCount: row.versionCount + 1,
    ...(setAsDefault && { defaultVersionId: versionId }),
  });
  if (setAsDefault) tellPolicy(turn, policy);
  return accept({
    policyArn: nameAndArn(state, policyName).policyArn,
    policyDocument,
    policyVersionId: versionId,
    isDefaultVersion: setAsDefault,
  });
}

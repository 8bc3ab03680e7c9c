/**
 * CreatePolicy: the first version, `1`, is in force. Source: reference shadow-and-provisioning.md §2.
 */
import type { CreatePolicyRequest, CreatePolicyResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { generationIdOf, holdPolicy, nameAndArn, refusePolicyDocument } from './policies.ts';

export function createPolicy(
  turn: Turn,
  { policyName, policyDocument, tags }: CreatePolicyRequest,
): Reply<CreatePolicyResponse> {
  const { state, now } = turn;
  const named = nameAndArn(state, policyName);
  const existing = state.policies.get(policyName);
  if (existing !== undefined) {
    return alreadyExists('Policy', policyName, generationIdOf(existing.row), named.policyArn);
  }
  const newTags = withTags({}, tags);
  if (isTooManyTags(newTags)) return invalidRequest('Too many tags.');
  const refusal = refusePolicyDocument(policyDocument);
  if (refusal !== undefined) return refusal;
  const versionId = '1';
  const row = {
    sequence: turn.createSequence(),
    policyName,
    createdAt: now,
    lastModifiedAt: now,
    defaultVersionId: versionId,
    versions: [{ versionId, document: policyDocument, createdAt: now }],
    versionCount: 1,
  };
  holdPolicy(state, row);
  turn.put('policy', policyName, row);
  setTags(turn, named.policyArn, newTags);
  return accept({ ...named, policyDocument, policyVersionId: versionId });
}

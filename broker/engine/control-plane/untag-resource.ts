/**
 * UntagResource: drops tags by key; keys that are not there do not matter.
 * Source: reference http-api.md §6.
 */
import type { UntagResourceRequest, UntagResourceResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { resourceNotFound } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { isTaggable, setTags, tagsOf } from '../tags.ts';
import type { Turn } from '../turn.ts';

export function untagResource(
  turn: Turn,
  { resourceArn, tagKeys }: UntagResourceRequest,
): Reply<UntagResourceResponse> {
  if (!isTaggable(turn.state, resourceArn)) return resourceNotFound(resourceArn);
  const before = Object.entries(tagsOf(turn.state, resourceArn));
  setTags(turn, resourceArn, Object.fromEntries(before.filter(([key]) => !tagKeys.includes(key))));
  return acceptedEmpty;
}

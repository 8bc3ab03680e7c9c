/**
 * TagResource: adds tags to a job, a job template or a thing group; a key that is there gets the new value.
 * Source: reference http-api.md §6, limits.md §1.
 */
import type { TagResourceRequest, TagResourceResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { limitExceeded, resourceNotFound } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { isTaggable, isTooManyTags, setTags, tagsOf, withTags } from '../tags.ts';
import type { Turn } from '../turn.ts';

export function tagResource(turn: Turn, { resourceArn, tags }: TagResourceRequest): Reply<TagResourceResponse> {
  if (!isTaggable(turn.state, resourceArn)) return resourceNotFound(resourceArn);
  const after = withTags(tagsOf(turn.state, resourceArn), tags);
  if (isTooManyTags(after)) return limitExceeded('Too many tags.');
  setTags(turn, resourceArn, after);
  return acceptedEmpty;
}

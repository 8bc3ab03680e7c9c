/**
 * ListTagsForResource: all of them on one page, because a resource has at most fifty; so no token is ever valid.
 * Source: reference http-api.md §6, limits.md §1.
 */
import type { ListTagsForResourceRequest, ListTagsForResourceResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { badToken, resourceNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { isTaggable, tagsOf } from '../tags.ts';
import type { Turn } from '../turn.ts';

export function listTagsForResource(
  { state }: Turn,
  { resourceArn, nextToken }: ListTagsForResourceRequest,
): Reply<ListTagsForResourceResponse> {
  if (!isTaggable(state, resourceArn)) return resourceNotFound(resourceArn);
  if (nextToken !== undefined) return badToken();
  return accept({ tags: Object.entries(tagsOf(state, resourceArn)).map(([Key, Value]) => ({ Key, Value })) });
}

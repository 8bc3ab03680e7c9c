/**
 * Tags by resource, each resource's tags as one row: jobs, job templates, thing groups and types, policies, provisioning
 * templates, streams and OTA updates can have them.
 * Source: reference http-api.md §6 (tags), limits.md §1.
 */
import type { Tag } from '../../protocol/aws/iot.ts';
import { maxTagsPerResource } from '../../protocol/limits.ts';
import { findGroup, findStream, type State } from './state.ts';
import { localName } from './targets.ts';
import type { Turn } from './turn.ts';

export type Tags = Readonly<Record<string, string>>;

/** Whether the ARN is that of a resource which is there and can have tags. */
export function isTaggable(state: State, resourceArn: string): boolean {
  const local = localName(state, resourceArn);
  switch (local?.resource) {
    case 'job':
      return state.jobs.has(local.name);
    case 'jobtemplate':
      return state.templates.has(local.name);
    case 'thinggroup':
      return findGroup(state, local.name) !== undefined;
    case 'thingtype':
      return state.thingTypes.has(local.name);
    case 'policy':
      return state.policies.has(local.name);
    case 'provisioningtemplate':
      return state.provisioningTemplates.has(local.name);
    case 'stream':
      return findStream(state, local.name) !== undefined;
    case 'otaupdate':
      return state.otaUpdates.has(local.name);
    default:
      return false;
  }
}

export function tagsOf(state: State, resourceArn: string): Tags {
  return state.tags.get(resourceArn)?.tags ?? {};
}

/** `tags` on top of `before`; a key that is given again gets the new value. */
export function withTags(before: Tags, tags: readonly Tag[] = []): Tags {
  return { ...before, ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ''])) };
}

export function isTooManyTags(tags: Tags): boolean {
  return Object.keys(tags).length > maxTagsPerResource;
}

/** Replaces the tags of a resource; none at all leaves no row. */
export function setTags(turn: Turn, resourceArn: string, tags: Tags): void {
  if (Object.keys(tags).length > 0) {
    const row = { resourceArn, tags };
    turn.state.tags.set(resourceArn, row);
    turn.put('tag', resourceArn, row);
  } else if (turn.state.tags.delete(resourceArn)) {
    turn.drop('tag', resourceArn);
  }
}

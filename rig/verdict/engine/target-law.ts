/**
 * Who is a target of a CONTINUOUS job, stated a second time: whoever the job names, and whoever lies in a group that it names, or in
 * one below that. What is QUEUED for others must have been removed when they left. Source: reference lifecycle.md §4, A17.
 */
import type { ExecutionRow, JobRow, ThingGroupRow, ThingRow } from '../../../broker/engine/rows.ts';
import { parseArn } from '../../../protocol/names.ts';
import type { LedgerJob } from './execution-ledger.ts';

type Rows = ReadonlyMap<string, object> | undefined;

/** What waits for a thing that is no target any more; of a job that goes on. */
export function queuedForOthers({ row: job, byThing }: LedgerJob, things: Rows, groups: Rows): readonly ExecutionRow[] {
  if (job.targetSelection !== 'CONTINUOUS' || job.status !== 'IN_PROGRESS') return [];
  return [...byThing.values()].flatMap((executions) => {
    const newest = executions.at(-1);
    if (newest?.status !== 'QUEUED') return [];
    const thing = things?.get(newest.thingName) as ThingRow | undefined;
    return thing !== undefined && isTarget(job, thing, groups) ? [] : [newest];
  });
}

function isTarget({ targets }: JobRow, { thingName, memberships }: ThingRow, groups: Rows): boolean {
  return targets.some((target) => {
    const arn = parseArn(target);
    if (arn?.resource === 'thing') return arn.name === thingName;
    return memberships.some(({ groupName }) => liesIn(groupName, arn?.name, groups));
  });
}

function liesIn(groupName: string | undefined, ancestor: string | undefined, groups: Rows): boolean {
  if (groupName === undefined || groupName === ancestor) return groupName !== undefined;
  return liesIn((groups?.get(groupName) as ThingGroupRow | undefined)?.parentGroupName, ancestor, groups);
}

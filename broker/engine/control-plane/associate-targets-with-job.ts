/**
 * AssociateTargetsWithJob: more groups for a CONTINUOUS job that is IN_PROGRESS, as long as it keeps to a hundred targets.
 * Members that already had the job do not get it again (Assumed: nothing joins a group here).
 * Source: reference http-api.md §3, lifecycle.md §4, limits.md §1.
 */
import type { AssociateTargetsWithJobRequest, AssociateTargetsWithJobResponse } from '../../../protocol/aws/iot.ts';
import { maxTargets } from '../../../protocol/limits.ts';
import { formatJobArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { findJob, holdTargets, changeJob } from '../jobs.ts';
import { invalidRequest, jobInStatus, jobNotFound, limitExceeded } from '../refusals.ts';
import { accept } from '../reply.ts';
import { rollOutFurther } from '../rollout.ts';
import { resolveTargets } from '../targets.ts';
import type { Turn } from '../turn.ts';

export function associateTargetsWithJob(
  turn: Turn,
  request: AssociateTargetsWithJobRequest,
): Reply<AssociateTargetsWithJobResponse> {
  const { state } = turn;
  const { jobId, namespaceId, targets, comment } = request;
  const job = findJob(state, jobId, namespaceId);
  if (job === undefined) return jobNotFound(jobId);
  const { row } = job;
  if (row.targetSelection !== 'CONTINUOUS') return invalidRequest('Targets can only be added to CONTINUOUS jobs.');
  if (row.status !== 'IN_PROGRESS') return jobInStatus(jobId, row.status, 'given more targets');
  const resolved = resolveTargets(state, targets);
  if ('accepted' in resolved) return resolved;
  if (resolved.things.length > 0) return invalidRequest('Only thing groups can be added to a job.');
  const added = [...new Set(targets)].filter((target) => !row.targets.includes(target));
  const all = [...row.targets, ...added];
  if (all.length > maxTargets) return limitExceeded(`A job has at most ${maxTargets} targets.`);
  const newGroups = resolved.groups.filter((groupName) => !job.targetGroups.has(groupName));
  changeJob(turn, job, { targets: all, comment: comment ?? row.comment, lastUpdatedAt: turn.now });
  holdTargets(state, job, added);
  rollOutFurther(turn, job, newGroups);
  return accept({ jobArn: formatJobArn(state.identity, jobId), jobId, description: row.description });
}

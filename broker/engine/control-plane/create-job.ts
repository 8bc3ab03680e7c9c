/**
 * CreateJob: checks that everything it names exists, then queues the first executions at once and leaves the rest to slices.
 * Not idempotent: a used id is refused, whatever the content. What the service cannot do yet is refused, not ignored.
 * Source: reference http-api.md §3, lifecycle.md §4, configs.md §6, templates.md §1.
 */
import type { CreateJobRequest, CreateJobResponse } from '../../../protocol/aws/iot.ts';
import { formatJobArn } from '../../../protocol/names.ts';
import type { Rejected, Reply } from '../contract.ts';
import { configsOf, resolveDocument } from '../job-configs.ts';
import { holdJob } from '../jobs.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import { rollOut } from '../rollout.ts';
import type { JobRow } from '../rows.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import { resolveTargets } from '../targets.ts';
import { resolveTemplate } from '../templates.ts';
import type { Turn } from '../turn.ts';

export function createJob(turn: Turn, request: CreateJobRequest): Reply<CreateJobResponse> {
  const { state, now } = turn;
  const { jobId, description } = request;
  const jobArn = formatJobArn(state.identity, jobId);
  if (state.jobs.has(jobId)) return alreadyExists('Job', jobId, jobId, jobArn);
  const refusal = refuseUnavailable(request);
  if (refusal !== undefined) return refusal;
  const template = resolveTemplate(state, request);
  if (template !== undefined && 'accepted' in template) return template;
  const document = resolveDocument(request, template?.document);
  if (typeof document !== 'string') return document;
  const targets = resolveTargets(state, request.targets);
  if ('accepted' in targets) return targets;
  const tags = withTags({}, request.tags);
  if (isTooManyTags(tags)) return invalidRequest('Too many tags.');

  const row: JobRow = {
    ...configsOf(request, template),
    sequence: turn.createSequence(),
    jobId,
    namespaceId: request.namespaceId,
    status: 'IN_PROGRESS',
    targetSelection: request.targetSelection ?? 'SNAPSHOT',
    targets: request.targets,
    document,
    description,
    jobTemplateArn: request.jobTemplateArn,
    documentParameters: request.documentParameters,
    destinationPackageVersions: request.destinationPackageVersions ?? template?.destinationPackageVersions,
    createdAt: now,
    lastUpdatedAt: now,
  };
  turn.put('job', jobId, row);
  setTags(turn, jobArn, tags);
  const things = targets.things.map(({ thing }) => thing.name);
  rollOut(turn, holdJob(state, row), things, targets.groups, row.sequence);
  return accept({ jobArn, jobId, description });
}

function refuseUnavailable({ schedulingConfig, documentSource }: CreateJobRequest): Rejected | undefined {
  if (schedulingConfig !== undefined && Object.keys(schedulingConfig).length > 0) {
    return invalidRequest('Scheduling configurations are not available.');
  }
  if (documentSource !== undefined)
    return invalidRequest('Job document source cannot be read: there is no file store.');
  return undefined;
}

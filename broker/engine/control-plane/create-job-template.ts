/**
 * CreateJobTemplate: from a document, or from a job, whose document and configurations it copies unless the request has its
 * own.
 * Source: reference templates.md §1, limits.md §1.
 */
import type { CreateJobTemplateRequest, CreateJobTemplateResponse } from '../../../protocol/aws/iot.ts';
import { maxJobTemplates } from '../../../protocol/limits.ts';
import { formatJobTemplateArn, parseArn } from '../../../protocol/names.ts';
import type { Rejected, Reply } from '../contract.ts';
import { refusePlaceholders } from '../document-placeholders.ts';
import { configsOf, documentOf } from '../job-configs.ts';
import { invalidRequest, jobNotFound, limitExceeded, templateExists } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { JobRow, JobTemplateRow } from '../rows.ts';
import type { State } from '../state.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import { localName } from '../targets.ts';
import { holdTemplate } from '../templates.ts';
import type { Turn } from '../turn.ts';

export function createJobTemplate(turn: Turn, request: CreateJobTemplateRequest): Reply<CreateJobTemplateResponse> {
  const { state } = turn;
  const { jobTemplateId, description } = request;
  if (state.templates.has(jobTemplateId)) return templateExists(jobTemplateId);
  const job = resolveJob(state, request.jobArn);
  if (job !== undefined && 'accepted' in job) return job;
  const document = documentOf(request, job?.document);
  if (typeof document !== 'string') return document;
  const configs = configsOf(request, job);
  const destinationPackageVersions = request.destinationPackageVersions ?? job?.destinationPackageVersions;
  const refusal = refusePlaceholders(document, {
    roleArn: configs.presignedUrlConfig?.roleArn,
    destinationPackageVersions: destinationPackageVersions ?? [],
  });
  if (refusal !== undefined) return refusal;
  if (state.templates.size >= maxJobTemplates)
    return limitExceeded(`There are at most ${maxJobTemplates} job templates.`);
  const tags = withTags({}, request.tags);
  if (isTooManyTags(tags)) return invalidRequest('Too many tags.');

  const row: JobTemplateRow = {
    ...configs,
    sequence: turn.createSequence(),
    jobTemplateId,
    description,
    document,
    documentSource: request.documentSource ?? (request.document === undefined ? job?.documentSource : undefined),
    maintenanceWindows: request.maintenanceWindows ?? job?.schedulingConfig?.maintenanceWindows,
    destinationPackageVersions,
    createdAt: turn.now,
  };
  const jobTemplateArn = formatJobTemplateArn(state.identity, jobTemplateId);
  holdTemplate(state, row);
  turn.put('jobTemplate', jobTemplateId, row);
  setTags(turn, jobTemplateArn, tags);
  return accept({ jobTemplateArn, jobTemplateId });
}

function resolveJob(state: State, jobArn: string | undefined): JobRow | Rejected | undefined {
  if (jobArn === undefined) return undefined;
  const local = localName(state, jobArn);
  const job = local?.resource === 'job' ? state.jobs.get(local.name) : undefined;
  return job?.row ?? jobNotFound(parseArn(jobArn)?.name ?? jobArn);
}

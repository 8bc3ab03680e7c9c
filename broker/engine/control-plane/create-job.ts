/**
 * CreateJob: checks that everything it names exists, then queues the first executions at once and leaves the rest to slices.
 * Not idempotent: a used id is refused, whatever the content. A job
 * that its schedule does not let begin yet has no executions.
 * Source: reference http-api.md §3, lifecycle.md §4, configs.md §6, templates.md §1.
 */
import type {
  CreateJobRequest,
  CreateJobResponse,
  MaintenanceWindow,
  SchedulingConfig,
} from '../../../protocol/aws/iot.ts';
import { formatJobArn, parseArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { refusePlaceholders } from '../document-placeholders.ts';
import { scheduleAt } from '../job-schedule.ts';
import { configsOf, documentOf } from '../job-configs.ts';
import { holdJob } from '../jobs.ts';
import { leadTimeProblem, pastProblem } from '../policies/schedule.ts';
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
  const template = resolveTemplate(state, request);
  if (template !== undefined && 'accepted' in template) return template;
  const isManaged = parseArn(request.jobTemplateArn ?? '')?.account === '';
  const document = documentOf(request, template?.document);
  if (typeof document !== 'string') return document;
  const configs = configsOf(request, template);
  const destinationPackageVersions = request.destinationPackageVersions ?? template?.destinationPackageVersions;
  const refusal = refusePlaceholders(document, {
    roleArn: configs.presignedUrlConfig?.roleArn,
    destinationPackageVersions: destinationPackageVersions ?? [],
    // Parameters of a managed template that are left out may stay as they are (A36).
    whyUnresolvable: (placeholder) =>
      isManaged && placeholder.startsWith('aws:iot:parameter:') ? undefined : state.whyUnresolvable?.(placeholder),
  });
  if (refusal !== undefined) return refusal;
  const schedulingConfig = scheduleOf(request, template?.maintenanceWindows);
  if (schedulingConfig?.maintenanceWindows !== undefined && request.targetSelection !== 'CONTINUOUS') {
    return invalidRequest('TargetSelection is invalid. MaintenanceWindow cannot be used with SNAPSHOT job.');
  }
  const past = schedulingConfig && pastProblem(schedulingConfig, now);
  if (past) return invalidRequest(past);
  const leadTime = state.strict && schedulingConfig && leadTimeProblem(schedulingConfig, now);
  if (leadTime) return invalidRequest(leadTime);
  const targets = resolveTargets(state, request.targets);
  if ('accepted' in targets) return targets;
  const tags = withTags({}, request.tags);
  if (isTooManyTags(tags)) return invalidRequest('Too many tags.');

  const { status, nextPhaseAt } = scheduleAt(schedulingConfig, now);
  // Every member by name, also those that come later: with spreads each row would have a shape of its own.
  const row: JobRow = {
    sequence: turn.createSequence(),
    presignedUrlConfig: configs.presignedUrlConfig,
    jobExecutionsRolloutConfig: configs.jobExecutionsRolloutConfig,
    abortConfig: configs.abortConfig,
    timeoutConfig: configs.timeoutConfig,
    jobExecutionsRetryConfig: configs.jobExecutionsRetryConfig,
    jobId,
    namespaceId: request.namespaceId,
    status,
    nextPhaseAt,
    targetSelection: request.targetSelection ?? 'SNAPSHOT',
    targets: request.targets,
    document,
    documentSource: request.documentSource ?? (request.document === undefined ? template?.documentSource : undefined),
    description,
    jobTemplateArn: request.jobTemplateArn,
    documentParameters: request.documentParameters,
    destinationPackageVersions,
    schedulingConfig,
    createdAt: now,
    lastUpdatedAt: now,
    completedAt: undefined,
    forceCanceled: undefined,
    reasonCode: undefined,
    comment: undefined,
    hasOpened: undefined,
    hasEnded: undefined,
  };
  turn.put('job', jobId, row);
  setTags(turn, jobArn, tags);
  const job = holdJob(state, row);
  if (row.status === 'IN_PROGRESS') rollOut(turn, job, [...job.targetThings], [...job.targetGroups], row.sequence);
  return accept({ jobArn, jobId, description });
}

/** The request's schedule with the windows of its template; `undefined` when nothing is scheduled. */
function scheduleOf(
  { schedulingConfig }: CreateJobRequest,
  windows: readonly MaintenanceWindow[] | undefined,
): SchedulingConfig | undefined {
  const own = schedulingConfig?.maintenanceWindows ?? windows ?? [];
  const config = { ...schedulingConfig, maintenanceWindows: own.length > 0 ? own : undefined };
  return Object.values(config).every((member) => member === undefined) ? undefined : config;
}

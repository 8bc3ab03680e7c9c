/**
 * What the members of a control-plane request must say together: the server-side rules that the service model cannot
 * express and that need no state. Only the first broken rule is reported, in AWS's words where the reference quotes them
 * (texts marked `Assumed:` are our own). Source: reference configs.md §1–§8, templates.md §1–§2, ambiguities.md A24, A26.
 */
import type {
  CodeSigning,
  CreateJobRequest,
  CreateJobTemplateRequest,
  CreateOTAUpdateRequest,
  ListThingsRequest,
  OTAUpdateFile,
  UpdateJobRequest,
} from './aws/iot.ts';
import { parseJsonObject } from './json.ts';
import { maxDocumentBytes, maxJobIdLength, maxRetries, presignedUrlSeconds, timeoutMinutes } from './limits.ts';
import { parseArn } from './names.ts';
import { cronProblem, parseScheduleTime } from './schedule.ts';
import { utf8Length } from './utf8.ts';

/** @returns the text of the rule when the request breaks it. */
type Rule<Request> = (request: Request) => string | undefined;

/** The configurations that CreateJob, CreateJobTemplate and UpdateJob share. */
type Configured = Pick<
  UpdateJobRequest,
  'jobExecutionsRolloutConfig' | 'presignedUrlConfig' | 'jobExecutionsRetryConfig' | 'timeoutConfig'
>;
type Documented = Pick<CreateJobRequest & CreateJobTemplateRequest, 'document' | 'documentSource'>;

const configurationRules: readonly Rule<Configured>[] = [rolloutRule, roleRule, retryRule, timeoutRule];

/** In the order in which AWS reports failed constraints, as far as it is known; the rest follows. */
const createJobRules: readonly Rule<CreateJobRequest>[] = [
  jobIdRule,
  ...configurationRules,
  (job) => documentRule(job, job.jobTemplateArn),
  (job) => arnKindRule(job.jobTemplateArn, 'jobtemplate'),
  documentParametersRule,
  windowTargetsRule,
  scheduleRule,
];

const createJobTemplateRules: readonly Rule<CreateJobTemplateRequest>[] = [
  ...configurationRules,
  (template) => documentRule(template, template.jobArn),
  (template) => arnKindRule(template.jobArn, 'job'),
  ({ maintenanceWindows }) => windowsRule(maintenanceWindows),
];

const updateJobRules: readonly Rule<UpdateJobRequest>[] = [emptyUpdateRule, ...configurationRules, noNewRetriesRule];

const createOtaUpdateRules: readonly Rule<CreateOTAUpdateRequest>[] = [
  ({ awsJobExecutionsRolloutConfig }) => rolloutRule({ jobExecutionsRolloutConfig: awsJobExecutionsRolloutConfig }),
  ({ awsJobTimeoutConfig }) => timeoutRule({ timeoutConfig: awsJobTimeoutConfig }),
  urlLifeRule,
  otaFilesRule,
];

/**
 * @param members have passed the checks of validation.ts.
 * @returns the message of the first broken rule.
 */
export function brokenRule(operationName: string, members: Readonly<Record<string, unknown>>): string | undefined {
  switch (operationName) {
    case 'CreateJob':
      return firstBroken(createJobRules, members as unknown as CreateJobRequest);
    case 'CreateJobTemplate':
      return firstBroken(createJobTemplateRules, members as unknown as CreateJobTemplateRequest);
    case 'UpdateJob':
      return firstBroken(updateJobRules, members as unknown as UpdateJobRequest);
    case 'CreateOTAUpdate':
      return firstBroken(createOtaUpdateRules, members as unknown as CreateOTAUpdateRequest);
    case 'ListThings':
      return thingsFilterRule(members);
    default:
      return undefined;
  }
}

function firstBroken<Request>(rules: readonly Rule<Request>[], request: Request): string | undefined {
  for (const rule of rules) {
    const text = rule(request);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** In the words of the model, which has this length for all jobs; those of OTA updates are longer. */
function jobIdRule({ jobId }: CreateJobRequest): string | undefined {
  if (jobId.length <= maxJobIdLength) return undefined;
  return `1 validation error detected: Value '${jobId}' at 'jobId' failed to satisfy constraint: Member must have length less than or equal to ${maxJobIdLength}`;
}

/** Observed: AWS's text (http-api.md §6). */
function thingsFilterRule({ attributeName, thingTypeName }: ListThingsRequest): string | undefined {
  return isUnset(attributeName) || isUnset(thingTypeName)
    ? undefined
    : 'Listing things by the combination of attribute and thing type is not supported';
}

// Configurations.

function rolloutRule({ jobExecutionsRolloutConfig: rollout }: Configured): string | undefined {
  if (isUnset(rollout)) return undefined;
  const { maximumPerMinute: maximum, exponentialRate: exponential } = rollout;
  if (isUnset(exponential)) {
    return isUnset(maximum)
      ? 'Provide MaximumPerMinute value or provide ExponentialRate and MaximumPerMinute'
      : undefined;
  }
  if (isUnset(maximum)) return 'Provide MaximumPerMinute value when ExponentialRate is defined';
  const { numberOfNotifiedThings, numberOfSucceededThings } = exponential.rateIncreaseCriteria;
  const criteria = [numberOfNotifiedThings, numberOfSucceededThings].filter((threshold) => !isUnset(threshold)).length;
  if (criteria === 0) {
    return 'Provide either NumberOfNotifiedThings or NumberOfSucceededThings when RateIncreaseCriteria is defined';
  }
  if (criteria === 2) {
    return 'Provide only one of NumberOfNotifiedThings or NumberOfSucceededThings when RateIncreaseCriteria is defined';
  }
  return exponential.baseRatePerMinute < maximum
    ? undefined
    : 'Exponential rollout baseRatePerMinute should be less than maximumPerMinute.';
}

const roleArn = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const maxRoleArnLength = 2048;

/** Whether such a role exists is not for a rig to say; that its ARN is one can be seen. */
function roleRule({ presignedUrlConfig }: Configured): string | undefined {
  const role = presignedUrlConfig?.roleArn;
  const isRole = isUnset(role) || (role.length <= maxRoleArnLength && roleArn.test(role));
  return isRole ? undefined : `Given role ${role} is invalid.`;
}

function retryRule({ jobExecutionsRetryConfig }: Configured): string | undefined {
  const criteria = jobExecutionsRetryConfig?.criteriaList ?? [];
  if (criteria.length > 1 && criteria.some(({ failureType }) => failureType === 'ALL')) {
    return 'A retryCriteria with failure type ALL must be used by itself.';
  }
  const retries = criteria.reduce((sum, { numberOfRetries }) => sum + numberOfRetries, 0);
  // Assumed: the limit is documented (limits.md §1), its text is not.
  return retries <= maxRetries ? undefined : `The total number of retries cannot be greater than ${maxRetries}.`;
}

function timeoutRule({ timeoutConfig }: Configured): string | undefined {
  if (isUnset(timeoutConfig)) return undefined;
  const { inProgressTimeoutInMinutes: minutes = null } = timeoutConfig;
  if (minutes !== null && minutes >= timeoutMinutes.min && minutes <= timeoutMinutes.max) return undefined;
  return `Provide valid timeout value, inProgressTimeoutInMinutes cannot be ${minutes}.`;
}

function noNewRetriesRule({ jobExecutionsRetryConfig }: Configured): string | undefined {
  const added = jobExecutionsRetryConfig?.criteriaList.some(({ numberOfRetries }) => numberOfRetries !== 0);
  return added === true ? 'The number of retries cannot be updated to any number other than 0.' : undefined;
}

const updatable = [
  'description',
  'presignedUrlConfig',
  'jobExecutionsRolloutConfig',
  'abortConfig',
  'timeoutConfig',
  'jobExecutionsRetryConfig',
] as const satisfies readonly (keyof UpdateJobRequest)[];

function emptyUpdateRule(request: UpdateJobRequest): string | undefined {
  return updatable.every((member) => isUnset(request[member]))
    ? `Update Job request for job ${request.jobId} cannot be empty.`
    : undefined;
}

// Documents.

/** @param origin the template or job whose document serves when the request brings none. */
function documentRule({ document, documentSource }: Documented, origin: string | undefined): string | undefined {
  if (!isUnset(document) && !isUnset(documentSource)) {
    return 'Job document and job document source cannot be specified at the same time.';
  }
  if (isUnset(document)) {
    return isUnset(documentSource) && isUnset(origin)
      ? 'Neither job document nor job document source is specified.'
      : undefined;
  }
  return documentProblem(document);
}

/**
 * What is wrong with a job document, wherever its text came from. Assumed: both texts; that devices are handed a JSON
 * object is documented (mqtt-api.md §4), and that the limit counts bytes is decision A24.
 */
export function documentProblem(document: string): string | undefined {
  const bytes = utf8Length(document);
  if (bytes > maxDocumentBytes)
    return `The job document has ${bytes} bytes, more than the ${maxDocumentBytes} allowed.`;
  return parseJsonObject(document) === undefined ? 'The job document is not a valid JSON object.' : undefined;
}

function arnKindRule(arn: string | undefined, kind: string): string | undefined {
  if (isUnset(arn)) return undefined;
  const resource = parseArn(arn)?.resource;
  if (resource === kind) return undefined;
  // Assumed: the second text.
  return resource === undefined
    ? `Given ARN ${arn} is invalid.`
    : `Resource type should be ${kind} but found invalid resource type ${resource}`;
}

/** Assumed: the text; that only AWS managed templates, which belong to no account, take parameters is templates.md §2. */
function documentParametersRule({ documentParameters, jobTemplateArn }: CreateJobRequest): string | undefined {
  if (isUnset(documentParameters) || parseArn(jobTemplateArn ?? '')?.account === '') return undefined;
  return 'Document parameters can only be used with an AWS managed template.';
}

// Schedules.

function windowTargetsRule({ targetSelection, schedulingConfig }: CreateJobRequest): string | undefined {
  const windows = schedulingConfig?.maintenanceWindows?.length ?? 0;
  return windows === 0 || targetSelection === 'CONTINUOUS'
    ? undefined
    : 'TargetSelection is invalid. MaintenanceWindow cannot be used with SNAPSHOT job.';
}

/**
 * Assumed: all texts. That the two instants lie ahead of now, and how far (A26), needs a clock, so it is not checked here.
 * Observed: an `endBehavior` without an `endTime` is accepted, although configs.md §5 names it for an end only.
 */
function scheduleRule({ schedulingConfig }: CreateJobRequest): string | undefined {
  if (isUnset(schedulingConfig)) return undefined;
  const { startTime, endTime, maintenanceWindows } = schedulingConfig;
  const start = isUnset(startTime) ? undefined : parseScheduleTime(startTime);
  const end = isUnset(endTime) ? undefined : parseScheduleTime(endTime);
  if (!isUnset(startTime) && start === undefined) return `Given startTime ${startTime} is invalid.`;
  if (!isUnset(endTime) && end === undefined) return `Given endTime ${endTime} is invalid.`;
  if (start !== undefined && end !== undefined && end <= start) return 'The endTime must be later than the startTime.';
  return windowsRule(maintenanceWindows);
}

function windowsRule(windows: CreateJobTemplateRequest['maintenanceWindows']): string | undefined {
  for (const { startTime } of windows ?? []) {
    const problem = cronProblem(startTime);
    if (problem !== undefined) return `Given maintenance window startTime ${startTime} is invalid: ${problem}.`;
  }
  return undefined;
}

// OTA updates. Assumed: all texts (reference streams-and-ota.md §2.1).

function urlLifeRule({ awsJobPresignedUrlConfig }: CreateOTAUpdateRequest): string | undefined {
  const { expiresInSec } = awsJobPresignedUrlConfig ?? {};
  const { min, max } = presignedUrlSeconds;
  return isUnset(expiresInSec) || (expiresInSec >= min && expiresInSec <= max)
    ? undefined
    : `Provide valid expiresInSec value from ${min} to ${max}, expiresInSec cannot be ${expiresInSec}.`;
}

function otaFilesRule({ files }: CreateOTAUpdateRequest): string | undefined {
  for (const file of files) {
    const problem = locationProblem(file) ?? (isUnset(file.codeSigning) ? undefined : signingProblem(file.codeSigning));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function locationProblem({ fileLocation }: OTAUpdateFile): string | undefined {
  const { stream, s3Location } = fileLocation ?? {};
  if (isUnset(stream) === isUnset(s3Location)) {
    return 'The fileLocation of a file must be either a stream or an s3Location.';
  }
  if (!isUnset(stream)) {
    return isUnset(stream.streamId) || isUnset(stream.fileId)
      ? 'The stream of a fileLocation needs streamId and fileId.'
      : undefined;
  }
  return isUnset(s3Location?.bucket) || isUnset(s3Location.key)
    ? 'The s3Location of a fileLocation needs bucket and key.'
    : undefined;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function signingProblem(signing: CodeSigning): string | undefined {
  const { awsSignerJobId, startSigningJobParameter, customCodeSigning } = signing;
  const forms = [awsSignerJobId, startSigningJobParameter, customCodeSigning].filter((form) => !isUnset(form)).length;
  if (forms !== 1) {
    return 'The codeSigning of a file must be one of awsSignerJobId, startSigningJobParameter and customCodeSigning.';
  }
  if (isUnset(customCodeSigning)) return undefined;
  const signature = customCodeSigning.signature?.inlineDocument;
  if (isUnset(signature) || signature === '' || !base64.test(signature)) {
    return 'The customCodeSigning of a file needs a signature.inlineDocument in Base64.';
  }
  return isUnset(customCodeSigning.hashAlgorithm) || isUnset(customCodeSigning.signatureAlgorithm)
    ? 'The customCodeSigning of a file needs hashAlgorithm and signatureAlgorithm.'
    : undefined;
}

/** JSON callers write `null` for what they leave out; AWS reads both alike. */
function isUnset(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

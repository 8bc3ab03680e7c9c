/**
 * The MQTT topics of AWS IoT Jobs, as one table: parsed and formatted by position and depth, never by keyword, because
 * `get` is a legal job id and `jobs` a legal thing name. This file knows names, not payloads and not permissions.
 * Source: reference mqtt-api.md §2 (topics) and §7 (namespaces), ambiguities.md A5, A19, A38.
 */

/** What a client may ask for by publishing. AWS's operation names. */
export type RequestOperation =
  'GetPendingJobExecutions' | 'StartNextPendingJobExecution' | 'DescribeJobExecution' | 'UpdateJobExecution';

/** What the service says unasked: `notify` and `notify-next`. */
export type NotificationName = 'JobExecutionsChanged' | 'NextJobExecutionChanged';

export type ReplyOutcome = 'accepted' | 'rejected';

/** `$next` in the place of a job id: the head of the thing's pending queue. */
export const nextJobId = '$next';

/** Whether a request is for the next execution, whichever that is. */
export function asksNext({
  operation,
  jobId,
}: {
  readonly operation: RequestOperation;
  readonly jobId?: string | undefined;
}): boolean {
  return operation === 'StartNextPendingJobExecution' || (operation === 'DescribeJobExecution' && jobId === nextJobId);
}

export interface RequestTopic {
  readonly kind: 'request';
  readonly thingName: string;
  readonly operation: RequestOperation;
  /** Absent for GetPendingJobExecutions and StartNextPendingJobExecution; may be `$next` for DescribeJobExecution. */
  readonly jobId?: string;
  readonly namespaceId?: string;
}

export interface ReplyTopic extends Omit<RequestTopic, 'kind'> {
  readonly kind: 'reply';
  readonly outcome: ReplyOutcome;
}

export interface NotificationTopic {
  readonly kind: 'notification';
  readonly thingName: string;
  readonly name: NotificationName;
  readonly namespaceId?: string;
  /** Only in the documented form `J/notify-namespace-NS/`, which no known client uses. */
  readonly jobId?: string;
}

/** A topic inside a thing's Jobs space that means nothing: the service answers `InvalidTopic`. */
export interface UnknownJobsTopic {
  readonly kind: 'unknown';
  readonly thingName: string;
}

export type JobsTopic = RequestTopic | ReplyTopic | NotificationTopic | UnknownJobsTopic;

const thingsPrefix = '$aws/things/';
const jobsInfix = '/jobs/';
const namespacePrefix = 'namespace-';
const notifyNamespacePrefix = 'notify-namespace-';
const notifyNextNamespacePrefix = 'notify-next-namespace-';

/**
 * Reads a concrete topic (no wildcards).
 * @returns `undefined` when the topic lies outside every thing's Jobs space.
 */
export function parseJobsTopic(topic: string): JobsTopic | undefined {
  if (!topic.startsWith(thingsPrefix)) return undefined;
  const endOfThing = topic.indexOf('/', thingsPrefix.length);
  if (endOfThing <= thingsPrefix.length || !topic.startsWith(jobsInfix, endOfThing)) return undefined;
  const thingName = topic.slice(thingsPrefix.length, endOfThing);
  const segments = segmentsFrom(topic, endOfThing + jobsInfix.length);
  const last = segments[segments.length - 1];
  if (segments.length > 1 && (last === 'accepted' || last === 'rejected')) {
    segments.pop();
    const request = parseRequest(thingName, segments);
    return request === undefined ? { kind: 'unknown', thingName } : { ...request, kind: 'reply', outcome: last };
  }
  return parseRequest(thingName, segments) ?? parseNotification(thingName, segments) ?? { kind: 'unknown', thingName };
}

/** As `split` would cut it, in half the time. */
function segmentsFrom(topic: string, start: number): string[] {
  const segments: string[] = [];
  let at = start;
  for (let end = topic.indexOf('/', at); end !== -1; end = topic.indexOf('/', at)) {
    segments.push(topic.slice(at, end));
    at = end + 1;
  }
  segments.push(topic.slice(at));
  return segments;
}

function parseRequest(thingName: string, segments: readonly string[]): RequestTopic | undefined {
  const [first = '', second, third] = segments;
  switch (segments.length) {
    case 1:
      if (first === 'get') return { kind: 'request', thingName, operation: 'GetPendingJobExecutions' };
      if (first === 'start-next') return { kind: 'request', thingName, operation: 'StartNextPendingJobExecution' };
      return undefined;
    case 2: {
      const operation = executionOperation(first, second);
      if (operation !== undefined) return { kind: 'request', thingName, operation, jobId: first };
      const namespaceId = after(namespacePrefix, second);
      if (first !== 'start-next' || namespaceId === undefined) return undefined;
      return { kind: 'request', thingName, operation: 'StartNextPendingJobExecution', namespaceId };
    }
    case 3: {
      const operation = executionOperation(first, third);
      const namespaceId = after(namespacePrefix, second);
      if (operation === undefined || namespaceId === undefined) return undefined;
      return { kind: 'request', thingName, operation, jobId: first, namespaceId };
    }
    default:
      return undefined;
  }
}

/** `J/get`, `$next/get` and `J/update`; `$next/update` does not exist. */
function executionOperation(jobId: string, verb: string | undefined): RequestOperation | undefined {
  if (jobId === '') return undefined;
  if (verb === 'get') return 'DescribeJobExecution';
  return verb === 'update' && jobId !== nextJobId ? 'UpdateJobExecution' : undefined;
}

function parseNotification(thingName: string, segments: readonly string[]): NotificationTopic | undefined {
  const [first = '', second, third] = segments;
  if (segments.length === 1) {
    if (first === 'notify') return { kind: 'notification', thingName, name: 'JobExecutionsChanged' };
    if (first === 'notify-next') return { kind: 'notification', thingName, name: 'NextJobExecutionChanged' };
    const changed = after(notifyNamespacePrefix, first);
    if (changed !== undefined) {
      return { kind: 'notification', thingName, name: 'JobExecutionsChanged', namespaceId: changed };
    }
    const next = after(notifyNextNamespacePrefix, first);
    if (next === undefined) return undefined;
    return { kind: 'notification', thingName, name: 'NextJobExecutionChanged', namespaceId: next };
  }
  const namespaceId = after(notifyNamespacePrefix, second);
  if (segments.length !== 3 || third !== '' || namespaceId === undefined || first === '') return undefined;
  return { kind: 'notification', thingName, name: 'JobExecutionsChanged', namespaceId, jobId: first };
}

function after(prefix: string, segment: string | undefined): string | undefined {
  return segment?.startsWith(prefix) && segment.length > prefix.length ? segment.slice(prefix.length) : undefined;
}

/** Writes a topic; the inverse of {@link parseJobsTopic} for every kind but `unknown`. */
export function formatJobsTopic(topic: Exclude<JobsTopic, UnknownJobsTopic>): string {
  const base = `${thingsPrefix}${topic.thingName}${jobsInfix}`;
  switch (topic.kind) {
    case 'request':
      return base + requestTail(topic);
    case 'reply':
      return `${base}${requestTail(topic)}/${topic.outcome}`;
    case 'notification':
      return base + notificationTail(topic);
  }
}

function requestTail({ operation, jobId, namespaceId }: Omit<RequestTopic, 'kind'>): string {
  const namespace = namespaceId === undefined ? '' : `/${namespacePrefix}${namespaceId}`;
  switch (operation) {
    case 'GetPendingJobExecutions':
      return 'get'; // has no namespaced form: `namespace-NS/get` asks for the job of that name
    case 'StartNextPendingJobExecution':
      return `start-next${namespace}`;
    case 'DescribeJobExecution':
      return `${jobId}${namespace}/get`;
    case 'UpdateJobExecution':
      return `${jobId}${namespace}/update`;
  }
}

function notificationTail({ name, namespaceId, jobId }: NotificationTopic): string {
  const word = name === 'JobExecutionsChanged' ? 'notify' : 'notify-next';
  if (namespaceId === undefined) return word;
  return jobId === undefined
    ? `${word}-${namespacePrefix}${namespaceId}`
    : `${jobId}/${notifyNamespacePrefix}${namespaceId}/`;
}

/** The Jobs space of one thing, `$aws/things/T/jobs/`, which every topic above starts with. */
export function jobsSpace(thingName: string): string {
  return `${thingsPrefix}${thingName}${jobsInfix}`;
}

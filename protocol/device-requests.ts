/**
 * What a device publishes on a request topic, read into the request of a device operation, or refused as AWS refuses it.
 * Lenient where real devices need it (reference mqtt-api.md §5 and §8, ambiguities.md A9, A19): no payload at all, members
 * nobody knows, `null` for absent, numbers written as strings, numbers as status details. Knows no state: whether thing,
 * job and execution exist is the engine's business.
 */
import type { DeviceOperations } from './device-api.ts';
import { type JsonObject, isJsonObject } from './json.ts';
import { maxPublishBytes, maxStatusDetails } from './limits.ts';
import { isJobId, isNamespaceId, isThingName } from './names.ts';
import type { RejectionCode } from './rejections.ts';
import type { RequestOperation, RequestTopic } from './topics.ts';
import { decodeUtf8, utf8Length } from './utf8.ts';
import { validateRequest } from './validation.ts';

/**
 * The IAM action of each request, which names the engine's command. Not put together for each request: a text that was just made
 * is slow to look up by.
 */
export const commandNames: { readonly [Operation in RequestOperation]: `iotjobsdata:${Operation}` } = {
  GetPendingJobExecutions: 'iotjobsdata:GetPendingJobExecutions',
  StartNextPendingJobExecution: 'iotjobsdata:StartNextPendingJobExecution',
  DescribeJobExecution: 'iotjobsdata:DescribeJobExecution',
  UpdateJobExecution: 'iotjobsdata:UpdateJobExecution',
};

export type DecodedDeviceRequest =
  | {
      [Operation in RequestOperation]: {
        readonly ok: true;
        readonly operation: Operation;
        readonly request: DeviceOperations[Operation]['request'];
        readonly clientToken?: string;
      };
    }[RequestOperation]
  | RefusedDeviceRequest;

export interface RefusedDeviceRequest {
  readonly ok: false;
  readonly code: RejectionCode;
  readonly message: string;
  /** Echoed whenever it could be read. */
  readonly clientToken?: string;
}

/** The members of a request, none of them checked yet; `undefined` is absent. */
type Unchecked<Operation extends RequestOperation> = {
  readonly [Member in keyof Required<DeviceOperations[Operation]['request']>]: unknown;
};

/** Thing, job and namespace stand in the topic; a body that names them too cannot overrule it. */
const readers: {
  readonly [Operation in RequestOperation]: (topic: RequestTopic, body: JsonObject) => Unchecked<Operation>;
} = {
  GetPendingJobExecutions: ({ thingName, namespaceId }) => ({ thingName, namespaceId }),
  StartNextPendingJobExecution: ({ thingName, namespaceId }, body) => ({
    thingName,
    namespaceId,
    statusDetails: detailsOf(body['statusDetails']),
    stepTimeoutInMinutes: numberOf(body['stepTimeoutInMinutes']),
  }),
  DescribeJobExecution: ({ thingName, namespaceId, jobId }, body) => ({
    thingName,
    namespaceId,
    jobId,
    executionNumber: numberOf(body['executionNumber']),
    includeJobDocument: body['includeJobDocument'] ?? undefined,
  }),
  UpdateJobExecution: ({ thingName, namespaceId, jobId }, body) => ({
    thingName,
    namespaceId,
    jobId,
    status: body['status'] ?? undefined,
    statusDetails: detailsOf(body['statusDetails']),
    expectedVersion: numberOf(body['expectedVersion']),
    executionNumber: numberOf(body['executionNumber']),
    includeJobExecutionState: body['includeJobExecutionState'] ?? undefined,
    includeJobDocument: body['includeJobDocument'] ?? undefined,
    stepTimeoutInMinutes: numberOf(body['stepTimeoutInMinutes']),
  }),
};

export function decodeDeviceRequest(topic: RequestTopic, payload: Uint8Array | string): DecodedDeviceRequest {
  // A text is at most three times as long in UTF-8.
  const isLong = typeof payload === 'string' && payload.length > maxPublishBytes / 3;
  const bytes = isLong ? utf8Length(payload) : payload.length;
  if (bytes > maxPublishBytes) {
    return refusal('InvalidRequest', `The payload has ${bytes} bytes, more than the ${maxPublishBytes} allowed.`);
  }
  const body = readBody(payload);
  if (typeof body === 'string') return refusal('InvalidJson', body);
  const clientToken = body['clientToken'] ?? undefined;
  if (clientToken !== undefined && typeof clientToken !== 'string') {
    return refusal('InvalidRequest', 'The clientToken must be a string.');
  }

  const { operation } = topic;
  const request = readers[operation](topic, body);
  const problem = namespaceProblem(topic.namespaceId) ?? requestProblem(operation, request);
  if (problem !== undefined) return refusal('InvalidRequest', problem, clientToken);
  // The table has vouched for the members of this operation.
  const decoded = { ok: true, operation, request, clientToken } as unknown;
  return decoded as DecodedDeviceRequest;
}

/** @returns the body, or why there is none. No payload counts as an empty object (A19). */
function readBody(payload: Uint8Array | string): JsonObject | string {
  const text = typeof payload === 'string' ? payload : decodeUtf8(payload);
  if (text === undefined) return 'The payload is not valid UTF-8.';
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The payload is not valid JSON.';
  }
  return isJsonObject(value) ? value : 'The payload is not a JSON object.';
}

/** `"2"` for `2`: the embedded C SDK and the Python SDK v1 send numbers as strings. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && wholeNumber.test(value) ? Number(value) : (value ?? undefined);
}

const wholeNumber = /^-?\d{1,15}$/;

/** Assumed: numbers pass as their text, because the agent shipped with AWS's JavaScript SDK v1 reports its uptime as one. */
function detailsOf(value: unknown): unknown {
  if (!isJsonObject(value)) return value ?? undefined;
  if (!hasNumber(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, detail]) => [key, typeof detail === 'number' ? `${detail}` : detail]));
}

function hasNumber(details: JsonObject): boolean {
  for (const key in details) if (typeof details[key] === 'number') return true;
  return false;
}

/** The table knows no namespaces on this plane: they stand in the topic alone (mqtt-api.md §7). */
function namespaceProblem(namespaceId: string | undefined): string | undefined {
  if (namespaceId === undefined || isNamespaceId(namespaceId)) return undefined;
  return `The namespace '${namespaceId}' in the topic is not a valid namespaceId.`;
}

function requestProblem(operation: RequestOperation, request: Unchecked<RequestOperation>): string | undefined {
  if (operation === 'UpdateJobExecution' && isPlainUpdate(request as Unchecked<'UpdateJobExecution'>)) return undefined;
  if (operation === 'StartNextPendingJobExecution' && isPlainStart(request as Unchecked<typeof operation>)) {
    return undefined;
  }
  return validateRequest('iot-jobs-data', operation, request);
}

const plainStatuses: ReadonlySet<unknown> = new Set(['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED']);
const plainKey = /^[a-zA-Z0-9:_-]{1,128}$/;
const plainValue = /^[ -~]{1,1024}$/;

/**
 * A quick yes for what nearly all traffic is, starts and updates without surprises; everything else is left to the table. A test
 * proves that the table accepts whatever is accepted here.
 */
function isPlainStart(request: Unchecked<'StartNextPendingJobExecution'>): boolean {
  return (
    isThingName(request.thingName as string) &&
    isPlainDetails(request.statusDetails) &&
    request.stepTimeoutInMinutes === undefined
  );
}

function isPlainUpdate(request: Unchecked<'UpdateJobExecution'>): boolean {
  return (
    isThingName(request.thingName as string) &&
    isJobId(request.jobId as string) &&
    plainStatuses.has(request.status) &&
    isPlainDetails(request.statusDetails) &&
    isAbsentOrInteger(request.expectedVersion) &&
    isAbsentOrInteger(request.executionNumber) &&
    isAbsentOrBoolean(request.includeJobExecutionState) &&
    isAbsentOrBoolean(request.includeJobDocument) &&
    request.stepTimeoutInMinutes === undefined
  );
}

function isPlainDetails(details: unknown): boolean {
  if (details === undefined) return true;
  if (!isJsonObject(details)) return false;
  let count = 0;
  for (const key in details) {
    const value = details[key];
    if (typeof value !== 'string' || !plainKey.test(key) || !plainValue.test(value)) return false;
    count += 1;
  }
  return count <= maxStatusDetails;
}

function isAbsentOrInteger(value: unknown): boolean {
  return value === undefined || Number.isInteger(value);
}

function isAbsentOrBoolean(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean';
}

function refusal(code: RejectionCode, message: string, clientToken?: string): RefusedDeviceRequest {
  return { ok: false, code, message, clientToken };
}

/**
 * What a device publishes on a request topic, read into the request of a device operation, or refused as AWS refuses it.
 * Lenient where real devices need it (reference mqtt-api.md §5 and §8, ambiguities.md A9, A19): no payload at all, members
 * nobody knows, `null` for absent, numbers written as strings, numbers as status details. Knows no state: whether thing,
 * job and execution exist is the engine's business.
 */
import type { DeviceOperations } from './device-api.ts';
import { maxPublishBytes } from './limits.ts';
import { isNamespaceId } from './names.ts';
import type { RejectionCode } from './rejections.ts';
import type { RequestOperation, RequestTopic } from './topics.ts';
import { decodeUtf8, utf8Length } from './utf8.ts';
import { validateRequest } from './validation.ts';

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

type Body = Readonly<Record<string, unknown>>;

/** Members of a request body by operation; thing, job and namespace stand in the topic, where the body cannot overrule them. */
const bodyMembers = {
  GetPendingJobExecutions: [],
  StartNextPendingJobExecution: ['statusDetails', 'stepTimeoutInMinutes'],
  DescribeJobExecution: ['executionNumber', 'includeJobDocument'],
  UpdateJobExecution: [
    'status',
    'statusDetails',
    'expectedVersion',
    'executionNumber',
    'includeJobExecutionState',
    'includeJobDocument',
    'stepTimeoutInMinutes',
  ],
} as const satisfies { readonly [Operation in RequestOperation]: readonly string[] };

const numericMembers: ReadonlySet<string> = new Set(['expectedVersion', 'executionNumber', 'stepTimeoutInMinutes']);
const wholeNumber = /^-?\d{1,15}$/;

export function decodeDeviceRequest(topic: RequestTopic, payload: Uint8Array | string): DecodedDeviceRequest {
  const bytes = typeof payload === 'string' ? utf8Length(payload) : payload.length;
  if (bytes > maxPublishBytes) {
    return { ok: false, code: 'InvalidRequest', message: `The payload of ${bytes} bytes exceeds ${maxPublishBytes}.` };
  }
  const body = readBody(payload);
  if (typeof body === 'string') return { ok: false, code: 'InvalidJson', message: body };
  const { clientToken = null } = body;
  if (clientToken !== null && typeof clientToken !== 'string') return refusal('The clientToken must be a string.');

  const { operation, namespaceId } = topic;
  if (namespaceId !== undefined && !isNamespaceId(namespaceId)) {
    return refusal(`The namespace '${namespaceId}' is not a valid namespaceId.`, clientToken);
  }
  const request = requestOf(topic, body);
  const message = validateRequest('iot-jobs-data', operation, request);
  if (message !== undefined) return refusal(message, clientToken);
  if (namespaceId !== undefined) request['namespaceId'] = namespaceId;
  // The table has just vouched for the members of this operation.
  const decoded = { ok: true, operation, request } as unknown as DecodedDeviceRequest;
  return clientToken === null ? decoded : { ...decoded, clientToken };
}

/** @returns the body, or why there is none. No payload counts as an empty object (A19). */
function readBody(payload: Uint8Array | string): Body | string {
  const text = typeof payload === 'string' ? payload : decodeUtf8(payload);
  if (text === undefined) return 'The payload is not valid UTF-8.';
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The payload is not valid JSON.';
  }
  return isObject(value) ? value : 'The payload is not a JSON object.';
}

function requestOf({ thingName, operation, jobId }: RequestTopic, body: Body): Record<string, unknown> {
  const request: Record<string, unknown> = { thingName };
  if (jobId !== undefined) request['jobId'] = jobId;
  for (const name of bodyMembers[operation]) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (name === 'statusDetails') request[name] = detailsOf(value);
    else if (numericMembers.has(name)) request[name] = numberOf(value);
    else request[name] = value;
  }
  return request;
}

/** `"2"` for `2`: the embedded C SDK and the Python SDK v1 send numbers as strings. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && wholeNumber.test(value) ? Number(value) : value;
}

/** Assumed: numbers pass as their text, because the agent shipped with AWS's JavaScript SDK v1 reports its uptime as one. */
function detailsOf(value: unknown): unknown {
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  if (!entries.some(([, detail]) => typeof detail === 'number')) return value;
  return Object.fromEntries(
    entries.map(([key, detail]) => [key, typeof detail === 'number' ? String(detail) : detail]),
  );
}

function refusal(message: string, clientToken: string | null = null): RefusedDeviceRequest {
  const refused = { ok: false, code: 'InvalidRequest', message } as const;
  return clientToken === null ? refused : { ...refused, clientToken };
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

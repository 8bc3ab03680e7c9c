/** What a caller of AWS's REST-JSON is answered: status, headers and body. Source: reference http-api.md §2. */
import { randomUUID } from 'node:crypto';
import { type AwsError, errorBody } from './aws-error.ts';
import type { AwsCall } from './aws-request.ts';

export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; empty where the operation has no output. */
  readonly body: string;
  /** The connection breaks in its place, as a gate wants it. */
  readonly isLost?: true;
  /** What the body says, where it is a refusal. */
  readonly error?: AwsError;
  /** Absent: no operation of AWS could be read. */
  readonly about?: Pick<AwsCall, 'operation' | 'members'>;
}

export function errorResponse(error: AwsError): AwsResponse {
  const headers = { ...responseHeaders(), 'x-amzn-ErrorType': error.exception };
  return { status: error.status, headers, body: errorBody(error), error };
}

export function success(body: string): AwsResponse {
  return { status: 200, headers: responseHeaders(), body };
}

function responseHeaders(): Record<string, string> {
  return { 'content-type': 'application/json', 'x-amzn-RequestId': randomUUID() };
}

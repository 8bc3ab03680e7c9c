/**
 * Errors as AWS's REST-JSON services write them: a status, the header `x-amzn-ErrorType`, and a JSON body with the name once
 * more, since SDKs differ in where they look. What the Jobs protocol refuses comes from the one rejection table; the few
 * errors below belong to HTTP itself. Source: reference http-api.md §2.
 */
import { rejectedPayload } from '../../protocol/device-payloads.ts';
import type { ServiceName } from '../../protocol/operations.ts';
import { type HttpError, type RejectionCode, rejections, shadowError } from '../../protocol/rejections.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Rejected } from '../engine/contract.ts';

export interface AwsError extends HttpError {
  readonly message: string;
  /** Further members of the body, e.g. `resourceId`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** No operation has this request line, or jobrig does not have the operation. */
export const unknownOperation: HttpError = { exception: 'UnknownOperationException', status: 404 };
/** The credential is scoped to some other AWS service. */
export const wrongScope: HttpError = { exception: 'InvalidSignatureException', status: 403 };
/** Data plane of shadows only; the other services do not tell a wrong method from a wrong path. */
export const methodNotAllowed: HttpError = { exception: 'MethodNotAllowedException', status: 405 };
export const unsupportedEncoding: AwsError = {
  ...shadowError('UnsupportedDocumentEncoding'),
  message: 'Unsupported documented encoding; supported encoding is UTF-8',
};
export const bodyTooLarge: HttpError = { exception: 'RequestEntityTooLargeException', status: 413 };
/** The one operation that says so by its model is the data plane's; every SDK asks again after it. */
export const serviceUnavailable: HttpError = { exception: 'ServiceUnavailableException', status: 503 };
export const invalidRequest: HttpError = rejections.InvalidRequest.control;
export const internalFailure: HttpError = rejections.InternalError.control;

/** A refusal of the engine as the given plane says it. */
export function errorOfRejection(service: ServiceName, rejected: Rejected, at: EpochMs): AwsError {
  const { code, message, members } = rejected;
  if (service === 'iot-data') return { ...shadowError(code), message };
  if (service === 'iot') return { ...rejections[code].control, message, ...(members && { members }) };
  // Documented for the data plane's 409; the model has no such member and SDKs pass it over (ambiguities.md A40).
  const { executionState } = rejectedPayload(rejected, at);
  return { ...rejections[code].data, message, ...(executionState && { members: { executionState } }) };
}

/** What a fault makes the data plane say; with a code of no table the exception is named after the code. */
export function errorOfFault({ code, message }: { readonly code: string; readonly message: string }): AwsError {
  const known = Object.hasOwn(rejections, code) ? rejections[code as RejectionCode].data : undefined;
  return { ...(known ?? { exception: `${code}Exception`, status: 400 }), message };
}

export function errorBody({ exception, message, members }: AwsError): string {
  return JSON.stringify({ __type: exception, message, ...members });
}

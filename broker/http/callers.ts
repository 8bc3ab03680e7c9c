/**
 * Who calls, and what that allows, when the service asks (`--require-auth`): whoever signs with an access key may do everything,
 * as an administrator of the account; a device shows a certificate and may ask the data plane for its own thing. Where the
 * service does not ask, anyone may do everything. Source: reference connection.md §1 and §4, http-api.md §2.
 */
import type { AwsError } from './aws-error.ts';
import type { AwsCall, Read } from './aws-request.ts';
import type { SignatureCheck, SignedRequest } from './signatures.ts';

export type Caller =
  | { readonly kind: 'anyone' | 'operator' }
  /** The common name of its certificate: a thing, or `*` on a bench certificate. */
  | { readonly kind: 'device'; readonly thingName: string };

export function identifyCaller(
  request: SignedRequest,
  certificateName: string | undefined,
  check: SignatureCheck | undefined,
): Read<Caller> {
  if (check === undefined) return { value: { kind: 'anyone' } };
  const isSigned = request.headers.authorization !== undefined;
  if (certificateName !== undefined && !isSigned) return { value: { kind: 'device', thingName: certificateName } };
  const error = check(request);
  return error === undefined ? { value: { kind: 'operator' } } : { error };
}

export function objectionTo(caller: Caller, { operation, members }: AwsCall): AwsError | undefined {
  if (caller.kind !== 'device') return undefined;
  const isOwn = caller.thingName === '*' || caller.thingName === members['thingName'];
  if (operation.service !== 'iot' && isOwn) return undefined;
  const message = `The certificate of ${caller.thingName} does not allow ${operation.name}.`;
  const exception = operation.service === 'iot-data' ? 'ForbiddenException' : 'AccessDeniedException';
  return { exception, status: 403, message };
}

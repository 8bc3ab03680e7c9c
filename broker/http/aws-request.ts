/**
 * From a raw HTTP request to one operation of AWS's table with its members, or to the error that AWS would answer. Reads and
 * judges only what the request itself shows; knows neither the service's state nor which operations are built.
 * Source: reference http-api.md §1 (planes, decoding, bodies).
 *
 * Unsigned requests are the data plane's where both planes have the path, because AWS's control plane answers no unsigned
 * request while a device with a certificate on port 8443 signs nothing; `/jobs-data/…` always means the data plane.
 */
import { isJsonObject } from '../../protocol/json.ts';
import { type OperationEntry, type ServiceName, operationsOf } from '../../protocol/operations.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';
import { validateRequest } from '../../protocol/validation.ts';
import {
  type AwsError,
  invalidRequest,
  methodNotAllowed,
  unknownOperation,
  unsupportedEncoding,
  wrongScope,
} from './aws-error.ts';
import { regionOfCredential } from './caller-region.ts';
import { type Members, gatherMembers } from './request-members.ts';
import { type RouteMatch, createRouteTable, splitPath } from './route-table.ts';
import { type SignedRequest, queryOf } from './signed-request.ts';
import { type ServiceScope, credentialOf, serviceScopeOf } from './service-scope.ts';
import { unservedOperation } from './unserved-operations.ts';

export type AwsRequest = SignedRequest;

export interface AwsCall {
  readonly operation: OperationEntry;
  readonly members: Members;
  /** Of the credential scope: what the caller takes for the region of all that he asks for. */
  readonly region?: string | undefined;
}

/** What was read, or why it could not be. */
export type Read<Value> = { readonly value: Value } | { readonly error: AwsError };

const dataPlanePrefix = 'jobs-data';
const controlRoutes = createRouteTable(operationsOf('iot'));
const dataRoutes = createRouteTable(operationsOf('iot-jobs-data'));
const shadowRoutes = createRouteTable(operationsOf('iot-data'));
const methods = [...new Set(operationsOf('iot-data').map(({ method }) => method))];

export function readAwsRequest(request: AwsRequest): Read<AwsCall> {
  const pathname = request.target.split('?', 1)[0]!;
  const query = queryOf(request.target);
  const matched = matchOperation(request, pathname, query);
  if ('error' in matched) return matched;
  const { operation, parameters } = matched.value;
  const body = readBody(operation, request.body);
  if ('error' in body) return body;
  const members = gatherMembers(operation, { parameters, query, headers: request.headers, body: body.value });
  const [payload] = operation.request.payload ?? [];
  if (payload !== undefined) members[payload.name] = body.value[payload.name];
  const objection = validateRequest(operation.service, operation.name, members);
  const region = regionOfCredential(credentialOf(request.headers.authorization, query));
  return objection === undefined ? { value: { operation, members, region } } : refused(objection);
}

function matchOperation(
  request: AwsRequest,
  pathname: string,
  query: URLSearchParams,
): Read<RouteMatch<OperationEntry>> {
  const { method, headers } = request;
  const scope = serviceScopeOf(credentialOf(headers.authorization, query));
  if (scope === 'foreign') {
    return { error: { ...wrongScope, message: "Credential should be scoped to correct service: 'iot'." } };
  }
  const segments = splitPath(pathname);
  if (segments === undefined) return refused(`The path ${pathname} is not validly percent-encoded.`);
  const match = matchService(method, segments, scope);
  if (match !== undefined) return { value: match };
  if (scope === 'iot-data' && methods.some((other) => shadowRoutes.match(other, segments) !== undefined)) {
    return { error: { ...methodNotAllowed, message: `${method} is not allowed on ${pathname}.` } };
  }
  const message =
    unservedOperation(servicesOf(scope), method, segments) ?? `No operation is called by ${method} ${pathname}.`;
  return { error: { ...unknownOperation, message } };
}

/** Who may be meant, the likeliest first. */
function servicesOf(scope: Exclude<ServiceScope, 'foreign'>): readonly ServiceName[] {
  return scope === 'unsigned' ? ['iot', 'iot-data', 'iot-jobs-data'] : [scope, 'iot'];
}

function matchService(
  method: string,
  segments: readonly string[],
  scope: Exclude<ServiceScope, 'foreign'>,
): RouteMatch<OperationEntry> | undefined {
  const [first, ...rest] = segments;
  if (first === dataPlanePrefix) return dataRoutes.match(method, rest);
  switch (scope) {
    case 'iot':
      return controlRoutes.match(method, segments);
    case 'iot-jobs-data':
      return dataRoutes.match(method, segments);
    case 'iot-data':
      return shadowRoutes.match(method, segments);
    case 'unsigned':
      return (
        dataRoutes.match(method, segments) ??
        shadowRoutes.match(method, segments) ??
        controlRoutes.match(method, segments)
      );
  }
}

/** An empty body counts as `{}`: SDKs send none when every member of it is unset. */
function readBody({ request }: OperationEntry, body: Uint8Array): Read<Members> {
  const [payload] = request.payload ?? [];
  if (payload !== undefined) {
    const text = decodeUtf8(body);
    return text === undefined ? { error: unsupportedEncoding } : { value: { [payload.name]: text } };
  }
  if (request.body === undefined || body.length === 0) return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    return refused(`The request body is not JSON: ${(cause as Error).message}`);
  }
  return isJsonObject(value) ? { value } : refused('The request body must be a JSON object.');
}

function refused(message: string): { readonly error: AwsError } {
  return { error: { ...invalidRequest, message } };
}

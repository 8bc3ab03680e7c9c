/**
 * The members of a request, gathered from path, query, headers and body as the operations table binds them. Unknown members and
 * nulls are dropped, as AWS drops them. Nothing is judged here: a value of the wrong type is passed on as it came, for the
 * validation to refuse in AWS's words. Source: reference http-api.md §1; docs/clients.md rule 4 (numbers as strings).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject } from '../../protocol/json.ts';
import { type MemberBinding, type OperationEntry, type ServiceName, shapeOf } from '../../protocol/operations.ts';
import type { PathParameters } from './route-table.ts';

export type Members = Record<string, unknown>;

/** Members that older pages of the AWS documentation have and the model has not (reference http-api.md §5). */
const undocumentedQuery: Readonly<Record<string, readonly MemberBinding[]>> = {
  GetPendingJobExecutions: [{ name: 'namespaceId', shape: 'JobId' }],
};

/** What a request consists of, as it stood on the wire. */
export interface RequestParts {
  readonly parameters: PathParameters;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Members>;
}

export function gatherMembers(operation: OperationEntry, parts: RequestParts): Members {
  const { parameters, query, headers, body } = parts;
  const { service, name, request } = operation;
  const members: Members = {};
  const take = (binding: MemberBinding, value: unknown): void => {
    if (value !== undefined && value !== null) members[binding.name] = value;
  };
  for (const binding of request.path ?? []) take(binding, fromText(service, binding, parameters[binding.name]));
  for (const binding of [...(request.query ?? []), ...(undocumentedQuery[name] ?? [])]) {
    take(binding, fromText(service, binding, query.get(binding.wireName ?? binding.name)));
  }
  for (const binding of request.header ?? []) {
    const value = headers[(binding.wireName ?? binding.name).toLowerCase()];
    take(binding, fromText(service, binding, Array.isArray(value) ? value[0] : value));
  }
  for (const binding of request.body ?? []) {
    if (Object.hasOwn(body, binding.name)) take(binding, fromJson(service, binding.shape, body[binding.name]));
  }
  return members;
}

/** Text of a path or a query as the member's type, where it can be read as one. */
function fromText(service: ServiceName, { shape }: MemberBinding, text: string | null | undefined): unknown {
  if (text === null || text === undefined) return undefined;
  switch (shapeOf(service, shape).type) {
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'integer':
    case 'long':
      return integerIn(text);
    default:
      return text;
  }
}

/** Devices in the field send numbers as strings; the control plane's clients do not. */
function fromJson(service: ServiceName, shapeName: string, value: unknown): unknown {
  const shape = shapeOf(service, shapeName);
  switch (shape.type) {
    case 'structure':
      return isJsonObject(value) ? knownMembers(service, shape.members, value) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => fromJson(service, shape.member, item)) : value;
    case 'integer':
    case 'long':
      return service === 'iot-jobs-data' && typeof value === 'string' ? integerIn(value) : value;
    default:
      return value;
  }
}

function knownMembers(
  service: ServiceName,
  members: Readonly<Record<string, { readonly shape: string }>>,
  value: Readonly<Members>,
): Members {
  const known: Members = {};
  for (const [name, { shape }] of Object.entries(members)) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member !== undefined && member !== null) known[name] = fromJson(service, shape, member);
  }
  return known;
}

function integerIn(text: string): number | string {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

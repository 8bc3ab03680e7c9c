/**
 * Which operation a request line means, from the operations table. The raw path is split before anything is decoded, and
 * each segment is decoded by itself, because clients write `$next` as `%24next` and a thing name's `:` as `%3A`, and a
 * framework's router would normalise the path first. A literal segment beats a parameter, and the method decides among the
 * operations of one path; this file knows no operation by name.
 */
import type { OperationEntry } from '../../protocol/operations.ts';

export type PathParameters = Readonly<Record<string, string>>;

export interface RouteMatch {
  readonly operation: OperationEntry;
  readonly parameters: PathParameters;
}

export interface RouteTable {
  match(method: string, segments: readonly string[]): RouteMatch | undefined;
}

interface Route {
  readonly operation: OperationEntry;
  /** Names of the path's parameters by position; a literal segment has none. */
  readonly names: readonly (string | undefined)[];
}

interface Branch {
  readonly literals: Map<string, Branch>;
  parameter?: Branch;
  readonly byMethod: Map<string, Route>;
}

export function createRouteTable(operations: readonly OperationEntry[]): RouteTable {
  const root = newBranch();
  for (const operation of operations) plant(root, operation);
  return {
    match(method, segments) {
      const route = find(root, method, segments, 0);
      return route && { operation: route.operation, parameters: parametersOf(route, segments) };
    },
  };
}

/**
 * The decoded segments of a raw path, without the leading slash.
 * @returns `undefined` when a percent-encoding is broken or is not UTF-8.
 */
export function splitPath(rawPath: string): readonly string[] | undefined {
  try {
    return rawPath.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function newBranch(): Branch {
  return { literals: new Map(), byMethod: new Map() };
}

function plant(root: Branch, operation: OperationEntry): void {
  const names: (string | undefined)[] = [];
  let branch = root;
  for (const segment of operation.uri.slice(1).split('/')) {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    names.push(name);
    branch = name === undefined ? literalBranch(branch, segment) : (branch.parameter ??= newBranch());
  }
  branch.byMethod.set(operation.method, { operation, names });
}

function literalBranch(branch: Branch, segment: string): Branch {
  const existing = branch.literals.get(segment);
  if (existing !== undefined) return existing;
  const created = newBranch();
  branch.literals.set(segment, created);
  return created;
}

function find(branch: Branch, method: string, segments: readonly string[], depth: number): Route | undefined {
  const segment = segments[depth];
  if (segment === undefined) return branch.byMethod.get(method);
  const literal = branch.literals.get(segment);
  const found = literal && find(literal, method, segments, depth + 1);
  if (found !== undefined || branch.parameter === undefined || segment === '') return found;
  return find(branch.parameter, method, segments, depth + 1);
}

function parametersOf({ names }: Route, segments: readonly string[]): PathParameters {
  const parameters: Record<string, string> = {};
  names.forEach((name, position) => {
    if (name !== undefined) parameters[name] = segments[position] ?? '';
  });
  return parameters;
}

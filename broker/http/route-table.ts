/**
 * Which operation a request line means, from the operations table. The raw path is split before anything is decoded, and
 * each segment is decoded by itself, because clients write `$next` as `%24next` and a thing name's `:` as `%3A`, and a
 * framework's router would normalise the path first. A literal segment beats a parameter, and the method decides among the
 * operations of one path; this file knows no operation by name.
 */
export type PathParameters = Readonly<Record<string, string>>;

/** What a route needs of an operation. */
interface RequestLine {
  readonly method: string;
  readonly uri: string;
}

export interface RouteMatch<Operation> {
  readonly operation: Operation;
  readonly parameters: PathParameters;
}

export interface RouteTable<Operation> {
  match(method: string, segments: readonly string[]): RouteMatch<Operation> | undefined;
}

interface Route<Operation> {
  readonly operation: Operation;
  /** Names of the path's parameters by position; a literal segment has none. */
  readonly names: readonly (string | undefined)[];
}

interface Branch<Operation> {
  readonly literals: Map<string, Branch<Operation>>;
  parameter?: Branch<Operation>;
  readonly byMethod: Map<string, Route<Operation>>;
}

export function createRouteTable<Operation extends RequestLine>(
  operations: readonly Operation[],
): RouteTable<Operation> {
  const root = newBranch<Operation>();
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

function newBranch<Operation>(): Branch<Operation> {
  return { literals: new Map(), byMethod: new Map() };
}

function plant<Operation extends RequestLine>(root: Branch<Operation>, operation: Operation): void {
  const names: (string | undefined)[] = [];
  let branch = root;
  for (const segment of operation.uri.slice(1).split('/')) {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    names.push(name);
    branch = name === undefined ? literalBranch(branch, segment) : (branch.parameter ??= newBranch());
  }
  branch.byMethod.set(operation.method, { operation, names });
}

function literalBranch<Operation>(branch: Branch<Operation>, segment: string): Branch<Operation> {
  const existing = branch.literals.get(segment);
  if (existing !== undefined) return existing;
  const created = newBranch<Operation>();
  branch.literals.set(segment, created);
  return created;
}

function find<Operation>(
  branch: Branch<Operation>,
  method: string,
  segments: readonly string[],
  depth: number,
): Route<Operation> | undefined {
  const segment = segments[depth];
  if (segment === undefined) return branch.byMethod.get(method);
  const literal = branch.literals.get(segment);
  const found = literal && find(literal, method, segments, depth + 1);
  if (found !== undefined || branch.parameter === undefined || segment === '') return found;
  return find(branch.parameter, method, segments, depth + 1);
}

function parametersOf({ names }: Pick<Route<unknown>, 'names'>, segments: readonly string[]): PathParameters {
  const parameters: Record<string, string> = {};
  names.forEach((name, position) => {
    if (name !== undefined) parameters[name] = segments[position] ?? '';
  });
  return parameters;
}

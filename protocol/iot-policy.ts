/**
 * AWS IoT policies: reading a policy document, and whether the policies of a principal allow an action on a resource. Allowed
 * is only what a statement allows and none denies. Variables are filled in once for each connection, by `policyFor`.
 * Source: reference shadow-and-provisioning.md §3, connection.md §4.
 */
import { isJsonObject, parseJsonObject } from './json.ts';

export interface PolicyDocument {
  readonly statements: readonly Statement[];
}

interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly operator: Operator;
  /** Holds also where the variable has no value. */
  readonly ifExists: boolean;
  readonly key: string;
  readonly values: readonly string[];
}

/** A variable's value by its name, e.g. `iot:ClientId`; absent: it has none. */
export type PolicyVariables = (name: string) => string | undefined;

/** What a principal may do. Resources are ARNs; those of topics may hold `+` and `#`, which mean nothing here. */
export type Policy = (action: string, resource: string) => boolean;

/** @returns what is wrong with the text, in words. */
export function readPolicy(text: string): PolicyDocument | { readonly problem: string } {
  const document = parseJsonObject(text);
  if (document === undefined) return { problem: 'Policy document is Malformed' };
  const { Version: version = '2012-10-17', Statement: given } = document;
  if (version !== '2012-10-17' && version !== '2008-10-17')
    return { problem: `Version ${String(version)} is not known` };
  const list = Array.isArray(given) ? (given as readonly unknown[]) : [given];
  if (list.length === 0) return { problem: 'Statement is empty' };
  const statements: Statement[] = [];
  for (const one of list) {
    const statement = readStatement(one);
    if (typeof statement === 'string') return { problem: statement };
    statements.push(statement);
  }
  return { statements };
}

const known: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);

function readStatement(value: unknown): Statement | string {
  if (!isJsonObject(value)) return 'A statement must be an object';
  const unknown = Object.keys(value).find((name) => !known.has(name));
  if (unknown !== undefined) return `${unknown} is not known in a statement`;
  const { Effect: effect, Action: action, Resource: resource, Condition: condition = {} } = value;
  if (effect !== 'Allow' && effect !== 'Deny') return 'Effect must be Allow or Deny';
  const [actions, resources] = [texts(action), texts(resource)];
  if (actions === undefined || !actions.every((text) => /^(\*|[a-z-]+:[a-z*?]+)$/i.test(text))) {
    return 'Action must name actions';
  }
  if (resources === undefined || !resources.every((text) => text === '*' || text.startsWith('arn:'))) {
    return 'Resource must name resources by ARN';
  }
  const conditions = readConditions(condition);
  if (typeof conditions === 'string') return conditions;
  return { allows: effect === 'Allow', actions, resources, conditions };
}

/** One text, or a list of at least one. */
function texts(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return list.length > 0 && list.every((one) => typeof one === 'string') ? list : undefined;
}

function readConditions(value: unknown): readonly Condition[] | string {
  if (!isJsonObject(value)) return 'Condition must be an object';
  const conditions: Condition[] = [];
  for (const [name, tests] of Object.entries(value)) {
    const [, word = '', suffix] = /^(?:ForAnyValue:|ForAllValues:)?([A-Za-z]+?)(IfExists)?$/.exec(name) ?? [];
    const operator = operators.get(word);
    if (operator === undefined || !isJsonObject(tests)) return `Condition ${name} is not known`;
    for (const [key, expected] of Object.entries(tests)) {
      const values = texts(Array.isArray(expected) ? expected.map(asText) : asText(expected));
      if (values === undefined) return `Condition ${name} has no values for ${key}`;
      conditions.push({ operator, ifExists: suffix !== undefined, key, values });
    }
  }
  return conditions;
}

function asText(value: unknown): unknown {
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : value;
}

/** What `found` must be to one of the values, which may hold variables. */
type Operator = (found: string | undefined, values: readonly string[], variables: PolicyVariables) => boolean;

const operators: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', anyOf((found, value) => found === value)],
  ['StringNotEquals', noneOf((found, value) => found === value)],
  ['StringEqualsIgnoreCase', anyOf((found, value) => found.toLowerCase() === value.toLowerCase())],
  ['StringNotEqualsIgnoreCase', noneOf((found, value) => found.toLowerCase() === value.toLowerCase())],
  ['StringLike', anyPattern],
  ['StringNotLike', (found, values, variables) => !anyPattern(found, values, variables)],
  ['Bool', anyOf((found, value) => found.toLowerCase() === value.toLowerCase())],
  ['Null', (found, values) => values.includes(String(found === undefined))],
  ['IpAddress', anyOf(isWithin)],
  ['NotIpAddress', noneOf(isWithin)],
]);

function anyOf(holds: (found: string, value: string) => boolean): Operator {
  return (found, values, variables) =>
    found !== undefined && values.some((value) => holds(found, filledIn(value, variables) ?? ''));
}

function noneOf(holds: (found: string, value: string) => boolean): Operator {
  const holdsForAny = anyOf(holds);
  return (found, values, variables) => !holdsForAny(found, values, variables);
}

function anyPattern(found: string | undefined, values: readonly string[], variables: PolicyVariables): boolean {
  return found !== undefined && values.some((value) => matches(patternOf(value, variables), found));
}

function filledIn(text: string, variables: PolicyVariables): string | undefined {
  const parts = partsOf(text, variables);
  return parts?.map((part) => part.text).join('');
}

/** IPv4 only, with or without the length of a prefix. */
function isWithin(address: string, range: string): boolean {
  const [network = '', length = '32'] = range.split('/');
  const [one, other] = [ipv4(address), ipv4(network)];
  if (one === undefined || other === undefined) return address === range;
  const bits = 32 - Number(length);
  return bits >= 32 || Math.floor(one / 2 ** bits) === Math.floor(other / 2 ** bits);
}

function ipv4(text: string): number | undefined {
  const bytes = text.replace(/^::ffff:/, '').split('.');
  if (bytes.length !== 4 || !bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

// Deciding.

/** A pattern, character by character: a code unit that must be there, or what may stand for others. */
type Pattern = readonly number[];
const anyRun = -1;
const anyOne = -2;

interface Rule {
  readonly allows: boolean;
  readonly actions: readonly Pattern[];
  readonly resources: readonly Pattern[];
}

/** What the documents allow to one principal, whose variables are known. */
export function policyFor(documents: readonly PolicyDocument[], variables: PolicyVariables): Policy {
  const rules: readonly Rule[] = documents
    .flatMap(({ statements }) => statements)
    .filter(({ conditions }) => conditions.every((condition) => isMet(condition, variables)))
    .map(({ allows, actions, resources }) => ({
      allows,
      actions: actions.map((action) => patternOf(action.toLowerCase(), noVariables)!),
      resources: resources.flatMap((resource) => {
        const pattern = patternOf(resource, variables);
        return pattern === undefined ? [] : [pattern];
      }),
    }));
  return (action, resource) => {
    let allowed = false;
    for (const rule of rules) {
      if (rule.allows && allowed) continue;
      if (!rule.actions.some((pattern) => matches(pattern, action.toLowerCase()))) continue;
      if (!rule.resources.some((pattern) => matches(pattern, resource))) continue;
      if (!rule.allows) return false;
      allowed = true;
    }
    return allowed;
  };
}

/**
 * What policies, as they were given, allow to one principal. Regions in their resources are not looked at: a rig has one, and
 * takes that of whoever has written the policy for it. A text that is malformed, which none that was accepted is, says nothing.
 */
export function policyOf(given: readonly string[], variables: PolicyVariables): Policy {
  const documents = given.flatMap((text) => {
    const document = readPolicy(text.replaceAll(/"arn:aws[a-z-]*:iot:[a-z0-9-]*:/g, '"arn:aws:iot:*:'));
    return 'problem' in document ? [] : [document];
  });
  return policyFor(documents, variables);
}

const noVariables: PolicyVariables = () => undefined;

function isMet({ operator, ifExists, key, values }: Condition, variables: PolicyVariables): boolean {
  const found = variables(key);
  return (ifExists && found === undefined) || operator(found, values, variables);
}

interface Part {
  readonly text: string;
  /** Came from a variable, so that `*` and `?` in it stand for themselves. */
  readonly literal: boolean;
}

/** @returns `undefined` when a variable has no value, or one that must not be filled in. */
function partsOf(text: string, variables: PolicyVariables): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (const [index, piece] of text.split(/\$\{([^}]*)\}/).entries()) {
    if (index % 2 === 0) parts.push({ text: piece, literal: false });
    else if (piece === '*' || piece === '?' || piece === '$') parts.push({ text: piece, literal: true });
    else {
      const value = variables(piece);
      if (value === undefined || /[*$+?#]/.test(value)) return undefined;
      parts.push({ text: value, literal: true });
    }
  }
  return parts;
}

function patternOf(text: string, variables: PolicyVariables): Pattern | undefined {
  return partsOf(text, variables)?.flatMap(({ text: part, literal }) =>
    part.split('').map((sign) => {
      if (!literal && sign === '*') return anyRun;
      return !literal && sign === '?' ? anyOne : sign.charCodeAt(0);
    }),
  );
}

/** At most one step back for each run, so that no pattern takes long. */
function matches(pattern: Pattern | undefined, text: string): boolean {
  if (pattern === undefined) return false;
  let [at, index] = [0, 0];
  let run = -1;
  let runFrom = 0;
  while (index < text.length) {
    const sign = pattern[at];
    if (sign === anyRun) {
      run = at;
      runFrom = index;
      at += 1;
    } else if (sign === anyOne || sign === text.charCodeAt(index)) {
      at += 1;
      index += 1;
    } else if (run >= 0) {
      runFrom += 1;
      index = runFrom;
      at = run + 1;
    } else return false;
  }
  while (pattern[at] === anyRun) at += 1;
  return at === pattern.length;
}

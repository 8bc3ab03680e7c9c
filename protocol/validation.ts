/**
 * Checks a request against the operation table and says no in AWS's own words. What only state can tell (does the job
 * exist, may it be updated) is the engine's; what several members say together is in request-rules.ts.
 *
 * The checks of a shape are compiled once into closures that allocate nothing for a valid request, because every update
 * of every device passes through here. Source: reference configs.md §8, limits.md, the table's shapes and server-side rules.
 */
import { isJsonObject } from './json.ts';
import { otaJobIdPrefix } from './names.ts';
import type { MapShape, NumberShape, ServiceName, Shape, StringShape, StructureShape } from './operations.ts';
import { operationsOf, serverSideRules, shapeOf } from './operations.ts';
import { brokenRule } from './request-rules.ts';

/** Adds one clause for each constraint that `value`, found at `path`, does not satisfy. */
type Check = (value: unknown, path: string, clauses: string[]) => void;

interface Constraint<Value> {
  readonly holds: (value: Value) => boolean;
  /** What AWS writes after `Member must`. */
  readonly text: string;
}

/**
 * @param members path, query and body members together, of the JSON types that the table names.
 * @returns the message of AWS's InvalidRequestException, or `undefined` when the request is well formed.
 */
export function validateRequest(
  service: ServiceName,
  operationName: string,
  members: Readonly<Record<string, unknown>>,
): string | undefined {
  const clauses: string[] = [];
  requestCheck(service, operationName)(members, '', clauses);
  if (clauses.length === 0) return service === 'iot' ? brokenRule(operationName, members) : undefined;
  return validationMessage(clauses);
}

/** Joins failed constraints as AWS does. */
function validationMessage(clauses: readonly string[]): string {
  return `${clauses.length} validation error${clauses.length === 1 ? '' : 's'} detected: ${clauses.join('; ')}`;
}

const compiled: Record<ServiceName, Map<string, Check>> = {
  iot: new Map(),
  'iot-jobs-data': new Map(),
  'iot-data': new Map(),
};
const requestShapes: Record<ServiceName, ReadonlyMap<string, string>> = {
  iot: requestShapesOf('iot'),
  'iot-jobs-data': requestShapesOf('iot-jobs-data'),
  'iot-data': requestShapesOf('iot-data'),
};

function requestShapesOf(service: ServiceName): ReadonlyMap<string, string> {
  return new Map(operationsOf(service).map((entry) => [entry.name, entry.requestShape]));
}

function requestCheck(service: ServiceName, operationName: string): Check {
  const shapeName = requestShapes[service].get(operationName);
  if (shapeName === undefined) throw new Error(`the ${service} table has no operation ${operationName}`);
  return checkOf(service, shapeName);
}

function checkOf(service: ServiceName, shapeName: string): Check {
  const known = compiled[service].get(shapeName);
  if (known !== undefined) return known;
  const check = compile(service, shapeName, shapeOf(service, shapeName));
  compiled[service].set(shapeName, check);
  return check;
}

function compile(service: ServiceName, name: string, shape: Shape): Check {
  switch (shape.type) {
    case 'structure':
      return structureCheck(service, name, shape);
    case 'list':
      return listCheck(boundsOn(name, shape, lengthWords, sizeOfList), checkOf(service, shape.member), (value) =>
        printed(service, name, value),
      );
    case 'map':
      return mapCheck(service, shape, boundsOn(name, shape, lengthWords, sizeOfMap));
    case 'string':
      return scalarCheck(isString, 'a string', String, stringConstraints(service, name, shape));
    case 'integer':
      return scalarCheck(isInteger, 'an integer', String, numberConstraints(name, shape));
    case 'long':
      return scalarCheck(isLong, 'an integer', String, numberConstraints(name, shape));
    case 'double':
      return scalarCheck(isNumber, 'a number', showDouble, numberConstraints(name, shape));
    case 'boolean':
      return scalarCheck(isBoolean, 'a boolean', String, []);
    case 'timestamp':
      return scalarCheck(isNumber, 'a timestamp', String, []);
  }
}

// Structures, lists and maps.

/**
 * Observed: AWS lists failed clauses in an order of its own, whatever the order of the request (configs.md §8). Members
 * that no capture shows come first, in the order of the model.
 */
const clauseOrder = [
  'jobExecutionsRolloutConfig',
  'presignedUrlConfig',
  'jobExecutionsRetryConfig',
  'abortConfig',
  'minNumberOfExecutedThings',
  'failureType',
  'action',
  'thresholdPercentage',
];

/** Observed: AWS has a text of its own for whatever is wrong with these, in request-rules.ts (configs.md §8). */
const worded: ReadonlySet<string> = new Set(['PresignedUrlConfig.roleArn']);
const anyText = scalarCheck(isString, 'a string', String, []);

function structureCheck(service: ServiceName, shapeName: string, shape: StructureShape): Check {
  const required = new Set(shape.required);
  const checkFor = (name: string, member: string): Check =>
    worded.has(`${shapeName}.${name}`) ? anyText : checkOf(service, member);
  const members = Object.entries(shape.members)
    .map(([name, member]) => ({ name, required: required.has(name), check: checkFor(name, member.shape) }))
    .sort((a, b) => clauseOrder.indexOf(a.name) - clauseOrder.indexOf(b.name));
  return (value, path, clauses) => {
    if (!isJsonObject(value)) {
      clauses.push(clause(show(value), path, 'be an object'));
      return;
    }
    for (const member of members) {
      const found = value[member.name];
      const at = path === '' ? member.name : `${path}.${member.name}`;
      if (found !== undefined && found !== null) member.check(found, at, clauses);
      else if (member.required) clauses.push(clause('null', at, 'not be null'));
    }
  };
}

function listCheck(
  constraints: readonly Constraint<readonly unknown[]>[],
  element: Check,
  print: (value: readonly unknown[]) => string,
): Check {
  return (value, path, clauses) => {
    if (!Array.isArray(value)) {
      clauses.push(clause(show(value), path, 'be a list'));
      return;
    }
    for (const { holds, text } of constraints) if (!holds(value)) clauses.push(clause(`'${print(value)}'`, path, text));
    value.forEach((item: unknown, index) => element(item, `${path}.${index + 1}.member`, clauses));
  };
}

/** Assumed: keys and values are refused together, in the words that other AWS services of this framework use. */
function mapCheck(
  service: ServiceName,
  { key: keyShape, value: valueShape }: MapShape,
  constraints: readonly Constraint<Readonly<Record<string, unknown>>>[],
): Check {
  const keyCheck = checkOf(service, keyShape);
  const valueCheck = checkOf(service, valueShape);
  return (value, path, clauses) => {
    if (!isJsonObject(value)) {
      clauses.push(clause(show(value), path, 'be a map'));
      return;
    }
    for (const { holds, text } of constraints) if (!holds(value)) clauses.push(clause(show(value), path, text));
    const before = clauses.length;
    let badKey = false;
    let badValue = false;
    for (const key of Object.keys(value)) {
      keyCheck(key, path, clauses);
      badKey ||= clauses.length > before;
      clauses.length = before;
      valueCheck(value[key], path, clauses);
      badValue ||= clauses.length > before;
      clauses.length = before;
    }
    if (badKey) clauses.push(entryClause(value, path, 'Map keys', service, keyShape));
    if (badValue) clauses.push(entryClause(value, path, 'Map value', service, valueShape));
  };
}

function entryClause(map: unknown, path: string, what: string, service: ServiceName, shapeName: string): string {
  const shape = shapeOf(service, shapeName);
  const constraints = shape.type === 'string' ? stringConstraints(service, shapeName, shape) : [];
  const texts = constraints.map(({ text }) => `Member must ${text}`);
  return `Value ${show(map)} at '${path}' failed to satisfy constraint: ${what} must satisfy constraint: [${texts.join(', ')}]`;
}

// Scalars.

function scalarCheck<Value>(
  isOfType: (value: unknown) => value is Value,
  typeWords: string,
  print: (value: Value) => string,
  constraints: readonly Constraint<Value>[],
): Check {
  return (value, path, clauses) => {
    if (!isOfType(value)) {
      // Assumed: AWS refuses a wrong JSON type while it reads the request; its words are not known.
      clauses.push(clause(show(value), path, `be ${typeWords}`));
      return;
    }
    for (const { holds, text } of constraints) {
      if (!holds(value)) clauses.push(clause(`'${print(value)}'`, path, text));
    }
  };
}

function stringConstraints(service: ServiceName, name: string, shape: StringShape): readonly Constraint<string>[] {
  const constraints = [...boundsOn(name, shape, lengthWords, name === 'JobId' ? lengthOfJobId : lengthOfText)];
  const { enum: values, pattern } = shape;
  if (values !== undefined) {
    const inOrder = printedEnums[name] ?? values;
    constraints.push({
      holds: (value) => values.includes(value),
      text: `satisfy enum value set: [${inOrder.join(', ')}]`,
    });
  }
  if (pattern !== undefined) {
    const expression = service === 'iot-jobs-data' && name === 'DetailsValue' ? deviceText : fullMatch(pattern);
    constraints.push({
      holds: (value) => expression.test(value),
      text: `satisfy regular expression pattern: ${pattern}`,
    });
  }
  return constraints;
}

/** Observed: the order in which AWS prints these two sets (configs.md §8). */
const printedEnums: Readonly<Record<string, readonly string[]>> = {
  JobExecutionFailureType: ['ALL', 'TIMED_OUT', 'FAILED', 'REJECTED'],
  RetryableFailureType: ['ALL', 'TIMED_OUT', 'FAILED'],
};

/**
 * Assumed: line breaks and tabs pass in a device's status details although they are control characters. The AWS IoT Device
 * Client reports the output of its handlers there, line by line (mqtt-api.md §8).
 */
const deviceText = /^[\t\n\r\P{C}]+$/u;

/** A Java pattern of the model as a JavaScript expression that the whole value must match. */
function fullMatch(pattern: string): RegExp {
  const translated = pattern
    .replaceAll('\\p{Upper}', 'A-Z')
    .replaceAll('\\p{Digit}', '0-9')
    .replaceAll('\\p{Graph}', '!-~');
  return new RegExp(`^(?:${translated})$`, 'u');
}

function numberConstraints(name: string, shape: NumberShape): readonly Constraint<number>[] {
  const constraints = [...boundsOn(name, shape, valueWords, (value: number) => value)];
  const places = decimalPlaces[name];
  if (places !== undefined) {
    constraints.push({
      holds: (value) => Number(value.toFixed(places)) === value,
      text: `have at most ${places} decimal place${places === 1 ? '' : 's'}`,
    });
  }
  return constraints;
}

/** Documented, but AWS's words for it are not known (configs.md §1 and §2). */
const decimalPlaces: Readonly<Record<string, number>> = { IncrementFactor: 1, AbortThresholdPercentage: 2 };

// Bounds: of the model, or of a server-side rule where the model has none.

const lengthWords = 'have length';
const valueWords = 'have value';

/** These bounds have messages of their own, in request-rules.ts. */
const boundedByRule = new Set(['InProgressTimeoutInMinutes']);

function boundsOn<Value>(
  name: string,
  shape: { readonly min?: number; readonly max?: number },
  words: string,
  measure: (value: Value) => number,
): readonly Constraint<Value>[] {
  const rule = boundedByRule.has(name) ? undefined : serverSideRules.find(({ where }) => where === name);
  const { min = rule?.min, max = rule?.max } = shape;
  const alsoAllowed = rule?.alsoAllowed ?? [];
  const constraints: Constraint<Value>[] = [];
  if (max !== undefined) {
    constraints.push({ holds: (value) => measure(value) <= max, text: `${words} less than or equal to ${max}` });
  }
  if (min !== undefined) {
    constraints.push({
      holds: (value) => measure(value) >= min || alsoAllowed.includes(measure(value)),
      text: `${words} greater than or equal to ${min}`,
    });
  }
  return constraints;
}

function lengthOfText(value: string): number {
  return value.length;
}

/** Jobs of OTA updates may be longer by their prefix; CreateJob has a rule of its own against it. */
function lengthOfJobId(value: string): number {
  return value.startsWith(otaJobIdPrefix) ? value.length - otaJobIdPrefix.length : value.length;
}

function sizeOfList(value: readonly unknown[]): number {
  return value.length;
}

function sizeOfMap(value: Readonly<Record<string, unknown>>): number {
  return Object.keys(value).length;
}

// Types and words.

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

function isLong(value: unknown): value is number {
  return Number.isInteger(value);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function clause(shown: string, path: string, constraint: string): string {
  return `Value ${shown} at '${path}' failed to satisfy constraint: Member must ${constraint}`;
}

function show(value: unknown): string {
  return value === null || value === undefined ? 'null' : `'${plain(value)}'`;
}

/**
 * A value of a shape as AWS prints it. Observed for a list of structures: `[RetryCriteria(failureType=FAILED,
 * numberOfRetries=1)]` (configs.md §8); what is unset is assumed to be printed as null.
 */
function printed(service: ServiceName, shapeName: string, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const shape = shapeOf(service, shapeName);
  if (shape.type === 'list' && Array.isArray(value)) {
    return `[${value.map((item) => printed(service, shape.member, item)).join(', ')}]`;
  }
  if (shape.type === 'double' && isNumber(value)) return showDouble(value);
  if (shape.type !== 'structure' || !isJsonObject(value)) return plain(value);
  const members = Object.entries(shape.members).map(
    ([name, member]) => `${name[0]!.toLowerCase()}${name.slice(1)}=${printed(service, member.shape, value[name])}`,
  );
  return `${shapeName}(${members.join(', ')})`;
}

/** A value as AWS prints it: `[a, b]`, `{key=value}`. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (!isJsonObject(value)) return String(value);
  const entries = Object.entries(value).map(([name, member]) => `${name}=${plain(member)}`);
  return `{${entries.join(', ')}}`;
}

/** AWS writes doubles with a fraction: `101.0`. */
function showDouble(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

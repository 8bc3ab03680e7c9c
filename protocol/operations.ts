/**
 * Typed access to the operation table of the AWS services (`aws/operations.json`, made by `aws/generate.mjs` from the
 * service models). Routing, binding, validation and error statuses are derived from it; nothing is decided here.
 * Source: reference iot-jobs-operations.json.
 */
import table from './aws/operations.json' with { type: 'json' };

/** The control plane, the Jobs data plane and the data plane of shadows. */
export const serviceNames = ['iot', 'iot-jobs-data', 'iot-data'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface MemberBinding {
  readonly name: string;
  readonly shape: string;
  readonly required?: boolean;
  /** What it is called in the query or the headers; absent: its name. */
  readonly wireName?: string;
}

export interface OperationEntry {
  readonly service: ServiceName;
  readonly name: string;
  readonly method: string;
  /** Path with `{member}` places. */
  readonly uri: string;
  readonly request: {
    readonly path?: readonly MemberBinding[];
    readonly query?: readonly MemberBinding[];
    readonly header?: readonly MemberBinding[];
    readonly body?: readonly MemberBinding[];
    /** The member that is the body as it came, instead of a JSON object of members. */
    readonly payload?: readonly [MemberBinding];
  };
  readonly requestShape: string;
  /** Absent: the answer has no body. */
  readonly responseShape?: string;
  /** The member of the answer that is the body as it is, JSON text. */
  readonly responsePayload?: string;
  /** Exception name → HTTP status. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface StructureShape {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, { readonly shape: string }>>;
  readonly required?: readonly string[];
}

interface Bounded {
  /** Least and most: a value for numbers, characters for strings, entries for lists and maps. */
  readonly min?: number;
  readonly max?: number;
}

export interface ListShape extends Bounded {
  readonly type: 'list';
  readonly member: string;
}

export interface MapShape extends Bounded {
  readonly type: 'map';
  readonly key: string;
  readonly value: string;
}

export interface StringShape extends Bounded {
  readonly type: 'string';
  /** A Java regular expression that the whole value must match. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface NumberShape extends Bounded {
  readonly type: 'integer' | 'long' | 'double';
}

export interface PlainShape {
  readonly type: 'boolean' | 'timestamp';
}

export type Shape = StructureShape | ListShape | MapShape | StringShape | NumberShape | PlainShape;

/** A limit that the service enforces although its model does not carry it. */
export interface ServerSideRule {
  /** A shape's name, or in words what the rule is about. */
  readonly where: string;
  readonly rule: string;
  /** Letters of the reference's evidence tags. */
  readonly evidence: string;
  readonly min?: number;
  readonly max?: number;
  readonly alsoAllowed?: readonly number[];
}

interface OperationTable {
  readonly operations: Readonly<
    Record<ServiceName, Readonly<Record<string, Omit<OperationEntry, 'service' | 'name'>>>>
  >;
  readonly shapes: Readonly<Record<ServiceName, Readonly<Record<string, Shape>>>>;
  readonly serverSideRules: readonly ServerSideRule[];
}

const { operations, shapes, serverSideRules: rules } = table as unknown as OperationTable;

const entries: Readonly<Record<ServiceName, readonly OperationEntry[]>> = {
  iot: entriesOf('iot'),
  'iot-jobs-data': entriesOf('iot-jobs-data'),
  'iot-data': entriesOf('iot-data'),
};

function entriesOf(service: ServiceName): readonly OperationEntry[] {
  return Object.entries(operations[service]).map(([name, operation]) => ({ service, name, ...operation }));
}

/** Every operation of a service, in the order of the table. */
export function operationsOf(service: ServiceName): readonly OperationEntry[] {
  return entries[service];
}

/** @throws when the table has no such shape, which is a bug of the caller. */
export function shapeOf(service: ServiceName, name: string): Shape {
  const shape = shapes[service][name];
  if (shape === undefined) throw new Error(`the ${service} table has no shape ${name}`);
  return shape;
}

export const serverSideRules: readonly ServerSideRule[] = rules;

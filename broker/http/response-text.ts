/**
 * Responses as JSON text, written member by member after the output shapes of the operations table: what the table does not
 * name never leaves, instants are written as seconds with a fraction, doubles keep their decimal point (`50.0`).
 * Unset members are left out, but for the describes of jobs and job templates, which AWS writes out with nulls and with
 * four empty configurations as objects of nulls (reference http-api.md §7, templates.md §1, ambiguities.md A35).
 */
import { type OperationEntry, type ServiceName, shapeOf } from '../../protocol/operations.ts';
import { toFractionalEpochSeconds } from '../../protocol/time.ts';

type Writer = (value: unknown, nulls: boolean) => string;

const writtenWithNulls: ReadonlySet<string> = new Set(['DescribeJob', 'DescribeJobTemplate']);
/** Structures that AWS writes as objects of nulls when they are unset; others it writes as null. */
const writtenWhenUnset: ReadonlySet<string> = new Set([
  'PresignedUrlConfig',
  'JobExecutionsRolloutConfig',
  'TimeoutConfig',
  'SchedulingConfig',
]);

/** The body of a success; empty where the operation has no output. */
export function responseText(operation: OperationEntry, response: unknown): string {
  if (operation.responseShape === undefined) return '';
  if (operation.responsePayload !== undefined)
    return (response as Record<string, string>)[operation.responsePayload] ?? '';
  return writerOf(operation.service, operation.responseShape)(response ?? {}, writtenWithNulls.has(operation.name));
}

const writers = new Map<string, Writer>();

function writerOf(service: ServiceName, shapeName: string): Writer {
  const key = `${service}/${shapeName}`;
  const known = writers.get(key);
  if (known !== undefined) return known;
  const writer = compile(service, shapeName);
  writers.set(key, writer);
  return writer;
}

function compile(service: ServiceName, shapeName: string): Writer {
  const shape = shapeOf(service, shapeName);
  switch (shape.type) {
    case 'structure':
      return structureWriter(
        Object.entries(shape.members).map(([name, member]) => ({
          name,
          label: `${JSON.stringify(name)}:`,
          write: writerOf(service, member.shape),
          whenUnset: writtenWhenUnset.has(member.shape) ? {} : undefined,
        })),
      );
    case 'list': {
      const write = writerOf(service, shape.member);
      return (value, nulls) => `[${(value as readonly unknown[]).map((item) => write(item, nulls)).join(',')}]`;
    }
    case 'map': {
      const write = writerOf(service, shape.value);
      return (value, nulls) =>
        `{${Object.entries(value as object)
          .map(([name, item]) => `${JSON.stringify(name)}:${write(item, nulls)}`)
          .join(',')}}`;
    }
    case 'double':
      return (value) => (Number.isInteger(value) ? `${String(value)}.0` : JSON.stringify(value));
    case 'timestamp':
      return (value) => JSON.stringify(toFractionalEpochSeconds(value as number));
    case 'string':
    case 'boolean':
    case 'integer':
    case 'long':
      return (value) => JSON.stringify(value);
  }
}

interface MemberWriter {
  readonly name: string;
  readonly label: string;
  readonly write: Writer;
  readonly whenUnset: object | undefined;
}

function structureWriter(members: readonly MemberWriter[]): Writer {
  return (value, nulls) => {
    const given = value as Readonly<Record<string, unknown>>;
    const texts: string[] = [];
    for (const { name, label, write, whenUnset } of members) {
      const member = given[name] ?? (nulls ? whenUnset : undefined);
      if (member !== undefined) texts.push(label + write(member, nulls));
      else if (nulls) texts.push(`${label}null`);
    }
    return `{${texts.join(',')}}`;
  };
}

/**
 * The compatibility table as Markdown: operation × member × supported × evidence, from AWS's operation table, from what the
 * service answers to, and from the notes. The test beside it keeps the page in `docs/` equal to it.
 */
import { format, resolveConfig } from 'prettier';
import type { OperationName } from '../../broker/engine/contract.ts';
import { profiles } from '../../broker/engine/profile.ts';
import { doorReadings } from '../../broker/mqtt/readings.ts';
import { type OperationEntry, operationsOf, serverSideRules, shapeOf } from '../../protocol/operations.ts';
import { brokerRules } from '../mqtt/aws-broker-rules.ts';
import { type Difference, brokerDifferences, serviceDifferences } from './broker-differences.ts';
import { type MemberNote, notes } from './compatibility-notes.ts';

export interface Member {
  readonly name: string;
  readonly shape: string;
  readonly place: 'path' | 'query' | 'header' | 'body' | 'payload' | 'answer';
}

const introduction = `# Compatibility

Every operation of AWS IoT Jobs, of device shadows, and of the registry as far as devices need it, with every member of its
request and its answer.
\`npx vitest run test/docs -u\` writes this page from AWS's operation table and the code; a test keeps it equal to them, and
another one asks the engine whether it reads and answers what is said here.

**Supported** — _yes_: does what AWS does. _kept_: taken and shown again, nothing follows from it. _no_: passed over, or never
answered.

**Evidence** for what AWS does — **M** its service model, **D** its documentation, **L** a published capture or measurement of the
live service, **C** the source of a client; **A**_n_ is an [open point](reference/ambiguities.md), where the sources are silent or
contradict each other and jobrig has decided. The facts themselves are in [reference/](reference/README.md).

Times, errors, limits and messages: see the tests in \`test/http\` and \`test/protocol\`. Clients that run unmodified against it:
\`test/compat\`.
`;

export async function compatibilityPage(handled: ReadonlySet<OperationName>): Promise<string> {
  const control = section('Control plane', operationsOf('iot'), handled);
  const device = section('Jobs data plane', operationsOf('iot-jobs-data'), handled);
  const shadow = section('Shadow data plane', operationsOf('iot-data'), handled);
  const page = [introduction, control, device, shadow, missing(), broker(), besideTheBroker(), openPoints()].join('\n');
  return format(page, { ...(await resolveConfig('docs/compatibility.md')), parser: 'markdown' });
}

function section(title: string, operations: readonly OperationEntry[], handled: ReadonlySet<OperationName>): string {
  const rows = operations.flatMap((operation) => rowsOf(operation, isHandled(operation, handled)));
  return [`## ${title}`, '', '| Operation | Member | In | Supported | Evidence |', '|-|-|-|-|-|', ...rows, ''].join(
    '\n',
  );
}

/** What devices and operators of Jobs come across in AWS IoT and do not find here. */
export const missingOperations: Readonly<Record<string, string>> = {
  StartCommandExecution: 'AWS IoT commands; what a device says of an execution is answered with ResourceNotFound',
  CreateDynamicThingGroup: 'dynamic thing groups: there is no fleet index to query',
  SearchIndex: 'the fleet index',
  StartThingRegistrationTask:
    'bulk registration, with its four sisters (Stop, Describe, List, Reports): call RegisterThing once a thing',
  CreateTopicRule: 'rules; what a device publishes on `$aws/rules/…` is accepted and dropped',
};

function missing(): string {
  const rows = Object.entries(missingOperations).map(([name, what]) => row([name, what]));
  return [
    '## Missing',
    '',
    'Refused with `UnknownOperationException`.',
    '',
    '| Operation | What it belongs to |',
    '|-|-|',
    ...rows,
    '',
  ].join('\n');
}

function broker(): string {
  const rules = brokerRules.map(({ claim, told, evidence }) => row([claim, ...told, evidence]));
  return [
    '## MQTT broker',
    '',
    "What AWS's broker does otherwise than the standard, or where the standard leaves it free. Each row is tried on every way in:",
    'TCP, TLS, WebSocket, by ALPN, whole and in single bytes (`test/mqtt/aws-broker-rules.ts`).',
    '',
    '| What | MQTT 3.1.1 | MQTT 5 | Evidence |',
    '|-|-|-|-|',
    ...rules,
    '',
    'MQTT 5 beside that: content type, response topic, correlation data, user properties in their order and payload format go on to',
    'the receivers; messages expire, and their receivers read what is left; No Local, Retain As Published, Retain Handling, topic',
    'aliases from the client, Receive Maximum, Maximum Packet Size, session expiry, delayed last wills (`test/mqtt/mqtt5.test.ts`).',
    '',
    'What is left otherwise than on AWS:',
    '',
    ...differences(brokerDifferences),
  ].join('\n');
}

function besideTheBroker(): string {
  return [
    '## Shadows, streams, OTA updates, registry, REST API',
    '',
    'What is left otherwise than on AWS; S-rows are the open points of [shadow-and-provisioning.md](reference/shadow-and-provisioning.md)',
    'and [streams-and-ota.md](reference/streams-and-ota.md).',
    '',
    ...differences(serviceDifferences),
  ].join('\n');
}

function differences(rows: readonly Difference[]): readonly string[] {
  const left = rows.map(({ what, aws, here, why }) => row([what, aws, here, why]));
  return ['| What | AWS | Here | Why |', '|-|-|-|-|', ...left, ''];
}

function openPoints(): string {
  const documented: Readonly<Record<string, unknown>> = { ...profiles.documented, ...doorReadings.documented };
  const rows = Object.entries({ ...profiles.observed, ...doorReadings.observed }).map(([name, observed]) =>
    row([`\`${name}\``, String(observed), String(documented[name])]),
  );
  return [
    '## Open points',
    '',
    'Where AWS is silent or contradicts itself and nobody has measured it, `--profile` chooses the reading; each switch is described',
    'in `broker/engine/profile.ts`, those of the MQTT broker in `broker/mqtt/readings.ts`.',
    '',
    '| Switch | `observed` (default) | `documented` |',
    '|-|-|-|',
    ...rows,
    '',
  ].join('\n');
}

/** The door answers DescribeEndpoint itself. */
export function isHandled(operation: OperationEntry, handled: ReadonlySet<OperationName>): boolean {
  return operation.name === 'DescribeEndpoint' || handled.has(commandOf(operation));
}

export function commandOf({ service, name }: OperationEntry): OperationName {
  return `${service === 'iot-jobs-data' ? 'iotjobsdata' : 'iot'}:${name}` as OperationName;
}

/** A note on `answer.jobId` is on that one, a note on `jobId` on every member of the name. */
export function noteOf({ service, name }: OperationEntry, member: Member): MemberNote {
  const ofOperation = notes[`${service}:${name}`] ?? {};
  return ofOperation[`${member.place}.${member.name}`] ?? ofOperation[member.name] ?? {};
}

export function membersOf({ service, request, responseShape }: OperationEntry): readonly Member[] {
  const asked = (['path', 'query', 'header', 'body', 'payload'] as const).flatMap((place) =>
    (request[place] ?? []).map(({ name, shape }) => ({ name, shape, place })),
  );
  return [...asked, ...(responseShape === undefined ? [] : answered(service, responseShape))];
}

function answered(service: OperationEntry['service'], responseShape: string): readonly Member[] {
  const shape = shapeOf(service, responseShape);
  const members = shape.type === 'structure' ? Object.entries(shape.members) : [];
  return members.map(([name, member]) => ({ name, shape: member.shape, place: 'answer' }));
}

function rowsOf(operation: OperationEntry, isThere: boolean): readonly string[] {
  const members = membersOf(operation);
  const rows = members.map((member) => rowOf(operation, member, isThere));
  return rows.length > 0 ? rows : [row([`**${operation.name}**`, '–', '–', isThere ? 'yes' : 'no', 'M'])];
}

function rowOf(operation: OperationEntry, member: Member, isThere: boolean): string {
  const { name, shape, place } = member;
  const { support = 'yes', why, evidence } = noteOf(operation, member);
  const rules = place === 'answer' ? [] : serverSideRules.filter((rule) => rule.where === shape);
  const supported = [isThere ? support : 'no', why ?? []].flat().join(': ');
  const evidences = ['M', evidence ?? [], rules.map((rule) => `${rule.evidence} (${rule.rule})`)].flat(2);
  return row([operation.name, `\`${name}\``, place, supported, evidences.join(', ')]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

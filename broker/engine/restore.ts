/**
 * The engine's state from its rows, and its rows from its state. Rows of one table are taken in the order of creation, tables
 * in the order in which they refer to each other; whatever is not a row follows from them.
 */
import { assert } from './assert.ts';
import type { Change, ChangeTable } from './contract.ts';
import { holdExecution } from './executions.ts';
import { holdGroup } from './groups.ts';
import { holdJob } from './jobs.ts';
import { holdMembership } from './membership.ts';
import { enter } from './pending-queue.ts';
import { eventConfigurationsSetting, sequenceSetting, type Tables } from './rows.ts';
import { holdShadow, shadowKey } from './shadow/shadows.ts';
import { createState, thingNamed, type Registration, type Settings, type State } from './state.ts';
import { restoreAttachments } from './provisioning/attachments.ts';
import { holdCertificate } from './provisioning/certificates.ts';
import { holdPolicy } from './provisioning/policies.ts';
import { holdProvisioningTemplate } from './provisioning/provisioning-templates.ts';
import { holdThingType } from './provisioning/thing-types.ts';
import { isPending } from '../../protocol/status.ts';
import { holdOtaUpdate } from './ota/ota-updates.ts';
import { holdStream } from './streams/streams.ts';
import { holdTemplate } from './templates.ts';
import { holdThing } from './things.ts';
import { holdWork, workKey } from './work.ts';

export function restoreState(settings: Settings, rows: Iterable<Required<Change>>): State {
  const state = createState(settings);
  const byTable = groupRows(rows);
  for (const row of inOrder(byTable.thingGroup)) holdGroup(state, row);
  const registrations = inOrder(byTable.thing).map((row) => holdThing(state, row));
  restoreMemberships(state, registrations);
  for (const row of inOrder(byTable.thingType)) holdThingType(state, row);
  for (const row of inOrder(byTable.policy)) holdPolicy(state, row);
  for (const row of inOrder(byTable.certificate)) holdCertificate(state, row);
  restoreAttachments(state);
  for (const row of inOrder(byTable.provisioningTemplate)) holdProvisioningTemplate(state, row);
  for (const row of inOrder(byTable.job)) holdJob(state, row);
  for (const row of inOrder(byTable.jobExecution)) {
    const job = state.jobs.get(row.jobId);
    assert(job !== undefined, 'an execution belongs to a job');
    const execution = holdExecution(state, job, thingNamed(state, row.thingName), row);
    if (isPending(row.status)) enter(execution.queue, execution);
  }
  for (const row of inOrder(byTable.work)) {
    const worker = row.kind === 'delete-group' ? state.groups.get(row.groupName) : state.jobs.get(row.jobId);
    assert(worker !== undefined, 'bulk work belongs to a job or a group');
    holdWork(state, worker, row);
  }
  for (const row of inOrder(byTable.jobTemplate)) holdTemplate(state, row);
  for (const row of inOrder(byTable.shadow)) holdShadow(state, row);
  for (const row of inOrder(byTable.stream)) holdStream(state, row);
  for (const row of inOrder(byTable.otaUpdate)) holdOtaUpdate(state, row);
  for (const row of byTable.tag) state.tags.set(row.resourceArn, row);
  for (const row of byTable.setting) {
    if ('next' in row) state.nextSequence = row.next;
    else state.eventConfigurations = row;
  }
  return state;
}

export function* rowsOf(state: State): Generator<Required<Change>, void, undefined> {
  for (const { name, row } of state.groupList) yield { table: 'thingGroup', key: name, row };
  for (const { thing, row } of state.registrations) yield { table: 'thing', key: thing.name, row };
  for (const job of state.jobList) {
    yield { table: 'job', key: job.id, row: job.row };
    for (const { key, row } of job.executions) yield { table: 'jobExecution', key, row };
  }
  for (const { row } of state.work.values()) yield { table: 'work', key: workKey(row), row };
  for (const { row } of state.thingTypeList) yield { table: 'thingType', key: row.thingTypeName, row };
  for (const { name, row } of state.policyList) yield { table: 'policy', key: name, row };
  for (const { row } of state.certificateList) yield { table: 'certificate', key: row.certificateId, row };
  for (const { row } of state.provisioningTemplateList) {
    yield { table: 'provisioningTemplate', key: row.templateName, row };
  }
  for (const { row } of state.templateList) yield { table: 'jobTemplate', key: row.jobTemplateId, row };
  for (const shadows of state.shadows.values()) {
    for (const row of shadows.values()) yield { table: 'shadow', key: shadowKey(row), row };
  }
  for (const { row } of state.streamList) yield { table: 'stream', key: row.streamId, row };
  for (const { row } of state.otaUpdateList) yield { table: 'otaUpdate', key: row.otaUpdateId, row };
  for (const [key, row] of state.tags) yield { table: 'tag', key, row };
  if (state.eventConfigurations !== undefined) {
    yield { table: 'setting', key: eventConfigurationsSetting, row: state.eventConfigurations };
  }
  if (state.nextSequence > 1) yield { table: 'setting', key: sequenceSetting, row: { next: state.nextSequence } };
}

type RowsByTable = { readonly [Table in ChangeTable]: Tables[Table][] };

function groupRows(rows: Iterable<Required<Change>>): RowsByTable {
  const byTable: RowsByTable = {
    thing: [],
    thingGroup: [],
    job: [],
    jobExecution: [],
    work: [],
    jobTemplate: [],
    tag: [],
    setting: [],
    certificate: [],
    policy: [],
    thingType: [],
    provisioningTemplate: [],
    shadow: [],
    stream: [],
    otaUpdate: [],
  };
  // A store gives back what the engine gave it, so a row is of its table's type.
  for (const { table, row } of rows) (byTable[table] as object[]).push(row);
  return byTable;
}

function inOrder<Row extends { readonly sequence: number }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.sequence - b.sequence);
}

/** Members of a group are listed in the order in which they joined, across all things. */
function restoreMemberships(state: State, registrations: readonly Registration[]): void {
  const joined = registrations.flatMap((registration) =>
    registration.row.memberships.map(({ sequence, groupName }) => ({ sequence, groupName, registration })),
  );
  for (const { sequence, groupName, registration } of inOrder(joined)) {
    const group = state.groups.get(groupName);
    assert(group !== undefined, 'a membership is one of a group that is there');
    registration.memberships = [...registration.memberships, holdMembership(registration, group, sequence)];
  }
}

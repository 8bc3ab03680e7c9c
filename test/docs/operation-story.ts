/**
 * One story in which every operation of the service is asked for with every member that it has, and answers. What the engine
 * looks at of each request and what it puts into each answer is written down, as evidence for the compatibility table.
 */
import type { CommandOf, OperationName, RequestOf } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import { type DeviceResponse, dataPlanePayload } from '../../protocol/device-payloads.ts';
import type { RequestOperation } from '../../protocol/topics.ts';

/** Members of one operation, by name. */
export interface Witnessed {
  readonly read: Set<string>;
  readonly answered: Set<string>;
}

/** Told from start to end; a chapter that is refused throws. */
export function tellStory(): ReadonlyMap<OperationName, Witnessed> {
  const witnessed = new Map<OperationName, Witnessed>();
  const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
  let now = Date.UTC(2026, 10, 22);
  for (const command of chapters(() => now)) {
    now += 60_000;
    const { read, answered } = witnessed.get(command.name) ?? { read: new Set(), answered: new Set() };
    witnessed.set(command.name, { read, answered });
    const { reply } = engine.apply(
      { ...command, request: watched(command.request, read) } as CommandOf<OperationName>,
      now,
    );
    if (!reply.accepted) throw new Error(`${command.name} was refused: ${reply.message}`);
    for (const [name, member] of Object.entries(written(command.name, reply.response, now))) {
      if (member !== undefined) answered.add(name);
    }
  }
  return witnessed;
}

/** A door writes what a device is answered in other words than the engine's. */
function written(command: OperationName, response: unknown, at: number): object {
  const [plane, name] = command.split(':');
  if (plane !== 'iotjobsdata' || response === undefined) return response ?? {};
  const operation = name as RequestOperation;
  return dataPlanePayload(operation, response as DeviceResponse<typeof operation>, at);
}

function watched<Request extends object>(request: Request, read: Set<string>): Request {
  return new Proxy(request, {
    get(target, name, receiver) {
      if (typeof name === 'string') read.add(name);
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

function ask<Name extends OperationName>(name: Name, request: RequestOf<Name>): CommandOf<Name> {
  return { name, request };
}

const [thing, group] = [
  'arn:aws:iot:us-east-1:000000000000:thing/T',
  'arn:aws:iot:us-east-1:000000000000:thinggroup/G',
];
const arnOfJob = (jobId: string): string => `arn:aws:iot:us-east-1:000000000000:job/${jobId}`;
const document = '{"operation":"reboot"}';

const configs = {
  presignedUrlConfig: { roleArn: 'arn:aws:iam::000000000000:role/files', expiresInSec: 60 },
  jobExecutionsRolloutConfig: { maximumPerMinute: 10 },
  abortConfig: {
    criteriaList: [{ failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 100, minNumberOfExecutedThings: 9 }],
  },
  timeoutConfig: { inProgressTimeoutInMinutes: 600 },
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] },
  destinationPackageVersions: ['arn:aws:iot:us-east-1:000000000000:package/P/version/1'],
} as const;

function* chapters(now: () => number): Generator<CommandOf<OperationName>> {
  yield* registry();
  yield* templates();
  yield* jobs(now);
  yield* device();
  yield* lists();
  yield* shadows();
  yield* endings();
}

function* registry(): Generator<CommandOf<OperationName>> {
  const attributePayload = { attributes: { site: 'north' }, merge: true };
  yield ask('iot:UpdateEventConfigurations', { eventConfigurations: { JOB: { Enabled: true } } });
  yield ask('iot:DescribeEventConfigurations', {});
  const labels = { thingTypeName: 'lamp', billingGroupName: 'north' };
  for (const thingName of ['T', 'U']) yield ask('iot:CreateThing', { thingName, attributePayload, ...labels });
  yield ask('iot:UpdateThing', {
    thingName: 'T',
    thingTypeName: 'lamp',
    attributePayload,
    expectedVersion: 1,
    removeThingType: false,
  });
  yield ask('iot:DescribeThing', { thingName: 'T' });
  const filter = { attributeName: 'site', attributeValue: 'no', usePrefixAttributeValue: true, thingTypeName: 'lamp' };
  yield ask('iot:ListThings', { ...filter, maxResults: 1 });
  const thingGroupProperties = { thingGroupDescription: 'all', attributePayload };
  yield ask('iot:CreateThingGroup', { thingGroupName: 'parent' });
  const tags = [{ Key: 'team', Value: 'a' }];
  yield ask('iot:CreateThingGroup', { thingGroupName: 'G', parentGroupName: 'parent', thingGroupProperties, tags });
  yield ask('iot:UpdateThingGroup', { thingGroupName: 'G', thingGroupProperties, expectedVersion: 1 });
  yield ask('iot:DescribeThingGroup', { thingGroupName: 'G' });
  yield ask('iot:CreateThingGroup', { thingGroupName: 'other' });
  yield ask('iot:ListThingGroups', { maxResults: 1 });
  yield ask('iot:ListThingGroups', { parentGroup: 'parent', namePrefixFilter: 'G', recursive: true, maxResults: 1 });
  const membership = { thingGroupName: 'G', thingGroupArn: group, thingName: 'T', thingArn: thing };
  yield ask('iot:AddThingToThingGroup', { ...membership, overrideDynamicGroups: true });
  yield ask('iot:RemoveThingFromThingGroup', membership);
  const change = { thingGroupsToAdd: ['G', 'other'], thingGroupsToRemove: ['parent'], overrideDynamicGroups: true };
  for (const thingName of ['T', 'U']) yield ask('iot:UpdateThingGroupsForThing', { thingName, ...change });
  yield ask('iot:ListThingsInThingGroup', { thingGroupName: 'G', recursive: true, maxResults: 1 });
  yield ask('iot:ListThingGroupsForThing', { thingName: 'T', maxResults: 1 });
}

function* templates(): Generator<CommandOf<OperationName>> {
  const tags = [{ Key: 'team', Value: 'a' }];
  const common = { ...configs, description: 'A template.', tags, documentSource: 's3://bucket/key', document };
  const maintenanceWindows = [{ startTime: 'cron(0 10 * * ? *)', durationInMinutes: 60 }];
  yield ask('iot:CreateJob', { jobId: 'model', targets: [thing], document, documentSource: 's3://bucket/key' });
  yield ask('iot:CreateJobTemplate', { jobTemplateId: 'first', jobArn: arnOfJob('model'), description: 'From a job.' });
  yield ask('iot:CreateJobTemplate', { jobTemplateId: 'second', ...common, maintenanceWindows });
  yield ask('iot:DescribeJobTemplate', { jobTemplateId: 'second' });
  yield ask('iot:ListJobTemplates', { maxResults: 1 });
  yield ask('iot:DescribeManagedJobTemplate', { templateName: 'AWS-Reboot', templateVersion: '1.0' });
  yield ask('iot:ListManagedJobTemplates', { maxResults: 1 });
  yield ask('iot:ListManagedJobTemplates', { templateName: 'AWS-Reboot' });
}

function* jobs(now: () => number): Generator<CommandOf<OperationName>> {
  const tags = [{ Key: 'team', Value: 'a' }];
  const about = { description: 'A job.', tags, targetSelection: 'CONTINUOUS' } as const;
  yield ask('iot:CreateJob', { jobId: 'J', targets: [group], document, ...about, ...configs, namespaceId: 'ns' });
  const template = { jobTemplateArn: 'arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0' };
  yield ask('iot:CreateJob', { jobId: 'K', targets: [thing], ...template, documentParameters: { runAsUser: 'root' } });
  const iso = (ms: number): string => new Date(now() + ms).toISOString().slice(0, 16);
  const schedulingConfig = { startTime: iso(3_600_000), endTime: iso(7_200_000), endBehavior: 'CANCEL' } as const;
  yield ask('iot:CreateJob', { jobId: 'L', targets: [thing], document, schedulingConfig });
  const { destinationPackageVersions: _versions, ...updatable } = configs;
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 0 }] } as const;
  yield ask('iot:UpdateJob', {
    jobId: 'J',
    namespaceId: 'ns',
    description: 'B',
    ...updatable,
    jobExecutionsRetryConfig,
  });
  const parent = group.replace(/G$/, 'parent');
  yield ask('iot:AssociateTargetsWithJob', { jobId: 'J', namespaceId: 'ns', targets: [parent], comment: 'More.' });
  yield ask('iot:TagResource', { resourceArn: arnOfJob('J'), tags });
  yield ask('iot:ListTagsForResource', { resourceArn: arnOfJob('J') });
  yield ask('iot:UntagResource', { resourceArn: arnOfJob('J'), tagKeys: ['team'] });
}

function* device(): Generator<CommandOf<OperationName>> {
  yield ask('jobrig:Wake', {});
  const [thingName, statusDetails] = ['T', { step: 'download' }];
  yield ask('iotjobsdata:GetPendingJobExecutions', { thingName });
  yield ask('iotjobsdata:StartNextPendingJobExecution', { thingName, statusDetails, stepTimeoutInMinutes: 60 });
  const execution = { thingName, jobId: 'model', executionNumber: 1 };
  yield ask('iotjobsdata:DescribeJobExecution', { ...execution, includeJobDocument: true });
  const report = { status: 'SUCCEEDED', statusDetails, stepTimeoutInMinutes: 60, expectedVersion: 2 } as const;
  const wanted = { includeJobExecutionState: true, includeJobDocument: true };
  yield ask('iotjobsdata:UpdateJobExecution', { ...execution, ...report, ...wanted });
  yield ask('iot:DescribeJobExecution', execution);
}

function* shadows(): Generator<CommandOf<OperationName>> {
  const [thingName, payload] = ['T', '{"state":{"reported":{"version":"1"}}}'];
  for (const shadowName of ['config', 'other']) yield ask('iot:UpdateThingShadow', { thingName, shadowName, payload });
  yield ask('iot:GetThingShadow', { thingName, shadowName: 'config' });
  const page = { thingName, pageSize: 1 };
  yield ask('iot:ListNamedShadowsForThing', page);
  yield ask('iot:ListNamedShadowsForThing', { ...page, nextToken: 'shadows.config' });
  yield ask('iot:DeleteThingShadow', { thingName, shadowName: 'config' });
}

function* lists(): Generator<CommandOf<OperationName>> {
  yield ask('iot:DescribeJob', { jobId: 'model', beforeSubstitution: true });
  yield ask('iot:GetJobDocument', { jobId: 'model', beforeSubstitution: true });
  yield ask('iot:ListJobs', { maxResults: 1 });
  yield ask('iot:ListJobs', { status: 'IN_PROGRESS', targetSelection: 'SNAPSHOT' });
  yield ask('iot:ListJobs', { namespaceId: 'ns', thingGroupName: 'G', thingGroupId: 'unknown' });
  yield ask('iot:ListJobExecutionsForJob', { jobId: 'J', status: 'QUEUED', maxResults: 1 });
  yield ask('iot:ListJobExecutionsForThing', { thingName: 'T', status: 'QUEUED', namespaceId: 'ns', jobId: 'J' });
  yield ask('iot:ListJobExecutionsForThing', { thingName: 'T', maxResults: 1 });
}

function* endings(): Generator<CommandOf<OperationName>> {
  const [thingName, force] = ['T', true];
  const details = { expectedVersion: 1, statusDetails: { by: 'operator' } };
  yield ask('iot:CancelJobExecution', { thingName, jobId: 'K', force, ...details });
  yield ask('iot:DeleteJobExecution', { thingName, jobId: 'J', executionNumber: 1, force, namespaceId: 'ns' });
  yield ask('iot:CancelJob', { jobId: 'J', force, reasonCode: 'OLD', comment: 'No longer.' });
  yield ask('iot:DeleteJob', { jobId: 'J', force, namespaceId: 'ns' });
  yield ask('iot:DeleteJobTemplate', { jobTemplateId: 'second' });
  yield ask('iot:DeleteThingGroup', { thingGroupName: 'G', expectedVersion: 2 });
  yield ask('iot:DeleteThing', { thingName, expectedVersion: 2 });
}

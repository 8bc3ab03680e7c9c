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
  yield* principals();
  yield* thingTypes();
  yield* provisioning();
  yield* streams();
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
  yield ask('jobrig:DescribeNotifications', { thingName: 'T', namespaceIds: ['ns'] });
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

const arnOfCertificate = (id: string): string => `arn:aws:iot:us-east-1:000000000000:cert/${id.padEnd(64, '0')}`;

/** As a door has read or made it. */
function certificate(id: string): RequestOf<'iot:RegisterCertificate'>['certificate'] {
  const certificateId = id.padEnd(64, '0');
  return { certificateId, certificatePem: 'PEM', notBefore: 0, notAfter: 4_000_000_000_000, caCertificateId: 'ca' };
}

function* principals(): Generator<CommandOf<OperationName>> {
  yield ask('iot:CreateKeysAndCertificate', { setAsActive: true, certificate: certificate('a') });
  const csr = { certificateSigningRequest: 'CSR', setAsActive: false };
  yield ask('iot:CreateCertificateFromCsr', { ...csr, certificate: certificate('b') });
  const [certificatePem, caCertificatePem] = ['PEM', 'CA'];
  const registered = { certificatePem, caCertificatePem, setAsActive: true, certificate: certificate('c') };
  yield ask('iot:RegisterCertificate', registered);
  yield ask('iot:RegisterCertificate', { ...registered, status: 'INACTIVE', certificate: certificate('d') });
  const withoutCa = { certificatePem, status: 'ACTIVE', certificate: certificate('e') } as const;
  yield ask('iot:RegisterCertificateWithoutCA', withoutCa);
  const { certificateId } = certificate('d');
  yield ask('iot:DescribeCertificate', { certificateId });
  yield ask('iot:ListCertificates', { pageSize: 1, ascendingOrder: true });
  yield ask('iot:ListCertificates', { pageSize: 1, ascendingOrder: true, marker: 'certificates-up.1' });
  const policyDocument = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}';
  const tags = [{ Key: 'team', Value: 'a' }];
  for (const policyName of ['P', 'Q']) yield ask('iot:CreatePolicy', { policyName, policyDocument, tags });
  yield ask('iot:GetPolicy', { policyName: 'P' });
  yield ask('iot:ListPolicies', { pageSize: 1, ascendingOrder: true });
  yield ask('iot:ListPolicies', { pageSize: 1, ascendingOrder: true, marker: 'policies-up.1' });
  yield ask('iot:CreatePolicyVersion', { policyName: 'P', policyDocument, setAsDefault: true });
  const version = { policyName: 'P', policyVersionId: '1' };
  yield ask('iot:GetPolicyVersion', version);
  yield ask('iot:ListPolicyVersions', { policyName: 'P' });
  yield ask('iot:SetDefaultPolicyVersion', { ...version, policyVersionId: '2' });
  yield ask('iot:DeletePolicyVersion', version);
  const [principal, other] = [arnOfCertificate('d'), arnOfCertificate('a')];
  yield ask('iot:AttachPolicy', { policyName: 'P', target: principal });
  yield ask('iot:AttachPrincipalPolicy', { policyName: 'Q', principal });
  yield ask('iot:AttachPrincipalPolicy', { policyName: 'Q', principal: other });
  const page = { pageSize: 1, marker: 'attached.1' };
  yield ask('iot:ListAttachedPolicies', { target: principal, recursive: true, ...page, marker: undefined });
  yield ask('iot:ListAttachedPolicies', { target: principal, recursive: true, ...page });
  yield ask('iot:ListPrincipalPolicies', { principal, pageSize: 1, ascendingOrder: true });
  yield ask('iot:ListPrincipalPolicies', { principal, ...page });
  yield ask('iot:ListTargetsForPolicy', { policyName: 'Q', pageSize: 1 });
  yield ask('iot:ListTargetsForPolicy', { policyName: 'Q', pageSize: 1, marker: 'targets.1' });
  for (const thingName of ['T', 'U']) yield ask('iot:AttachThingPrincipal', { thingName, principal });
  const attachment = { thingName: 'T', principal: other };
  yield ask('iot:AttachThingPrincipal', { ...attachment, thingPrincipalType: 'EXCLUSIVE_THING' });
  yield ask('iot:ListThingPrincipals', { thingName: 'T', maxResults: 1 });
  yield ask('iot:ListThingPrincipals', { thingName: 'T', maxResults: 1, nextToken: 'principals.1' });
  yield ask('iot:ListPrincipalThings', { principal, maxResults: 1 });
  yield ask('iot:ListPrincipalThings', { principal, maxResults: 1, nextToken: 'things-of-principal.1' });
  yield ask('jobrig:DescribePrincipal', { certificateId, clientId: 'T' });
  for (const thingName of ['T', 'U']) yield ask('iot:DetachThingPrincipal', { thingName, principal });
  yield ask('iot:DetachThingPrincipal', attachment);
  yield ask('iot:DetachPolicy', { policyName: 'P', target: principal });
  yield ask('iot:DetachPrincipalPolicy', { policyName: 'Q', principal: other });
  yield ask('iot:UpdateCertificate', { certificateId, newStatus: 'REVOKED' });
  yield ask('iot:DeleteCertificate', { certificateId, forceDelete: true });
  yield ask('iot:DeletePolicy', { policyName: 'P' });
}

function* thingTypes(): Generator<CommandOf<OperationName>> {
  const thingTypeProperties = { thingTypeDescription: 'lamps', searchableAttributes: ['site'] };
  const tags = [{ Key: 'team', Value: 'a' }];
  for (const thingTypeName of ['door', 'gate']) {
    yield ask('iot:CreateThingType', { thingTypeName, thingTypeProperties, tags });
  }
  yield ask('iot:DescribeThingType', { thingTypeName: 'door' });
  yield ask('iot:ListThingTypes', { thingTypeName: 'gate', maxResults: 1 });
  yield ask('iot:ListThingTypes', { maxResults: 1 });
  yield ask('iot:DeprecateThingType', { thingTypeName: 'door', undoDeprecate: false });
  yield ask('iot:DeleteThingType', { thingTypeName: 'door' });
}

function* provisioning(): Generator<CommandOf<OperationName>> {
  const templateBody = '{"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"V"}}}}';
  const provisioningRoleArn = 'arn:aws:iam::000000000000:role/provisioning';
  const hook = { preProvisioningHook: { targetArn: 'arn:aws:lambda:us-east-1:000000000000:function:hook' } };
  const about = { description: 'A fleet.', enabled: true, provisioningRoleArn, ...hook };
  const tags = [{ Key: 'team', Value: 'a' }];
  for (const templateName of ['F', 'G']) {
    yield ask('iot:CreateProvisioningTemplate', {
      templateName,
      templateBody,
      ...about,
      tags,
      type: 'FLEET_PROVISIONING',
    });
  }
  const update = { templateName: 'F', ...about, defaultVersionId: 1, removePreProvisioningHook: false };
  yield ask('iot:UpdateProvisioningTemplate', update);
  yield ask('iot:DescribeProvisioningTemplate', { templateName: 'F' });
  yield ask('iot:ListProvisioningTemplates', { maxResults: 1 });
  yield ask('iot:CreateProvisioningClaim', { templateName: 'F', certificate: certificate('f') });
  for (const versionId of [2, 3]) {
    const setAsDefault = versionId === 2;
    yield ask('iot:CreateProvisioningTemplateVersion', { templateName: 'F', templateBody, setAsDefault });
  }
  yield ask('iot:DescribeProvisioningTemplateVersion', { templateName: 'F', versionId: 2 });
  yield ask('iot:ListProvisioningTemplateVersions', { templateName: 'F', maxResults: 1 });
  yield ask('iot:DeleteProvisioningTemplateVersion', { templateName: 'F', versionId: 3 });
  const registered = {
    Resources: {
      thing: { Type: 'AWS::IoT::Thing', Properties: { ThingName: { Ref: 'Name' } } },
      certificate: { Type: 'AWS::IoT::Certificate', Properties: { CertificateSigningRequest: 'CSR' } },
    },
  };
  yield ask('iot:RegisterThing', {
    templateBody: JSON.stringify(registered),
    parameters: { Name: 'R' },
    certificate: certificate('9'),
  });
  const ownershipToken = 'token';
  yield ask('jobrig:CreateClaimedCertificate', { certificate: certificate('0'), ownershipToken });
  yield ask('jobrig:ProvisionThing', { templateName: 'F', ownershipToken, parameters: {} });
  yield ask('iot:DeleteProvisioningTemplate', { templateName: 'F' });
}

function* streams(): Generator<CommandOf<OperationName>> {
  const [roleArn, tags] = ['arn:aws:iam::000000000000:role/ota', [{ Key: 'team', Value: 'a' }]];
  const s3Location = { bucket: 'images', key: 'v2.bin', version: '1' };
  const files = [{ fileId: 0, s3Location }];
  for (const streamId of ['S', 'second']) {
    yield ask('iot:CreateStream', { streamId, files, roleArn, tags, description: 'A stream.' });
  }
  yield ask('iot:UpdateStream', { streamId: 'S', files, roleArn, description: 'Another.' });
  yield ask('iot:DescribeStream', { streamId: 'S' });
  yield ask('iot:ListStreams', { maxResults: 1, ascendingOrder: true });
  yield ask('jobrig:OpenStream', { streamId: 'S', thingName: 'T' });
  yield ask('iot:DeleteStream', { streamId: 'S' });
  const about = { description: 'An update.', targetSelection: 'SNAPSHOT', protocols: ['MQTT', 'HTTP'] } as const;
  for (const otaUpdateId of ['first', 'second']) {
    yield ask('iot:CreateOTAUpdate', {
      otaUpdateId,
      ...about,
      targets: [thing],
      files: [{ fileName: '/fw', fileType: 0, fileLocation: { s3Location } }],
      roleArn,
      awsJobExecutionsRolloutConfig: { maximumPerMinute: 10 },
      awsJobPresignedUrlConfig: { expiresInSec: 60 },
      awsJobAbortConfig: { abortCriteriaList: configs.abortConfig.criteriaList },
      awsJobTimeoutConfig: configs.timeoutConfig,
      additionalParameters: { a: 'b' },
      tags,
      images: [{ object: { bucket: 'images', key: 'v2.bin', versionId: '1' }, bytes: 100 }],
    });
  }
  yield ask('iot:GetOTAUpdate', { otaUpdateId: 'first' });
  yield ask('iot:ListOTAUpdates', { maxResults: 1, otaUpdateStatus: 'CREATE_COMPLETE' });
  yield ask('iot:ListOTAUpdates', { maxResults: 1 });
  yield ask('iot:DeleteOTAUpdate', { otaUpdateId: 'first', deleteStream: true, forceDeleteAWSJob: true });
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

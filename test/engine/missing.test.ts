/** What is not there: every operation that names one thing of the registry or one job says so, and changes nothing. */
import { describe, expect, it } from 'vitest';
import type { OperationName, RequestOf } from '../../broker/engine/contract.ts';
import { groupArn, thingArn, World } from './world.ts';

const jobId = 'nowhere';
const thingName = 'nobody';
const thingGroupName = 'nowhere';
const policyName = 'none';
const policyVersionId = '1';
const certificateId = 'c'.repeat(64);
const principal = `arn:aws:iot:eu-west-1:123456789012:cert/${certificateId}`;
const templateName = 'none';
const attributePayload = { attributes: { a: '1' } };

const requests: { readonly [Name in OperationName]?: RequestOf<Name> } = {
  'iot:AddThingToThingGroup': { thingName, thingGroupName: 'g' },
  'iot:RemoveThingFromThingGroup': { thingName: 't', thingGroupName },
  'iot:UpdateThingGroupsForThing': { thingName, thingGroupsToAdd: ['g'] },
  'iot:DescribeThing': { thingName },
  'iot:UpdateThing': { thingName, attributePayload },
  'iot:ListThingGroupsForThing': { thingName },
  'iot:DescribeThingGroup': { thingGroupName },
  'iot:UpdateThingGroup': { thingGroupName, thingGroupProperties: {} },
  'iot:ListThingsInThingGroup': { thingGroupName },
  'iot:ListThingGroups': { parentGroup: thingGroupName },
  'iot:ListTagsForResource': { resourceArn: groupArn(thingGroupName) },
  'iot:TagResource': { resourceArn: groupArn(thingGroupName), tags: [{ Key: 'a', Value: 'b' }] },
  'iot:UntagResource': { resourceArn: groupArn(thingGroupName), tagKeys: ['a'] },
  'iot:AssociateTargetsWithJob': { jobId, targets: [groupArn('g')] },
  'iot:CancelJob': { jobId },
  'iot:CancelJobExecution': { jobId: 'j', thingName },
  'iot:DeleteJob': { jobId },
  'iot:DeleteJobExecution': { jobId: 'j', thingName: 't', executionNumber: 2 },
  'iot:DescribeJob': { jobId },
  'iot:DescribeJobExecution': { jobId: 'j', thingName },
  'iot:GetJobDocument': { jobId },
  'iot:ListJobExecutionsForJob': { jobId },
  'iot:ListJobExecutionsForThing': { thingName },
  'iot:UpdateJob': { jobId, description: 'x' },
  'iot:DescribeJobTemplate': { jobTemplateId: 'none' },
  'iot:DeleteJobTemplate': { jobTemplateId: 'none' },
  'iot:DescribeManagedJobTemplate': { templateName: 'AWS-None' },
  'iot:AttachPolicy': { policyName, target: principal },
  'iot:AttachThingPrincipal': { thingName, principal },
  'iot:CreatePolicyVersion': { policyName, policyDocument: '{"Version":"2012-10-17","Statement":[]}' },
  'iot:DeleteCertificate': { certificateId },
  'iot:DeletePolicy': { policyName },
  'iot:DeletePolicyVersion': { policyName, policyVersionId },
  'iot:DeleteProvisioningTemplate': { templateName },
  'iot:DeleteThingType': { thingTypeName: 'none' },
  'iot:DeprecateThingType': { thingTypeName: 'none' },
  'iot:DescribeCertificate': { certificateId },
  'iot:DescribeProvisioningTemplate': { templateName },
  'iot:DescribeThingType': { thingTypeName: 'none' },
  'iot:DetachThingPrincipal': { thingName, principal },
  'iot:GetPolicy': { policyName },
  'iot:GetPolicyVersion': { policyName, policyVersionId },
  'iot:ListPolicyVersions': { policyName },
  'iot:ListTargetsForPolicy': { policyName },
  'iot:ListThingPrincipals': { thingName },
  'iot:DescribeProvisioningTemplateVersion': { templateName, versionId: 1 },
  'iot:DeleteProvisioningTemplateVersion': { templateName, versionId: 1 },
  'iot:ListProvisioningTemplateVersions': { templateName },
  'iot:SetDefaultPolicyVersion': { policyName, policyVersionId },
  'iot:UpdateCertificate': { certificateId, newStatus: 'INACTIVE' },
  'iot:UpdateProvisioningTemplate': { templateName, enabled: true },
  'iot:UpdateStream': { streamId: 'none', description: 'x' },
  'iot:DescribeStream': { streamId: 'none' },
  'iot:DeleteStream': { streamId: 'none' },
  'iot:GetOTAUpdate': { otaUpdateId: 'none' },
  'iot:DeleteOTAUpdate': { otaUpdateId: 'none' },
  'iot:GetThingShadow': { thingName: 't' },
  'iot:DeleteThingShadow': { thingName: 't', shadowName: 'none' },
  'iotjobsdata:DescribeJobExecution': { jobId, thingName: 't' },
  'iotjobsdata:GetPendingJobExecutions': { thingName },
  'iotjobsdata:StartNextPendingJobExecution': { thingName },
  'iotjobsdata:UpdateJobExecution': { jobId, thingName: 't', status: 'IN_PROGRESS' },
};

/** One of each, under other names. */
function peopled(): World {
  const world = new World();
  world.things('t');
  world.group('g', 't');
  world.job('j', [thingArn('t')]);
  return world;
}

describe('what is not there', () => {
  it.each(Object.entries(requests))('is told by %s', (name, request) => {
    const { code } = peopled().refused(name as OperationName, request as never);
    expect(code).toBe('ResourceNotFound');
  });
});

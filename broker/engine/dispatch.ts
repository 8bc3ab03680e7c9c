/**
 * Which function answers which command: a mapped type over the contract, so a missing operation does not compile, and the
 * one list of what this service can do.
 */
import type { OperationName, Reply, RequestOf, ResponseOf } from './contract.ts';
import { addThingToThingGroup } from './control-plane/add-thing-to-thing-group.ts';
import { associateTargetsWithJob } from './control-plane/associate-targets-with-job.ts';
import { cancelJobExecution } from './control-plane/cancel-job-execution.ts';
import { cancelJob } from './control-plane/cancel-job.ts';
import { createJobTemplate } from './control-plane/create-job-template.ts';
import { createJob } from './control-plane/create-job.ts';
import { createThingGroup } from './control-plane/create-thing-group.ts';
import { createThing } from './control-plane/create-thing.ts';
import { deleteJobExecution } from './control-plane/delete-job-execution.ts';
import { deleteJobTemplate } from './control-plane/delete-job-template.ts';
import { deleteJob } from './control-plane/delete-job.ts';
import { deleteThingGroup } from './control-plane/delete-thing-group.ts';
import { deleteThing } from './control-plane/delete-thing.ts';
import { describeEventConfigurations } from './control-plane/describe-event-configurations.ts';
import { describeJobExecution } from './control-plane/describe-job-execution.ts';
import { describeJobTemplate } from './control-plane/describe-job-template.ts';
import { describeManagedJobTemplate } from './control-plane/describe-managed-job-template.ts';
import { describeJob } from './control-plane/describe-job.ts';
import { describeThingGroup } from './control-plane/describe-thing-group.ts';
import { describeThing } from './control-plane/describe-thing.ts';
import { getJobDocument } from './control-plane/get-job-document.ts';
import { listJobExecutionsForJob } from './control-plane/list-job-executions-for-job.ts';
import { listJobExecutionsForThing } from './control-plane/list-job-executions-for-thing.ts';
import { listJobTemplates } from './control-plane/list-job-templates.ts';
import { listManagedJobTemplates } from './control-plane/list-managed-job-templates.ts';
import { listJobs } from './control-plane/list-jobs.ts';
import { listTagsForResource } from './control-plane/list-tags-for-resource.ts';
import { listThingGroupsForThing } from './control-plane/list-thing-groups-for-thing.ts';
import { listThingGroups } from './control-plane/list-thing-groups.ts';
import { listThingsInThingGroup } from './control-plane/list-things-in-thing-group.ts';
import { listThings } from './control-plane/list-things.ts';
import { removeThingFromThingGroup } from './control-plane/remove-thing-from-thing-group.ts';
import { tagResource } from './control-plane/tag-resource.ts';
import { untagResource } from './control-plane/untag-resource.ts';
import { updateEventConfigurations } from './control-plane/update-event-configurations.ts';
import { updateJob } from './control-plane/update-job.ts';
import { updateThingGroup } from './control-plane/update-thing-group.ts';
import { updateThingGroupsForThing } from './control-plane/update-thing-groups-for-thing.ts';
import { updateThing } from './control-plane/update-thing.ts';
import { attachPolicy, attachPrincipalPolicy } from './provisioning/attach-policy.ts';
import { attachThingPrincipal } from './provisioning/attach-thing-principal.ts';
import { createCertificateFromCsr } from './provisioning/create-certificate-from-csr.ts';
import { createClaimedCertificate } from './provisioning/create-claimed-certificate.ts';
import { createKeysAndCertificate } from './provisioning/create-keys-and-certificate.ts';
import { createPolicy } from './provisioning/create-policy.ts';
import { createPolicyVersion } from './provisioning/create-policy-version.ts';
import { createProvisioningClaim } from './provisioning/create-provisioning-claim.ts';
import { createProvisioningTemplate } from './provisioning/create-provisioning-template.ts';
import { createThingType } from './provisioning/create-thing-type.ts';
import { deleteCertificate } from './provisioning/delete-certificate.ts';
import { deletePolicy } from './provisioning/delete-policy.ts';
import { deletePolicyVersion } from './provisioning/delete-policy-version.ts';
import { deleteProvisioningTemplate } from './provisioning/delete-provisioning-template.ts';
import { deleteThingType } from './provisioning/delete-thing-type.ts';
import { deprecateThingType } from './provisioning/deprecate-thing-type.ts';
import { describeCertificate } from './provisioning/describe-certificate.ts';
import { describePrincipal } from './provisioning/describe-principal.ts';
import { describeProvisioningTemplate } from './provisioning/describe-provisioning-template.ts';
import { describeThingType } from './provisioning/describe-thing-type.ts';
import { detachPolicy, detachPrincipalPolicy } from './provisioning/detach-policy.ts';
import { detachThingPrincipal } from './provisioning/detach-thing-principal.ts';
import { getPolicy } from './provisioning/get-policy.ts';
import { getPolicyVersion } from './provisioning/get-policy-version.ts';
import { listAttachedPolicies, listPrincipalPolicies } from './provisioning/list-attached-policies.ts';
import { listCertificates } from './provisioning/list-certificates.ts';
import { listPolicies } from './provisioning/list-policies.ts';
import { listPolicyVersions } from './provisioning/list-policy-versions.ts';
import { listPrincipalThings } from './provisioning/list-principal-things.ts';
import { listProvisioningTemplates } from './provisioning/list-provisioning-templates.ts';
import { listTargetsForPolicy } from './provisioning/list-targets-for-policy.ts';
import { listThingPrincipals } from './provisioning/list-thing-principals.ts';
import { listThingTypes } from './provisioning/list-thing-types.ts';
import { createProvisioningTemplateVersion } from './provisioning/create-provisioning-template-version.ts';
import { describeProvisioningTemplateVersion } from './provisioning/describe-provisioning-template-version.ts';
import { deleteProvisioningTemplateVersion } from './provisioning/delete-provisioning-template-version.ts';
import { listProvisioningTemplateVersions } from './provisioning/list-provisioning-template-versions.ts';
import { registerThing } from './provisioning/register-thing.ts';
import { provisionThing } from './provisioning/provision-thing.ts';
import { registerCertificate } from './provisioning/register-certificate.ts';
import { registerCertificateWithoutCA } from './provisioning/register-certificate-without-ca.ts';
import { setDefaultPolicyVersion } from './provisioning/set-default-policy-version.ts';
import { updateCertificate } from './provisioning/update-certificate.ts';
import { updateProvisioningTemplate } from './provisioning/update-provisioning-template.ts';
import { createOTAUpdate } from './ota/create-ota-update.ts';
import { deleteOTAUpdate } from './ota/delete-ota-update.ts';
import { getOTAUpdate } from './ota/get-ota-update.ts';
import { listOTAUpdates } from './ota/list-ota-updates.ts';
import { deleteThingShadow } from './shadow/delete-thing-shadow.ts';
import { getThingShadow } from './shadow/get-thing-shadow.ts';
import { listNamedShadowsForThing } from './shadow/list-named-shadows-for-thing.ts';
import { updateThingShadow } from './shadow/update-thing-shadow.ts';
import { createStream } from './streams/create-stream.ts';
import { deleteStream } from './streams/delete-stream.ts';
import { describeStream } from './streams/describe-stream.ts';
import { listStreams } from './streams/list-streams.ts';
import { openStream } from './streams/open-stream.ts';
import { updateStream } from './streams/update-stream.ts';
import { describeJobExecution as describePendingJobExecution } from './data-plane/describe-job-execution.ts';
import { getPendingJobExecutions } from './data-plane/get-pending-job-executions.ts';
import { startNextPendingJobExecution } from './data-plane/start-next-pending-job-execution.ts';
import { updateJobExecution } from './data-plane/update-job-execution.ts';
import { describeNotifications } from './describe-notifications.ts';
import type { Turn } from './turn.ts';
import { wake } from './wake.ts';

export type Handlers = {
  readonly [Name in OperationName]: (turn: Turn, request: RequestOf<Name>) => Reply<ResponseOf<Name>>;
};

export const handlers: Handlers = {
  'iot:AddThingToThingGroup': addThingToThingGroup,
  'iot:AssociateTargetsWithJob': associateTargetsWithJob,
  'iot:CancelJobExecution': cancelJobExecution,
  'iot:CancelJob': cancelJob,
  'iot:CreateJobTemplate': createJobTemplate,
  'iot:CreateJob': createJob,
  'iot:CreateThingGroup': createThingGroup,
  'iot:CreateThing': createThing,
  'iot:DeleteJobExecution': deleteJobExecution,
  'iot:DeleteJobTemplate': deleteJobTemplate,
  'iot:DeleteJob': deleteJob,
  'iot:DeleteThingGroup': deleteThingGroup,
  'iot:DeleteThing': deleteThing,
  'iot:DescribeEventConfigurations': describeEventConfigurations,
  'iot:DescribeJobExecution': describeJobExecution,
  'iot:DescribeJobTemplate': describeJobTemplate,
  'iot:DescribeManagedJobTemplate': describeManagedJobTemplate,
  'iot:DescribeJob': describeJob,
  'iot:DescribeThingGroup': describeThingGroup,
  'iot:DescribeThing': describeThing,
  'iot:GetJobDocument': getJobDocument,
  'iot:ListJobExecutionsForJob': listJobExecutionsForJob,
  'iot:ListJobExecutionsForThing': listJobExecutionsForThing,
  'iot:ListJobTemplates': listJobTemplates,
  'iot:ListManagedJobTemplates': listManagedJobTemplates,
  'iot:ListJobs': listJobs,
  'iot:ListTagsForResource': listTagsForResource,
  'iot:ListThingGroupsForThing': listThingGroupsForThing,
  'iot:ListThingGroups': listThingGroups,
  'iot:ListThingsInThingGroup': listThingsInThingGroup,
  'iot:ListThings': listThings,
  'iot:RemoveThingFromThingGroup': removeThingFromThingGroup,
  'iot:TagResource': tagResource,
  'iot:UntagResource': untagResource,
  'iot:UpdateEventConfigurations': updateEventConfigurations,
  'iot:UpdateJob': updateJob,
  'iot:UpdateThingGroup': updateThingGroup,
  'iot:UpdateThingGroupsForThing': updateThingGroupsForThing,
  'iot:UpdateThing': updateThing,
  'iot:AttachPolicy': attachPolicy,
  'iot:AttachPrincipalPolicy': attachPrincipalPolicy,
  'iot:AttachThingPrincipal': attachThingPrincipal,
  'iot:CreateCertificateFromCsr': createCertificateFromCsr,
  'iot:CreateKeysAndCertificate': createKeysAndCertificate,
  'iot:CreatePolicy': createPolicy,
  'iot:CreatePolicyVersion': createPolicyVersion,
  'iot:CreateProvisioningClaim': createProvisioningClaim,
  'iot:CreateProvisioningTemplate': createProvisioningTemplate,
  'iot:CreateThingType': createThingType,
  'iot:DeleteCertificate': deleteCertificate,
  'iot:DeletePolicy': deletePolicy,
  'iot:DeletePolicyVersion': deletePolicyVersion,
  'iot:DeleteProvisioningTemplate': deleteProvisioningTemplate,
  'iot:DeleteThingType': deleteThingType,
  'iot:DeprecateThingType': deprecateThingType,
  'iot:DescribeCertificate': describeCertificate,
  'iot:DescribeProvisioningTemplate': describeProvisioningTemplate,
  'iot:DescribeThingType': describeThingType,
  'iot:DetachPolicy': detachPolicy,
  'iot:DetachPrincipalPolicy': detachPrincipalPolicy,
  'iot:DetachThingPrincipal': detachThingPrincipal,
  'iot:GetPolicy': getPolicy,
  'iot:GetPolicyVersion': getPolicyVersion,
  'iot:ListAttachedPolicies': listAttachedPolicies,
  'iot:ListCertificates': listCertificates,
  'iot:ListPolicies': listPolicies,
  'iot:ListPolicyVersions': listPolicyVersions,
  'iot:ListPrincipalPolicies': listPrincipalPolicies,
  'iot:ListPrincipalThings': listPrincipalThings,
  'iot:ListProvisioningTemplates': listProvisioningTemplates,
  'iot:ListTargetsForPolicy': listTargetsForPolicy,
  'iot:ListThingPrincipals': listThingPrincipals,
  'iot:ListThingTypes': listThingTypes,
  'iot:CreateProvisioningTemplateVersion': createProvisioningTemplateVersion,
  'iot:DescribeProvisioningTemplateVersion': describeProvisioningTemplateVersion,
  'iot:DeleteProvisioningTemplateVersion': deleteProvisioningTemplateVersion,
  'iot:ListProvisioningTemplateVersions': listProvisioningTemplateVersions,
  'iot:RegisterThing': registerThing,
  'iot:RegisterCertificate': registerCertificate,
  'iot:RegisterCertificateWithoutCA': registerCertificateWithoutCA,
  'iot:SetDefaultPolicyVersion': setDefaultPolicyVersion,
  'iot:UpdateCertificate': updateCertificate,
  'iot:UpdateProvisioningTemplate': updateProvisioningTemplate,
  'iot:CreateStream': createStream,
  'iot:UpdateStream': updateStream,
  'iot:DescribeStream': describeStream,
  'iot:DeleteStream': deleteStream,
  'iot:ListStreams': listStreams,
  'iot:CreateOTAUpdate': createOTAUpdate,
  'iot:GetOTAUpdate': getOTAUpdate,
  'iot:DeleteOTAUpdate': deleteOTAUpdate,
  'iot:ListOTAUpdates': listOTAUpdates,
  'iot:DeleteThingShadow': deleteThingShadow,
  'iot:GetThingShadow': getThingShadow,
  'iot:ListNamedShadowsForThing': listNamedShadowsForThing,
  'iot:UpdateThingShadow': updateThingShadow,
  'iotjobsdata:DescribeJobExecution': describePendingJobExecution,
  'iotjobsdata:GetPendingJobExecutions': getPendingJobExecutions,
  'iotjobsdata:StartNextPendingJobExecution': startNextPendingJobExecution,
  'iotjobsdata:UpdateJobExecution': updateJobExecution,
  'jobrig:CreateClaimedCertificate': createClaimedCertificate,
  'jobrig:DescribeNotifications': describeNotifications,
  'jobrig:DescribePrincipal': describePrincipal,
  'jobrig:ProvisionThing': provisionThing,
  'jobrig:OpenStream': openStream,
  'jobrig:Wake': wake,
};

/** For the doors: what is not here, they answer with UnknownOperationException. */
export const handledOperations: ReadonlySet<OperationName> = new Set(Object.keys(handlers) as OperationName[]);

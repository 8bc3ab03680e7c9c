/**
 * What the compatibility table cannot read from the code: members that are taken and lead to nothing, members that are never
 * answered, and where AWS's behaviour is taken from when the service model alone does not say it. Letters are those of the
 * evidence tags, A-rows those of the list of open points.
 */

export interface MemberNote {
  /** `kept`: shown again, otherwise without effect. `no`: passed over, or never answered. Default: yes. */
  readonly support?: 'kept' | 'no';
  readonly why?: string;
  /** Read or answered by the HTTP door, so that the engine bears no witness to it; another test does. */
  readonly by?: 'door';
  /** Beside the service model (M). */
  readonly evidence?: string;
}

type OperationNotes = Readonly<Record<string, MemberNote>>;

const noDynamicGroups: MemberNote = { support: 'no', why: 'there are no dynamic groups' };
const noCatalogue: MemberNote = { support: 'no', why: 'there is no package catalogue, so nothing is substituted' };
const label: MemberNote = { support: 'kept', why: 'a label; billing groups are not managed' };
const thingType: MemberNote = { why: 'a type that is not registered is a label; refused by a strict service' };
const madeByDoor: MemberNote = { by: 'door', why: 'RSA of 2048 bits; kept nowhere', evidence: 'D' };
const readByDoor: MemberNote = { by: 'door' };
const notCalled: MemberNote = {
  support: 'kept',
  why: 'there is no AWS Lambda to call; every device is provisioned, and the log says so',
};
const packages: MemberNote = {
  support: 'kept',
  why: 'accepted and shown; there is no package catalogue',
  evidence: 'D',
};
const newestFirst: MemberNote = { why: 'newest first', evidence: 'A15' };
const presigned: MemberNote = {
  why: '`expiresInSec` is obeyed, `roleArn` shown; URLs need `--files`',
  evidence: 'D, L',
};
const source: MemberNote = { why: 'needs `--files`, read once', evidence: 'D' };
const namespace: MemberNote = { evidence: 'D, A5' };

/** By operation and member, or place and member (`answer.jobId`); data-plane operations by `iot-jobs-data:NAME`. */
export const notes: Readonly<Record<string, OperationNotes>> = {
  'iot:AddThingToThingGroup': { overrideDynamicGroups: noDynamicGroups },
  'iot:CreateJob': {
    abortConfig: { evidence: 'D, A21, A33' },
    destinationPackageVersions: packages,
    document: { evidence: 'D, A24' },
    documentParameters: { why: 'with AWS managed templates', evidence: 'D, A36' },
    documentSource: source,
    jobExecutionsRetryConfig: { evidence: 'D, A22' },
    jobExecutionsRolloutConfig: { evidence: 'D, L, A25' },
    jobTemplateArn: { evidence: 'D, L' },
    namespaceId: namespace,
    presignedUrlConfig: presigned,
    schedulingConfig: { evidence: 'D, L, A16, A26' },
    targets: { evidence: 'D, A34' },
    timeoutConfig: { evidence: 'D, L' },
  },
  'iot:CreateJobTemplate': {
    destinationPackageVersions: packages,
    documentSource: source,
    presignedUrlConfig: presigned,
    maintenanceWindows: { evidence: 'D, L, A27' },
  },
  'iot:CreateCertificateFromCsr': { certificateSigningRequest: readByDoor },
  'iot:CreateKeysAndCertificate': { keyPair: madeByDoor },
  'iot:CreateProvisioningClaim': { keyPair: madeByDoor, expiration: { why: 'after five minutes', evidence: 'D' } },
  'iot:CreateProvisioningTemplate': {
    preProvisioningHook: notCalled,
    provisioningRoleArn: { support: 'kept', why: 'any role will do' },
    type: { support: 'kept', why: 'certificates do not provision themselves (JITP)' },
  },
  'iot:UpdateProvisioningTemplate': { preProvisioningHook: notCalled },
  'iot:RegisterThing': {
    parameters: { why: 'a parameter with neither a value nor a default is refused', evidence: 'D' },
    'answer.resourceArns': { why: 'by logical name', evidence: 'D' },
  },
  'iot:RegisterCertificate': {
    certificatePem: readByDoor,
    caCertificatePem: { by: 'door', why: 'without it, the authority of this rig has to have signed' },
  },
  'iot:RegisterCertificateWithoutCA': { certificatePem: readByDoor },
  'iot:CreateThing': { thingTypeName: thingType, billingGroupName: label },
  'iot:CreateOTAUpdate': {
    awsJobPresignedUrlConfig: { why: '1800 seconds when absent', evidence: 'D' },
    files: { why: "needs `--files`; signed by the rig's own key", evidence: 'D, C, L' },
    'answer.otaUpdateStatus': { why: 'CREATE_PENDING; stream and job are there already', evidence: 'C' },
  },
  'iot:CreateStream': { roleArn: { support: 'kept', why: 'files are read without a role' } },
  'iot:ListStreams': { 'answer.streams': { why: 'newest first', evidence: 'I' } },
  'iot:ListOTAUpdates': { 'answer.otaUpdates': { why: 'newest first', evidence: 'I' } },
  'iot:CancelJob': { 'path.jobId': { evidence: 'D, A23' } },
  'iot:DeleteJob': { 'path.jobId': { evidence: 'D, A23' } },
  'iot:DeleteJobExecution': { force: { evidence: 'D, A6' }, executionNumber: { evidence: 'D' } },
  'iot:DeleteThing': { thingName: { evidence: 'A14' } },
  'iot:DescribeEndpoint': {
    endpointType: {
      why: '`iot:Data` and `iot:Data-ATS`; `iot:Jobs`, which AWS refuses, with `--profile documented`',
      evidence: 'D, L, A8',
    },
    endpointAddress: { why: '`host:port` of this HTTP door' },
  },
  'iot:DescribeJob': {
    beforeSubstitution: noCatalogue,
    documentSource: { evidence: 'D' },
    job: { evidence: 'L, A35' },
  },
  'iot:DescribeThingGroup': {
    indexName: noDynamicGroups,
    queryString: noDynamicGroups,
    queryVersion: noDynamicGroups,
    status: noDynamicGroups,
  },
  'iot:GetJobDocument': { beforeSubstitution: noCatalogue },
  'iot:ListJobExecutionsForJob': { executionSummaries: newestFirst, maxResults: { evidence: 'A41' } },
  'iot:ListJobExecutionsForThing': { executionSummaries: newestFirst, maxResults: { evidence: 'A41' } },
  'iot:ListJobTemplates': { jobTemplates: { why: 'newest first', evidence: 'L' } },
  'iot:ListJobs': { jobs: newestFirst, maxResults: { evidence: 'A41' }, namespaceId: namespace },
  'iot:ListTagsForResource': { 'answer.nextToken': { support: 'no', why: 'at most 50 tags, which are one page' } },
  'iot:UpdateJob': {
    presignedUrlConfig: presigned,
    timeoutConfig: { why: 'for executions that start later', evidence: 'L' },
  },
  'iot:UpdateThingGroupsForThing': { overrideDynamicGroups: noDynamicGroups },
  'iot-jobs-data:DescribeJobExecution': {
    'path.jobId': { why: '`$next` too', evidence: 'D, L' },
    execution: { evidence: 'D, L, A29' },
  },
  'iot-jobs-data:GetPendingJobExecutions': {
    inProgressJobs: { evidence: 'D, A4' },
    queuedJobs: { evidence: 'D, A4' },
  },
  'iot-jobs-data:StartNextPendingJobExecution': { stepTimeoutInMinutes: { evidence: 'D, A11' } },
  'iot-jobs-data:UpdateJobExecution': {
    expectedVersion: { evidence: 'D, C, A7, A20' },
    status: { evidence: 'D, L, A2' },
    statusDetails: { evidence: 'D, A9' },
  },
};

/**
 * What the engine keeps, row by row: plain JSON values that are replaced and never changed, so that a reply may hand them
 * out and a store may write them later. Indexes, counts, queues and timers are not rows; restore.ts derives them.
 * `sequence` is the order of creation over all tables: it settles ties, pages lists and orders the agenda.
 */
import type {
  AbortConfig,
  CreateOTAUpdateRequest,
  ErrorInfo,
  JobExecutionsRetryConfig,
  JobExecutionsRolloutConfig,
  MaintenanceWindow,
  PresignedUrlConfig,
  ProvisioningHook,
  SchedulingConfig,
  ThingTypeProperties,
  StreamFile,
  TimeoutConfig,
} from '../../protocol/aws/iot.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import type { JobStatus } from '../../protocol/status.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { CertificateFacts, CertificateStatus } from './provisioning/certificate-facts.ts';
import type { ShadowDocument } from './shadow/shadow-document.ts';

export type Attributes = Readonly<Record<string, string>>;

export interface ThingRow {
  readonly sequence: number;
  readonly thingName: string;
  readonly version: number;
  readonly attributes: Attributes;
  /** A thing type that is registered, or a label; billing groups are labels only. */
  readonly thingTypeName?: string;
  readonly billingGroupName?: string;
  readonly memberships: readonly MembershipRow[];
}

export interface MembershipRow {
  /** When the thing joined, in the order of creation. */
  readonly sequence: number;
  readonly groupName: string;
}

export interface ThingGroupRow {
  readonly sequence: number;
  readonly groupName: string;
  readonly parentGroupName?: string;
  readonly version: number;
  readonly description?: string;
  readonly attributes: Attributes;
  readonly createdAt: EpochMs;
  /** Names of the policies attached to it; absent: none. */
  readonly policies?: readonly string[];
}

/** The configurations that UpdateJob may replace and that a template may bring. */
export interface JobConfigs {
  readonly presignedUrlConfig?: PresignedUrlConfig;
  readonly jobExecutionsRolloutConfig?: JobExecutionsRolloutConfig;
  readonly abortConfig?: AbortConfig;
  readonly timeoutConfig?: TimeoutConfig;
  readonly jobExecutionsRetryConfig?: JobExecutionsRetryConfig;
}

export interface JobRow extends JobConfigs {
  readonly sequence: number;
  readonly jobId: string;
  readonly namespaceId?: string;
  readonly status: JobStatus;
  readonly targetSelection: 'CONTINUOUS' | 'SNAPSHOT';
  readonly targets: readonly string[];
  /** JSON text, byte for byte as it was given. */
  readonly document: string;
  /** Where the document came from. */
  readonly documentSource?: string;
  readonly description?: string;
  readonly jobTemplateArn?: string;
  readonly destinationPackageVersions?: readonly string[];
  readonly documentParameters?: Readonly<Record<string, string>>;
  readonly createdAt: EpochMs;
  readonly lastUpdatedAt: EpochMs;
  readonly completedAt?: EpochMs;
  readonly forceCanceled?: boolean;
  readonly reasonCode?: string;
  readonly comment?: string;
  readonly schedulingConfig?: SchedulingConfig;
  /** When the job opens, closes or ends next, by its schedule. */
  readonly nextPhaseAt?: EpochMs;
  /** Its first window is over; SCHEDULED means between two windows then. */
  readonly hasOpened?: true;
  /** Its end time has come. */
  readonly hasEnded?: true;
}

export interface ExecutionRow extends JobExecution {
  readonly sequence: number;
  /** The in-progress deadline, frozen at the start; `timesOutAt` is this or the step timer, whichever is earlier. */
  readonly inProgressTimesOutAt?: EpochMs;
  /** QUEUED, but outside the windows of its job: no device is told of it. */
  readonly hidden?: true;
}

interface WorkBase {
  readonly sequence: number;
  /** When the next slice is due; absent while the work waits for something else than time. */
  readonly at?: EpochMs;
}

/** One minute of a rollout. */
export interface RolloutMinute {
  readonly startedAt: EpochMs;
  /** Executions released in this minute. */
  readonly released: number;
  /** What `numberOfNotifiedThings` is compared with. */
  readonly releasedBefore: number;
  /** What `numberOfSucceededThings` is compared with. */
  readonly succeededBefore: number;
}

export interface RolloutRow extends WorkBase {
  readonly kind: 'rollout';
  readonly jobId: string;
  /** Names of the things among the targets that are not reached yet. */
  readonly things: readonly string[];
  /** Names of the target groups not yet rolled out; the first is being worked on. */
  readonly targetGroups: readonly string[];
  /** Of the first target group: itself and its descendants, as far as they are not done. */
  readonly groups: readonly string[];
  /** Sequence of the last membership seen in the first of `groups`. */
  readonly after: number;
  /** The sequence at which a SNAPSHOT is taken. */
  readonly before: number;
  /** Absent before the first slice. */
  readonly minute?: RolloutMinute;
  /** For its turn, because too many jobs are being rolled out or canceled; or for the next window of its job. */
  readonly waits?: 'turn' | 'window';
}

/** A window has opened or closed: what is QUEUED is shown or hidden. */
export interface WindowRow extends WorkBase {
  readonly kind: 'window';
  readonly jobId: string;
  readonly hides: boolean;
  /** Sequence of the last execution seen. */
  readonly after: number;
  /** What was left of the rollout when the window closed. */
  readonly paused?: PlanOf<RolloutRow>;
}

/** Bulk work that is not done yet: where its next slice goes on. A job or a group has at most one. */
export type WorkRow =
  | RolloutRow
  | WindowRow
  | (WorkBase & {
      readonly kind: 'cancel-job' | 'delete-job';
      readonly jobId: string;
      /** Sequence of the last execution seen. */
      readonly after: number;
    })
  | (WorkBase & { readonly kind: 'delete-group'; readonly groupName: string });

/** Where a piece of work goes on, without its place in time. */
export type PlanOf<Row extends WorkRow> = Row extends WorkRow ? Omit<Row, 'sequence' | 'at'> : never;

export interface JobTemplateRow extends JobConfigs {
  readonly sequence: number;
  readonly jobTemplateId: string;
  readonly description: string;
  readonly document: string;
  readonly documentSource?: string;
  readonly maintenanceWindows?: readonly MaintenanceWindow[];
  readonly destinationPackageVersions?: readonly string[];
  readonly createdAt: EpochMs;
}

export interface TagRow {
  readonly resourceArn: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface EventConfigurationsRow {
  readonly enabled: Readonly<Record<string, boolean>>;
  readonly createdAt: EpochMs;
  readonly lastModifiedAt: EpochMs;
}

export interface SequenceRow {
  readonly next: number;
}

export interface CertificateRow extends CertificateFacts {
  readonly sequence: number;
  readonly status: CertificateStatus;
  readonly version: number;
  readonly createdAt: EpochMs;
  readonly lastModifiedAt: EpochMs;
  /** Registered without its CA. */
  readonly sniOnly?: true;
  /** Names of the policies attached to it, oldest attachment first. */
  readonly policies: readonly string[];
  readonly things: readonly AttachmentRow[];
  /** While it waits to be provisioned: who can show this owns it. */
  readonly ownership?: { readonly token: string; readonly expiresAt: EpochMs };
  /** A provisioning claim: for which template, and until when. */
  readonly claim?: { readonly templateName: string; readonly expiresAt: EpochMs };
}

/** A certificate is attached to a thing. */
export interface AttachmentRow {
  /** When, in the order of creation. */
  readonly sequence: number;
  readonly thingName: string;
  /** Absent: not exclusively. */
  readonly exclusive?: true;
}

export interface PolicyRow {
  readonly sequence: number;
  readonly policyName: string;
  readonly createdAt: EpochMs;
  readonly lastModifiedAt: EpochMs;
  readonly defaultVersionId: string;
  /** Oldest first. */
  readonly versions: readonly PolicyVersionRow[];
  /** How many versions there have been. */
  readonly versionCount: number;
}

export interface PolicyVersionRow {
  readonly versionId: string;
  readonly document: string;
  readonly createdAt: EpochMs;
}

export interface ThingTypeRow {
  readonly sequence: number;
  readonly thingTypeName: string;
  readonly properties: ThingTypeProperties;
  readonly createdAt: EpochMs;
  readonly deprecatedAt?: EpochMs;
}

export interface ProvisioningTemplateVersionRow {
  readonly versionId: number;
  readonly templateBody: string;
  readonly createdAt: EpochMs;
}

export interface ProvisioningTemplateRow {
  readonly sequence: number;
  readonly templateName: string;
  readonly description?: string;
  /** Oldest first. */
  readonly versions: readonly ProvisioningTemplateVersionRow[];
  /** Versions so far, those that are gone among them. */
  readonly versionCount: number;
  readonly defaultVersionId: number;
  readonly enabled: boolean;
  readonly provisioningRoleArn: string;
  readonly preProvisioningHook?: ProvisioningHook;
  readonly type: 'FLEET_PROVISIONING' | 'JITP';
  readonly createdAt: EpochMs;
  readonly lastModifiedAt: EpochMs;
}

/** A device shadow, or what is left of a deleted one: its version, which one of the same name goes on with. */
export interface ShadowRow {
  readonly sequence: number;
  readonly thingName: string;
  /** Absent: the classic shadow. */
  readonly shadowName?: string;
  readonly version: number;
  /** Absent once it is deleted. */
  readonly document?: ShadowDocument;
  readonly deletedAt?: EpochMs;
}

/** A stream, or what is left of a deleted one: its version, which one of the same id goes on with. */
export interface StreamRow {
  readonly sequence: number;
  readonly streamId: string;
  readonly version: number;
  readonly description?: string | undefined;
  readonly files: readonly StreamFile[];
  readonly roleArn: string;
  readonly createdAt: EpochMs;
  readonly lastUpdatedAt: EpochMs;
  /** The update that made it, and the job of that. */
  readonly otaUpdateId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly deletedAt?: EpochMs;
}

export interface OtaUpdateRow {
  readonly sequence: number;
  readonly otaUpdateId: string;
  /** As it was asked for. */
  readonly request: CreateOTAUpdateRequest;
  readonly status: 'CREATE_COMPLETE' | 'CREATE_FAILED' | 'DELETE_IN_PROGRESS';
  readonly createdAt: EpochMs;
  readonly lastModifiedAt: EpochMs;
  readonly jobId?: string;
  /** The stream that this update made. */
  readonly ownStreamId?: string;
  readonly errorInfo?: ErrorInfo;
}

/** Which row type each table holds, and what its key is. */
export interface Tables {
  /** By thing name. */
  readonly thing: ThingRow;
  /** By group name. */
  readonly thingGroup: ThingGroupRow;
  /** By job id. */
  readonly job: JobRow;
  /** By `jobId/thingName/executionNumber`. */
  readonly jobExecution: ExecutionRow;
  /** By `job/jobId` or `group/groupName`. */
  readonly work: WorkRow;
  /** By template id. */
  readonly jobTemplate: JobTemplateRow;
  /** By ARN. */
  readonly tag: TagRow;
  /** By certificate id. */
  readonly certificate: CertificateRow;
  /** By policy name. */
  readonly policy: PolicyRow;
  /** By thing type name. */
  readonly thingType: ThingTypeRow;
  /** By template name. */
  readonly provisioningTemplate: ProvisioningTemplateRow;
  /** By the name of the setting. */
  readonly setting: SequenceRow | EventConfigurationsRow;
  /** By `thingName/shadowName`; the classic shadow has an empty name. */
  readonly shadow: ShadowRow;
  /** By stream id. */
  readonly stream: StreamRow;
  /** By OTA update id. */
  readonly otaUpdate: OtaUpdateRow;
}

export const sequenceSetting = 'sequence';
export const eventConfigurationsSetting = 'eventConfigurations';

/** Separates the parts of an execution's key; neither job ids nor thing names may hold it. */
export function executionKey(jobId: string, thingName: string, executionNumber: number): string {
  return `${jobId}/${thingName}/${executionNumber}`;
}

/**
 * The one contract of the service: commands in; a reply, the changes to keep and the effects to perform out. The
 * engine behind it has no clock, no sockets and no storage; it is total, so a user's mistake is a reply and never a throw.
 *
 * Command names are AWS's IAM actions (`iot:CreateJob`, `iotjobsdata:UpdateJobExecution`), which tell the two planes'
 * DescribeJobExecution apart. Control-plane requests and responses have AWS's own member names; their times are epoch
 * milliseconds, which a door writes in its own unit. Doors have checked types, lengths and patterns (`protocol/`) before
 * a command arrives; the engine checks what only state can tell.
 */
import type { IotDataOperations } from '../../protocol/aws/iot-data.ts';
import type { CreateOTAUpdateRequest, IotOperations, PresignedUrlConfig, StreamFile } from '../../protocol/aws/iot.ts';
import type { DeviceOperations, JobExecution } from '../../protocol/device-api.ts';
import type { RejectionCode } from '../../protocol/rejections.ts';
import type { S3Object } from '../../protocol/s3-url.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { CertificateFacts, CertificateStatus } from './provisioning/certificate-facts.ts';

/** What nobody asks by the name of an operation of AWS. */
export interface ServiceOperations {
  /** A timer: do the bulk work and the deadlines that are due, one bounded slice of them. */
  readonly Wake: { readonly request: Readonly<Record<never, never>>; readonly response: undefined };
  /** A door: who is it that shows this certificate and calls itself so? Its answer changes with a `principal` effect. */
  readonly DescribePrincipal: {
    readonly request: { readonly certificateId: string; readonly clientId: string };
    readonly response: PrincipalDescription;
  };
  /** What `notify` and `notify-next` of a thing would say now, of these namespaces too where nothing is pending in them. */
  readonly DescribeNotifications: {
    readonly request: { readonly thingName: string; readonly namespaceIds: readonly string[] };
    readonly response: { readonly effects: readonly (NotifyEffect | NotifyNextEffect)[] };
  };
  /** A device, over MQTT: a certificate that it will own once it is provisioned. A door has made it, and the token. */
  readonly CreateClaimedCertificate: {
    readonly request: { readonly certificate: CertificateFacts; readonly ownershipToken: string };
    readonly response: ClaimedCertificate;
  };
  /** A device, over MQTT: a thing for the certificate that the token stands for. A refusal may name its `errorCode`. */
  readonly ProvisionThing: {
    readonly request: {
      readonly templateName: string;
      readonly ownershipToken: string;
      readonly parameters: Readonly<Record<string, string>>;
    };
    readonly response: ProvisionedThing;
  };
}

export interface ClaimedCertificate {
  readonly certificateId: string;
  readonly certificatePem: string;
}

export interface ProvisionedThing {
  readonly deviceConfiguration: Readonly<Record<string, string>>;
  /** Absent: the template makes no thing. */
  readonly thingName?: string;
}

/** What a certificate lets its holder do, as far as the registry knows. */
export interface PrincipalDescription {
  /** Absent: the certificate is in no registry. */
  readonly certificate?: {
    readonly status: CertificateStatus;
    /** Names of the things that it is attached to, oldest attachment first. */
    readonly thingNames: readonly string[];
  };
  /** The thing of the connection: named like the client id, or the one to which the certificate belongs exclusively. */
  readonly thing?: {
    readonly thingName: string;
    readonly thingTypeName?: string;
    readonly attributes: Readonly<Record<string, string>>;
    /** Whether the certificate is attached to it. */
    readonly isAttached: boolean;
    /** Whether it is attached exclusively, so that events name the thing. */
    readonly isExclusive: boolean;
  };
  /** Texts of the policies attached to the certificate and to the groups of the thing. */
  readonly policies: readonly string[];
}

/** Operations of device shadows. A get or a delete may carry the text of its MQTT message, which holds a client token. */
export type ShadowOperations = {
  readonly [Name in keyof IotDataOperations]: {
    readonly request: IotDataOperations[Name]['request'] & { readonly payload?: string };
    readonly response: IotDataOperations[Name]['response'];
  };
};

/** Operations whose certificate a door has made or read: the engine knows no cryptography and no chance. */
interface CertificateOperations {
  readonly CreateKeysAndCertificate: WithCertificate<'CreateKeysAndCertificate'>;
  readonly CreateCertificateFromCsr: WithCertificate<'CreateCertificateFromCsr'>;
  readonly RegisterCertificate: WithCertificate<'RegisterCertificate'>;
  readonly RegisterCertificateWithoutCA: WithCertificate<'RegisterCertificateWithoutCA'>;
  readonly CreateProvisioningClaim: WithCertificate<'CreateProvisioningClaim'>;
  /** Its template may bring a certificate, or name one that is there. */
  readonly RegisterThing: {
    readonly request: IotOperations['RegisterThing']['request'] & { readonly certificate?: CertificateFacts };
    readonly response: IotOperations['RegisterThing']['response'];
  };
}

interface WithCertificate<Name extends keyof IotOperations> {
  readonly request: IotOperations[Name]['request'] & { readonly certificate: CertificateFacts };
  readonly response: IotOperations[Name]['response'];
}

/** Operations of the control plane that the engine answers; endpoints belong to the doors. */
export type ControlOperations = Omit<
  IotOperations,
  'DescribeEndpoint' | keyof CertificateOperations | 'CreateOTAUpdate'
> &
  CertificateOperations & {
    readonly CreateOTAUpdate: {
      readonly request: CreateOtaUpdate;
      readonly response: IotOperations['CreateOTAUpdate']['response'];
    };
  };

/** What has been found out about a file of an OTA update, since the engine reads no files. */
export interface OtaImage {
  readonly object: S3Object;
  readonly bytes: number;
  /** Base64, where the request wants it made. */
  readonly signature?: string;
}

export interface CreateOtaUpdate extends CreateOTAUpdateRequest {
  /** By position in `files`, or why a file cannot be had; absent where no files can be read. */
  readonly images?: readonly (OtaImage | { readonly code: string; readonly message: string })[];
}

/** A device asks something of a stream. */
export interface OpenStreamRequest {
  readonly thingName: string;
  readonly streamId: string;
}

export interface OpenedStream {
  readonly streamId: string;
  readonly version: number;
  readonly description?: string | undefined;
  readonly files: readonly StreamFile[];
  /** The job for which the stream was made, or that the device is doing with it. */
  readonly jobId?: string | undefined;
}

/** What doors ask that serve streams. */
export interface StreamOperations {
  readonly OpenStream: { readonly request: OpenStreamRequest; readonly response: OpenedStream };
}

type Named<Prefix extends string, Plane> = {
  readonly [Name in keyof Plane & string as `${Prefix}:${Name}`]: Plane[Name];
};

/** Every command with its request and response. Dispatch is a mapped type over this: a missing one does not compile. */
export type Operations = Named<'iot', ControlOperations & ShadowOperations> &
  Named<'iotjobsdata', DeviceOperations> &
  Named<'jobrig', ServiceOperations & StreamOperations>;

export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name] extends { readonly request: infer R } ? R : never;
export type ResponseOf<Name extends OperationName> = Operations[Name] extends { readonly response: infer R }
  ? R
  : never;

export interface CommandOf<Name extends OperationName> {
  readonly name: Name;
  readonly request: RequestOf<Name>;
}
export type Command = { [Name in OperationName]: CommandOf<Name> }[OperationName];

export interface Accepted<Response> {
  readonly accepted: true;
  readonly response: Response;
}

export interface Rejected {
  readonly accepted: false;
  readonly code: RejectionCode;
  readonly message: string;
  /** Where AWS tells the current state with the refusal (InvalidStateTransition, VersionMismatch). */
  readonly executionState?: JobExecution;
  /** Extra error members of the control plane, e.g. `resourceId` of ResourceAlreadyExistsException. */
  readonly members?: Readonly<Record<string, string>>;
}

export type Reply<Response> = Accepted<Response> | Rejected;

/** One row to keep or to drop. Rows are plain JSON values; the engine can be rebuilt from the rows alone. */
export interface Change {
  readonly table: ChangeTable;
  readonly key: string;
  /** Absent: the row is gone. */
  readonly row?: object;
}

export type ChangeTable =
  | 'certificate'
  | 'policy'
  | 'thingType'
  | 'provisioningTemplate'
  | 'thing'
  | 'thingGroup'
  | 'job'
  | 'jobExecution'
  | 'work'
  | 'jobTemplate'
  | 'tag'
  | 'setting'
  | 'shadow'
  | 'stream'
  | 'otaUpdate';

/** `notify`: the set of pending executions of a thing changed (reference notifications.md N1). */
export interface NotifyEffect {
  readonly kind: 'notify';
  readonly thingName: string;
  readonly namespaceId?: string;
  readonly at: EpochMs;
  /** Already sorted and cut to what AWS shows. */
  readonly inProgress: readonly JobExecution[];
  readonly queued: readonly JobExecution[];
  /** The jobs that entered or left the set; the documented namespaced form of the topic names them. */
  readonly changedJobIds: readonly string[];
}

/** `notify-next`: another execution, or none, is now the head (N2). */
export interface NotifyNextEffect {
  readonly kind: 'notify-next';
  readonly thingName: string;
  readonly namespaceId?: string;
  readonly at: EpochMs;
  readonly head?: JobExecution;
  /** JSON text of the head's job document. */
  readonly jobDocument?: string;
}

/**
 * A message for whoever has subscribed to its topic: a lifecycle event for `$aws/events/…`, emitted only when switched on
 * (events.md), or what the shadow of a thing says.
 */
export interface EventEffect {
  readonly kind: 'event';
  readonly topic: string;
  /** Bytes where it is written already. */
  readonly payload: object;
}

/** What a certificate lets its holder do may have changed; a door that knows its holder asks DescribePrincipal again. */
export interface PrincipalEffect {
  readonly kind: 'principal';
  readonly certificateId: string;
}

export type Effect = NotifyEffect | NotifyNextEffect | EventEffect | PrincipalEffect;

export interface Outcome<Name extends OperationName = OperationName> {
  readonly reply: Reply<ResponseOf<Name>>;
  readonly changes: readonly Change[];
  readonly effects: readonly Effect[];
}

export interface Engine {
  /** Total and synchronous. A rejected command has no changes and no effects. `now` must not go back. */
  apply<Name extends OperationName>(command: CommandOf<Name>, now: EpochMs): Outcome<Name>;
  /** When `jobrig:Wake` is wanted next: a deadline, a past instant when bulk work waits, or never. */
  nextDeadline(): EpochMs | undefined;
  /** Everything, as the rows that {@link Change}s would leave behind; for stores, hashes and tests. */
  rows(): Iterable<Required<Change>>;
}

/** Where the service believes it runs; parts of every ARN. */
export interface ServiceIdentity {
  readonly region: string;
  readonly account: string;
}

/** For whom a document is. */
export interface DocumentContext {
  readonly jobId: string;
  readonly thingName: string;
  readonly executionNumber: number;
  readonly presignedUrlConfig?: PresignedUrlConfig;
}

/** Total and free of side effects; a document without placeholders comes back as it is. */
export type ResolveDocument = (text: string, context: DocumentContext) => string;

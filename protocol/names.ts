/**
 * Names and ARNs: what may be called what, and how a name becomes an ARN and back. An ARN of another account,
 * or of a partition that its region is not in, parses well: who resolves it decides whether there is such a thing.
 * Source: reference mqtt-api.md §2 (names), http-api.md §3 (ARNs), templates.md §2 (managed templates have no account),
 * streams-and-ota.md §2 (streams and OTA updates).
 */

const thingNamePattern = /^[a-zA-Z0-9:_-]{1,128}$/;
/** The job of an OTA update has the update's id behind this, and may be as much longer (reference streams-and-ota.md S11). */
export const otaJobIdPrefix = 'AFR_OTA-';
const jobIdPattern = new RegExp(`^(?:${otaJobIdPrefix})?[a-zA-Z0-9_-]{1,64}$`);
const namespaceIdPattern = /^[a-zA-Z0-9_-]+$/;
const arnPattern = /^arn:(aws[a-z-]*):iot:([a-z0-9-]*):([0-9]*):([a-z]+)\/(.+)$/;

export function isThingName(text: string): boolean {
  return thingNamePattern.test(text);
}

export function isJobId(text: string): boolean {
  return jobIdPattern.test(text);
}

export function isNamespaceId(text: string): boolean {
  return namespaceIdPattern.test(text);
}

/** The part of an ARN that all resources of one service share. */
export interface ArnScope {
  readonly region: string;
  /** Twelve digits; empty in the ARNs of AWS managed templates. */
  readonly account: string;
}

export interface Arn extends ArnScope {
  /** `aws`, or what stands apart from it: `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  /** `thing`, `thinggroup`, `job`, `jobtemplate`, `package`, …: whatever stands before the first slash. */
  readonly resource: string;
  /** Everything after the first slash: `P/version/V` for a package version, `NAME:1.0` for a managed template. */
  readonly name: string;
}

/** @returns `undefined` for what is not the ARN of an AWS IoT resource. */
export function parseArn(text: string): Arn | undefined {
  const match = arnPattern.exec(text);
  if (match === null) return undefined;
  const [, partition = '', region = '', account = '', resource = '', name = ''] = match;
  return { partition, resource, name, region, account };
}

/** The partition that a region is in. Source: AWS General Reference, "Amazon Resource Names (ARNs)". */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** What every ARN of this account and region begins with. */
export function arnPrefix({ region, account }: ArnScope): string {
  return `arn:${partitionOf(region)}:iot:${region}:${account}:`;
}

export const formatThingArn = arnOf('thing');
export const formatThingGroupArn = arnOf('thinggroup');
export const formatJobArn = arnOf('job');
export const formatJobTemplateArn = arnOf('jobtemplate');
export const formatCertificateArn = arnOf('cert');
export const formatPolicyArn = arnOf('policy');
export const formatThingTypeArn = arnOf('thingtype');
export const formatProvisioningTemplateArn = arnOf('provisioningtemplate');
export const formatStreamArn = arnOf('stream');
export const formatOtaUpdateArn = arnOf('otaupdate');

function arnOf(resource: string) {
  return (scope: ArnScope, name: string): string => `${arnPrefix(scope)}${resource}/${name}`;
}

/**
 * Names and ARNs: what may be called what, and how a name becomes an ARN and back. Says nothing about existence: an ARN of
 * another account parses well, and whoever resolves it decides. Partitions other than `aws` are read but never written.
 * Source: reference mqtt-api.md §2 (names), http-api.md §3 (ARNs), templates.md §2 (managed templates have no account),
 * streams-and-ota.md §2 (streams and OTA updates).
 */

const thingNamePattern = /^[a-zA-Z0-9:_-]{1,128}$/;
/** The job of an OTA update has the update's id behind this, and may be as much longer (reference streams-and-ota.md S11). */
export const otaJobIdPrefix = 'AFR_OTA-';
const jobIdPattern = new RegExp(`^(?:${otaJobIdPrefix})?[a-zA-Z0-9_-]{1,64}$`);
const namespaceIdPattern = /^[a-zA-Z0-9_-]+$/;
const arnPattern = /^arn:aws[a-z-]*:iot:([a-z0-9-]*):([0-9]*):([a-z]+)\/(.+)$/;

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
  /** `thing`, `thinggroup`, `job`, `jobtemplate`, `package`, …: whatever stands before the first slash. */
  readonly resource: string;
  /** Everything after the first slash: `P/version/V` for a package version, `NAME:1.0` for a managed template. */
  readonly name: string;
}

/** @returns `undefined` for what is not the ARN of an AWS IoT resource. */
export function parseArn(text: string): Arn | undefined {
  const match = arnPattern.exec(text);
  if (match === null) return undefined;
  const [, region = '', account = '', resource = '', name = ''] = match;
  return { resource, name, region, account };
}

export function formatThingArn(scope: ArnScope, thingName: string): string {
  return formatArn(scope, 'thing', thingName);
}

export function formatThingGroupArn(scope: ArnScope, thingGroupName: string): string {
  return formatArn(scope, 'thinggroup', thingGroupName);
}

export function formatJobArn(scope: ArnScope, jobId: string): string {
  return formatArn(scope, 'job', jobId);
}

export function formatJobTemplateArn(scope: ArnScope, jobTemplateId: string): string {
  return formatArn(scope, 'jobtemplate', jobTemplateId);
}

export function formatCertificateArn(scope: ArnScope, certificateId: string): string {
  return formatArn(scope, 'cert', certificateId);
}

export function formatPolicyArn(scope: ArnScope, policyName: string): string {
  return formatArn(scope, 'policy', policyName);
}

export function formatThingTypeArn(scope: ArnScope, thingTypeName: string): string {
  return formatArn(scope, 'thingtype', thingTypeName);
}

export function formatProvisioningTemplateArn(scope: ArnScope, templateName: string): string {
  return formatArn(scope, 'provisioningtemplate', templateName);
}

export function formatStreamArn(scope: ArnScope, streamId: string): string {
  return formatArn(scope, 'stream', streamId);
}

export function formatOtaUpdateArn(scope: ArnScope, otaUpdateId: string): string {
  return formatArn(scope, 'otaupdate', otaUpdateId);
}

function formatArn({ region, account }: ArnScope, resource: string, name: string): string {
  return `arn:aws:iot:${region}:${account}:${resource}/${name}`;
}

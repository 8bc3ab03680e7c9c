/**
 * How job documents and requests name objects in S3: path style, virtual-host style and `s3://`, with or without a version id.
 * Reads and checks names; whether there is such a bucket or object is not known here.
 * Source: reference configs.md §6 and §7 (forms of the URL); S3's naming rules for buckets and object keys.
 */
import { utf8Length } from './utf8.ts';

export interface S3Object {
  readonly bucket: string;
  /** As S3 has it, not percent-encoded; empty where the URL names a bucket only. */
  readonly key: string;
  readonly versionId?: string;
}

const bucketPattern = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';
const endpoint = String.raw`s3(?:-fips|-accelerate)?(?:\.dualstack)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?`;
const maxKeyBytes = 1024;

const forms: readonly RegExp[] = [
  new RegExp(`^https?://${endpoint}/(?<bucket>${bucketPattern})(?<rest>[/?#].*)?$`, 's'),
  new RegExp(`^https?://(?<bucket>${bucketPattern})\\.${endpoint}(?<rest>[/?#].*)?$`, 's'),
  new RegExp(`^s3://(?<bucket>${bucketPattern})(?<rest>[/?#].*)?$`, 's'),
];

/** @returns `undefined` for what is no URL of S3. Keys are written with and without percent-encoding. */
export function parseS3Url(url: string): S3Object | undefined {
  for (const form of forms) {
    const { bucket, rest = '' } = form.exec(url)?.groups ?? {};
    // What UTF-8 cannot write is in no URL.
    if (bucket !== undefined && !/\p{Surrogate}/u.test(rest)) return { bucket, ...objectIn(rest) };
  }
  return undefined;
}

const signingForm = new RegExp(
  `^s3://[a-z]{2}(?:-[a-z]+)+-\\d\\.(?<bucket>${bucketPattern})/(?<key>[^?#]+?)(?:@(?<version>[^@/]+))?$`,
  's',
);

/** The form in which code signing names an object: `s3://REGION.BUCKET/KEY@VERSION`. */
export function parseSigningUrl(url: string): S3Object | undefined {
  // What UTF-8 cannot write is in no URL.
  if (/\p{Surrogate}/u.test(url)) return undefined;
  const { bucket, key = '', version } = signingForm.exec(url)?.groups ?? {};
  return bucket === undefined ? undefined : { bucket, ...withVersion(decoded(key), version) };
}

/** What stands behind the bucket: `/key?versionId=V`, where `-v2` placeholders percent-encode the question mark, too. */
function objectIn(rest: string): Omit<S3Object, 'bucket'> {
  const [path = '', query] = rest.replace(/#.*$/s, '').split('?', 2);
  const key = decoded(path.slice(1));
  if (query !== undefined) return withVersion(key, /(?:^|&)versionId=([^&]+)/.exec(query)?.[1]);
  const encoded = /^(?<key>.*)\?versionId=(?<version>[^&?=]+)$/s.exec(key)?.groups;
  return encoded === undefined ? { key } : withVersion(encoded['key'] ?? '', encoded['version']);
}

function withVersion(key: string, versionId: string | undefined): Omit<S3Object, 'bucket'> {
  return versionId === undefined ? { key } : { key, versionId: decoded(versionId) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** S3's own rule; it admits no dot segment and nothing else that a file system takes for more than a name. */
export function isBucketName(text: string): boolean {
  return new RegExp(`^${bucketPattern}$`).test(text) && !text.includes('..') && !/^\d+(?:\.\d+){3}$/.test(text);
}

/** S3 takes any text of up to 1,024 bytes. */
export function isObjectKey(text: string): boolean {
  return text !== '' && utf8Length(text) <= maxKeyBytes;
}

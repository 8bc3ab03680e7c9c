/**
 * How job documents name objects in S3, and where such an object lies in the directory that stands in for S3: bucket and key
 * below it, `DIR/BUCKET/KEY`. Knows no files: a name either means a place strictly below its bucket, or nothing.
 * Source: reference configs.md §6 and §7 (forms of the URL); S3's naming rules for buckets.
 */
import { join } from 'node:path';

export interface S3Object {
  readonly bucket: string;
  /** As S3 has it, not percent-encoded. */
  readonly key: string;
}

/** S3's own rule; it admits no dot segment and nothing else that a file system takes for more than a name. */
const bucketPattern = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';
const endpoint = String.raw`s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?`;

const forms: readonly RegExp[] = [
  new RegExp(`^https?://${endpoint}/(?<bucket>${bucketPattern})(?:/(?<key>[^?#]*))?(?:[?#]|$)`),
  new RegExp(`^https?://(?<bucket>${bucketPattern})\\.${endpoint}(?:/(?<key>[^?#]*))?(?:[?#]|$)`),
  new RegExp(`^s3://(?<bucket>${bucketPattern})(?:/(?<key>[^?#]*))?(?:[?#]|$)`),
];

/**
 * Path style, virtual-host style and `s3://`; a version id is passed over, since a directory has one version of everything.
 * @returns `undefined` for what is no URL of S3; an empty key where the URL names a bucket only.
 */
export function parseS3Url(url: string): S3Object | undefined {
  for (const form of forms) {
    const { bucket, key = '' } = form.exec(url)?.groups ?? {};
    if (bucket !== undefined) return { bucket, key: decoded(key) };
  }
  return undefined;
}

/** The path below the directory, or `undefined` when no file can have this key. */
export function relativePathOf({ bucket, key }: S3Object): string | undefined {
  const isName = new RegExp(`^${bucketPattern}$`).test(bucket) && !bucket.includes('..');
  const segments = key.split('/');
  return isName && segments.every(isFileName) ? join(bucket, ...segments) : undefined;
}

/** Characters that split or end a path on any system are no part of a name. */
function isFileName(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[\\\0]/.test(segment);
}

/** Keys in job documents are written with and without percent-encoding. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

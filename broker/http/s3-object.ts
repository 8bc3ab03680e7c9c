/**
 * Where an object of S3 lies in the directory that stands in for S3: bucket and key below it, `DIR/BUCKET/KEY`. Knows no
 * files: a name either means a place strictly below its bucket, or nothing. There is one version of everything, so every
 * version id means that one.
 */
import { join } from 'node:path';
import { type S3Object, isBucketName } from '../../protocol/s3-url.ts';

/** The path below the directory, or `undefined` when no file can have this key. */
export function relativePathOf({ bucket, key }: S3Object): string | undefined {
  const segments = key.split('/');
  return isBucketName(bucket) && segments.every(isFileName) ? join(bucket, ...segments) : undefined;
}

/** Characters that split or end a path on any system are no part of a name. */
function isFileName(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[\\\0]/.test(segment);
}

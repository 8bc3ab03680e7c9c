/**
 * URLs that open one object for one method until they expire, like S3's presigned ones and with their query members
 * (reference configs.md §7). The signature is this rig's own, an HMAC over method, path and query under a key that nobody
 * else has: whoever signs and whoever checks are the same service, so AWS's derivation would prove nothing more. In the
 * place of AWS's session token stands the job execution for which the URL was made, so that each download tells whose it is.
 */
import { createHmac } from 'node:crypto';
import type { S3Object } from '../../protocol/s3-url.ts';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import { isEqual } from './signed-request.ts';

export type SignedMethod = 'GET' | 'PUT';

/** The job execution to whose device a URL was handed. */
export interface UrlHolder {
  readonly jobId: string;
  readonly thingName: string;
  readonly executionNumber: number;
}

export interface OpenedUrl {
  readonly object: S3Object;
  readonly holder: UrlHolder;
}

export interface SignedUrls {
  /** Path and query of a URL that answers to `method` from `at` on. */
  sign(method: SignedMethod, object: S3Object, expiresInSec: number, at: EpochMs, holder: UrlHolder): string;
  /** What the URL opens now, or why it does not. */
  open(method: string | undefined, target: string, now: EpochMs): OpenedUrl | Refusal;
}

export type Refusal = 'wrong signature' | 'expired';

/** Where the signed URLs of a service begin. */
export const filesPath = '/files/';

const signatureMember = '&X-Amz-Signature=';

export function createSignedUrls(key: Uint8Array, region: string): SignedUrls {
  const signatureOf = (method: string, unsigned: string): string =>
    createHmac('sha256', key).update(`${method}\n${unsigned}`).digest('hex');

  return {
    sign(method, { bucket, key: objectKey, versionId }, expiresInSec, at, holder) {
      const date = basicFormat(at);
      const query = [
        ...(versionId === undefined ? [] : [`versionId=${encodeURIComponent(versionId)}`]),
        `X-Amz-Security-Token=${tokenOf(holder)}`,
        'X-Amz-Algorithm=AWS4-HMAC-SHA256',
        `X-Amz-Date=${date}`,
        'X-Amz-SignedHeaders=host',
        `X-Amz-Expires=${expiresInSec}`,
        `X-Amz-Credential=${encodeURIComponent(`JOBRIG/${date.slice(0, 8)}/${region}/s3/aws4_request`)}`,
      ].join('&');
      const path = [bucket, ...objectKey.split('/')].map(encodeURIComponent).join('/');
      const unsigned = `${filesPath}${path}?${query}`;
      return `${unsigned}${signatureMember}${signatureOf(method, unsigned)}`;
    },

    open(method = '', target, now) {
      const [unsigned = '', signature = ''] = target.split(signatureMember);
      if (!isEqual(signature, signatureOf(method, unsigned))) return 'wrong signature';
      const [path = '', query = ''] = unsigned.slice(filesPath.length).split('?');
      const members = new URLSearchParams(query);
      if (expiryOf(members) <= now) return 'expired';
      return { object: objectAt(path, members.get('versionId')), holder: holderIn(members) };
    },
  };
}

/** Of a path that was signed, so it is well formed. */
function objectAt(path: string, versionId: string | null): S3Object {
  const [bucket = '', ...key] = path.split('/').map(decodeURIComponent);
  return { bucket, key: key.join('/'), ...(versionId !== null && { versionId }) };
}

function tokenOf({ jobId, thingName, executionNumber }: UrlHolder): string {
  return Buffer.from(`${jobId}/${thingName}/${executionNumber}`).toString('base64url');
}

/** Neither a job id nor a thing name may hold a slash. */
function holderIn(members: URLSearchParams): UrlHolder {
  const token = Buffer.from(members.get('X-Amz-Security-Token') ?? '', 'base64url').toString();
  const [jobId = '', thingName = '', executionNumber] = token.split('/');
  return { jobId, thingName, executionNumber: Number(executionNumber) };
}

/** `20261122T024315Z`. */
function basicFormat(at: EpochMs): string {
  return new Date(toEpochSeconds(at) * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function expiryOf(members: URLSearchParams): EpochMs {
  const date = members.get('X-Amz-Date') ?? '';
  const iso = date.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
  return Date.parse(iso) + Number(members.get('X-Amz-Expires')) * 1000;
}

/**
 * URLs that open one object for one method until they expire, like S3's presigned ones and with their query members
 * (reference configs.md §7). The signature is this rig's own, an HMAC over method, path and query under a key that nobody
 * else has: whoever signs and whoever checks are the same service, so AWS's derivation would prove nothing more.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import type { S3Object } from './s3-object.ts';

export type SignedMethod = 'GET' | 'PUT';

export interface SignedUrls {
  /** Path and query of a URL that answers to `method` from `at` on. */
  sign(method: SignedMethod, object: S3Object, expiresInSec: number, at: EpochMs): string;
  /** The object that the URL opens now, or why it does not. */
  open(method: string | undefined, target: string, now: EpochMs): S3Object | Refusal;
}

export type Refusal = 'wrong signature' | 'expired';

/** Where the signed URLs of a service begin. */
export const filesPath = '/files/';

const signatureMember = '&X-Amz-Signature=';

export function createSignedUrls(key: Uint8Array, region: string): SignedUrls {
  const signatureOf = (method: string, unsigned: string): string =>
    createHmac('sha256', key).update(`${method}\n${unsigned}`).digest('hex');

  return {
    sign(method, { bucket, key: objectKey }, expiresInSec, at) {
      const date = basicFormat(at);
      const query = [
        'X-Amz-Algorithm=AWS4-HMAC-SHA256',
        `X-Amz-Credential=${encodeURIComponent(`JOBRIG/${date.slice(0, 8)}/${region}/s3/aws4_request`)}`,
        `X-Amz-Date=${date}`,
        `X-Amz-Expires=${expiresInSec}`,
        'X-Amz-SignedHeaders=host',
      ].join('&');
      const path = [bucket, ...objectKey.split('/')].map(encodeURIComponent).join('/');
      const unsigned = `${filesPath}${path}?${query}`;
      return `${unsigned}${signatureMember}${signatureOf(method, unsigned)}`;
    },

    open(method = '', target, now) {
      const [unsigned = '', signature = ''] = target.split(signatureMember);
      if (!isEqual(signature, signatureOf(method, unsigned))) return 'wrong signature';
      const [path = '', query = ''] = unsigned.slice(filesPath.length).split('?');
      return expiryOf(new URLSearchParams(query)) > now ? objectAt(path) : 'expired';
    },
  };
}

function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Of a path that was signed, so it is well formed. */
function objectAt(path: string): S3Object {
  const [bucket = '', ...key] = path.split('/').map(decodeURIComponent);
  return { bucket, key: key.join('/') };
}

/** `20261122T024315Z`. */
function basicFormat(at: EpochMs): string {
  return new Date(toEpochSeconds(at) * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function expiryOf(query: URLSearchParams): EpochMs {
  const date = query.get('X-Amz-Date') ?? '';
  const iso = date.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
  return Date.parse(iso) + Number(query.get('X-Amz-Expires')) * 1000;
}

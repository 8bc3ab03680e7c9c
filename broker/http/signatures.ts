/**
 * Verifies AWS Signature Version 4, in the Authorization header and in the query of a presigned URL (as WebSocket clients have
 * it). Headers are brought into canonical form by AWS's library; the query byte by byte as it came, since two that a lenient reader
 * takes for the same are two; the body is always hashed anew, whatever a header says of it. Says who signed, not what they may do. Source: AWS General Reference, "Signature Version 4".
 */
import { type Hmac, createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { getCanonicalHeaders } from '@smithy/signature-v4';
import type { EpochMs } from '../../protocol/time.ts';
import type { AwsError } from './aws-error.ts';
import { type SignedRequest, isEqual, queryOf, queryTextOf } from './signed-request.ts';

/** Secret access keys by access key id. */
export type AccessKeys = ReadonlyMap<string, string>;

/** @returns what is wrong with the signature, or `undefined`. */
export type SignatureCheck = (request: SignedRequest) => AwsError | undefined;

/** What a request says of its signature. */
interface Claim {
  readonly accessKeyId: string;
  readonly shortDate: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20261122T024315Z`. */
  readonly longDate: string;
  readonly lifeMs: number;
}

/** How far AWS lets clocks be apart, and how long a header's signature lives. */
const skewMs = 5 * 60 * 1000;
/** What a presigned URL may live: from a second to a week. */
const maxExpiresSec = 7 * 24 * 60 * 60;
const algorithm = 'AWS4-HMAC-SHA256';

/**
 * @param now is the wall clock, which callers sign by, and not service time.
 * @param services who may be meant by the signature; absent: whoever asks looks at that.
 */
export function createSignatureCheck(
  accessKeys: AccessKeys,
  now: () => EpochMs,
  services?: ReadonlySet<string>,
): SignatureCheck {
  return (request) => {
    const query = queryOf(request.target);
    const inHeader = request.headers.authorization !== undefined;
    const inQuery = ['Signature', 'Credential', 'Algorithm'].some((name) => query.has(`X-Amz-${name}`));
    if (!inHeader && !inQuery) return refusal('MissingAuthenticationTokenException', 'Missing Authentication Token');
    // Whoever reads the one must not believe the other.
    if (inHeader && inQuery) return refusal('IncompleteSignatureException', 'Only one signature is allowed.');
    const claim = inHeader ? claimInHeader(request.headers) : claimInQuery(query);
    if (claim === undefined) {
      return refusal(
        'IncompleteSignatureException',
        'The Authorization header or the query lacks a part of a signature, or has one that is out of range.',
      );
    }
    const secret = accessKeys.get(claim.accessKeyId);
    if (secret === undefined) {
      return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
    }
    const wanted = signatureOf(request, claim, secret);
    if (!isEqual(claim.signature, wanted)) return refusal('InvalidSignatureException', mismatch);
    if (services !== undefined && !services.has(claim.service)) {
      const wantedService = [...services][0] ?? '';
      return refusal(
        'InvalidSignatureException',
        `Credential should be scoped to correct service: '${wantedService}'.`,
      );
    }
    return untimely(claim, now());
  };
}

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.';

function claimInHeader({ authorization = '', 'x-amz-date': longDate }: IncomingHttpHeaders): Claim | undefined {
  const [, credential, headers, signature] =
    /^AWS4-HMAC-SHA256 +Credential=([^\s,]+), *SignedHeaders=([^\s,]+), *Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  return claimOf({ credential, headers, signature, longDate, lifeMs: skewMs });
}

function claimInQuery(query: URLSearchParams): Claim | undefined {
  const member = (name: string): string | undefined => query.get(`X-Amz-${name}`) ?? undefined;
  const expires = member('Expires') ?? String(skewMs / 1000);
  const isAlgorithm = member('Algorithm') === algorithm;
  if (!isAlgorithm || !/^\d{1,6}$/.test(expires) || Number(expires) > maxExpiresSec) return undefined;
  return claimOf({
    credential: member('Credential'),
    headers: member('SignedHeaders'),
    signature: member('Signature'),
    longDate: member('Date'),
    lifeMs: Number(expires) * 1000,
  });
}

function claimOf({
  credential = '',
  headers = '',
  signature,
  longDate,
  lifeMs,
}: {
  readonly credential: string | undefined;
  readonly headers: string | undefined;
  readonly signature: string | undefined;
  readonly longDate: unknown;
  readonly lifeMs: number;
}): Claim | undefined {
  const [, accessKeyId, shortDate, region, service] =
    /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential) ?? [];
  if (!accessKeyId || !shortDate || !region || !service || signature === undefined) return undefined;
  if (typeof longDate !== 'string' || Number.isNaN(instantOf(longDate)) || !longDate.startsWith(shortDate)) {
    return undefined;
  }
  const signedHeaders = headers.split(';');
  // A signature that does not say for whom it is could be taken elsewhere.
  if (!signedHeaders.includes('host')) return undefined;
  return { accessKeyId, shortDate, region, service, signedHeaders, signature, longDate, lifeMs };
}

function signatureOf(request: SignedRequest, claim: Claim, secret: string): string {
  const { shortDate, region, service, longDate } = claim;
  const scope = [shortDate, region, service, 'aws4_request'];
  const canonical = sha256(canonicalRequest(request, claim));
  const key = scope.reduce<Uint8Array | string>((parent, part) => hmac(parent, part).digest(), `AWS4${secret}`);
  return hmac(key, [algorithm, longDate, scope.join('/'), canonical].join('\n')).digest('hex');
}

function canonicalRequest({ method, target, headers, body }: SignedRequest, claim: Claim): string {
  const signed = new Set(claim.signedHeaders);
  const request = {
    ...emptyRequest,
    headers: Object.fromEntries([...signed].map((name) => [name, [headers[name] ?? ''].flat().join(',')])),
  };
  const canonicalHeaders = Object.entries(getCanonicalHeaders(request, undefined, signed)).sort();
  return [
    method,
    canonicalPath(target.split('?', 1)[0]!),
    canonicalQuery(queryTextOf(target), claim.service),
    ...canonicalHeaders.map(([name, value]) => `${name}:${value}`),
    '',
    claim.signedHeaders.join(';'),
    sha256(body),
  ].join('\n');
}

/** What the library wants of a request and does not look at. */
const emptyRequest = { method: '', protocol: '', hostname: '', path: '' };

/** Everything but S3 escapes the path of the request line once more. */
function canonicalPath(rawPath: string): string {
  return rawPath.split('/').map(escaped).join('/');
}

/**
 * Without the one signature that is read. The device gateway's session token is appended to a URL that is signed already (AWS IoT guide,
 * "MQTT over WebSocket").
 */
function canonicalQuery(query: string, service: string): string {
  const members = query.split('&').flatMap((member) => {
    if (member === '') return [];
    const [name, value] = [member.split('=', 1)[0]!, member.slice(member.indexOf('=') + 1 || member.length)];
    return [[escaped(unescaped(name)), escaped(unescaped(value))] as const];
  });
  const signatureAt = members.findIndex(([name]) => name === 'X-Amz-Signature');
  return members
    .filter(
      ([name], index) => index !== signatureAt && (name !== 'X-Amz-Security-Token' || service !== 'iotdevicegateway'),
    )
    .sort(([one, value], [other, otherValue]) => inOrder(one, other) || inOrder(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function inOrder(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** @returns bytes, a character for each. */
function unescaped(text: string): string {
  const bytes = Buffer.from(text.replaceAll('+', ' ')).toString('latin1');
  return bytes.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escaped(bytes: string): string {
  return bytes.replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Uint8Array, text: string): Hmac {
  return createHmac('sha256', key).update(text);
}

function untimely({ longDate, lifeMs }: Claim, now: EpochMs): AwsError | undefined {
  const signedAt = instantOf(longDate);
  if (signedAt > now + skewMs)
    return refusal('InvalidSignatureException', `Signature not yet current: ${longDate} is in the future.`);
  if (signedAt + lifeMs < now)
    return refusal('InvalidSignatureException', `Signature expired: ${longDate} is too long ago.`);
  return undefined;
}

/** Of `20261122T024315Z`; NaN for what is no date. */
function instantOf(longDate: string): EpochMs {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(longDate) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function refusal(exception: string, message: string): AwsError {
  return { exception, status: 403, message };
}

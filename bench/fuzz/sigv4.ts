/**
 * AWS Signature Version 4 as a caller makes it, written from its description and with every part open to be made wrong; and, by the same
 * words, whether a request that arrived is one that was signed. Nothing of it is shared with what the service checks by.
 * Source: AWS General Reference, "Signature Version 4"; AWS IoT guide, "MQTT over WebSocket" (the session token is not signed).
 */
import { createHash, createHmac } from 'node:crypto';

/** A request as it goes over the wire. */
export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Signing {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly region?: string;
  readonly service: string;
  readonly host: string;
  readonly method?: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: string | Uint8Array;
  /** Other headers, which are signed where {@link signedHeaders} names them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `20261122T024315Z`; default now. */
  readonly date?: string;
  /** Of the scope; default the day of {@link date}. */
  readonly shortDate?: string;
  readonly signedHeaders?: readonly string[];
  /** Seconds, of a presigned URL. */
  readonly expires?: string;
}

/** Everything beside the request that a signature is made of. */
interface Scope {
  readonly secret: string;
  readonly date: string;
  readonly shortDate: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
}

const algorithm = 'AWS4-HMAC-SHA256';
const tenMinutesMs = 600_000;
const weekMs = 7 * 24 * 3_600_000;
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export function dateOf(instant: number): string {
  return new Date(instant).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** The headers of a signed request. */
export function signedHeaders(signing: Signing): Readonly<Record<string, string>> {
  const { accessKeyId, host, method = 'GET', target, body = '' } = signing;
  const scope = scopeOf(signing, ['host', 'x-amz-date']);
  const headers = { ...signing.headers, host, 'x-amz-date': scope.date };
  const signature = signatureOf({ method, target, headers, body }, scope);
  const [credential, list] = [credentialOf(accessKeyId, scope), scope.signedHeaders.join(';')];
  return {
    ...headers,
    authorization: `${algorithm} Credential=${credential}, SignedHeaders=${list}, Signature=${signature}`,
  };
}

/** The target of a presigned URL. */
export function presigned(signing: Signing): string {
  const { accessKeyId, host, method = 'GET', target, body = '', expires } = signing;
  const scope = scopeOf(signing, ['host']);
  const added: readonly (readonly [string, string])[] = [
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', credentialOf(accessKeyId, scope)],
    ['X-Amz-Date', scope.date],
    ...(expires === undefined ? [] : ([['X-Amz-Expires', expires]] as const)),
    ['X-Amz-SignedHeaders', scope.signedHeaders.join(';')],
  ];
  const query = added.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const unsigned = `${target}${target.includes('?') ? '&' : '?'}${query}`;
  const headers = { ...signing.headers, host };
  return `${unsigned}&X-Amz-Signature=${signatureOf({ method, target: unsigned, headers, body }, scope)}`;
}

function scopeOf(signing: Signing, usually: readonly string[]): Scope {
  const { secret, region = 'us-east-1', service, date = dateOf(Date.now()) } = signing;
  const { shortDate = date.slice(0, 8), signedHeaders: names = usually } = signing;
  return { secret, date, shortDate, region, service, signedHeaders: names };
}

function credentialOf(accessKeyId: string, { shortDate, region, service }: Scope): string {
  return [accessKeyId, shortDate, region, service, 'aws4_request'].join('/');
}

function signatureOf({ method, target, headers, body }: Request, scope: Scope): string {
  const canonical = [
    method,
    target.split('?', 1)[0]!.split('/').map(escaped).join('/'),
    canonicalQuery(queryOf(target), scope.service),
    ...scope.signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    scope.signedHeaders.join(';'),
    sha256(body),
  ].join('\n');
  const parts = [scope.shortDate, scope.region, scope.service, 'aws4_request'];
  const key = parts.reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${scope.secret}`);
  return hmac(key, [algorithm, scope.date, parts.join('/'), sha256(canonical)].join('\n')).toString('hex');
}

function canonicalQuery(query: string, service: string): string {
  const members = membersOf(query)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .filter(([name]) => name !== 'X-Amz-Security-Token' || service !== 'iotdevicegateway')
    .map(([name, value]) => [escaped(name), escaped(value)] as const);
  members.sort(([name, value], [other, otherValue]) => compare(name, other) || compare(value, otherValue));
  return members.map(([name, value]) => `${name}=${value}`).join('&');
}

function queryOf(target: string): string {
  return target.split('?').slice(1).join('?');
}

/** Names and values as bytes, one character for each. */
function membersOf(query: string): [name: string, value: string][] {
  return query.split('&').flatMap((member): [string, string][] => {
    if (member === '') return [];
    const [name = '', ...value] = member.split('=');
    return [[unescaped(name), unescaped(value.join('='))]];
  });
}

function unescaped(text: string): string {
  const decoded = text.replaceAll('+', ' ').replace(/%([\da-f]{2})/gi, (_, hex: string) => `\0${hex}`);
  const bytes = decoded.split('\0').map((piece, index) => {
    if (index === 0) return Buffer.from(piece);
    return Buffer.concat([Buffer.from(piece.slice(0, 2), 'hex'), Buffer.from(piece.slice(2))]);
  });
  return Buffer.concat(bytes).toString('latin1');
}

function escaped(bytes: string): string {
  let text = '';
  for (const byte of bytes) {
    const isPlain = /[A-Za-z0-9._~-]/.test(byte);
    text += isPlain ? byte : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** Whether whoever holds the secret has signed this request, in its header or in its query, and not long ago. */
export function isSigned(request: Request, accessKeyId: string, secret: string): boolean {
  const { authorization = '' } = request.headers;
  const [, credential = '', names = '', signature = ''] =
    /Credential=([^\s,]+),\s*SignedHeaders=([^\s,]+),\s*Signature=(\w+)/.exec(authorization) ?? [];
  const inHeader = { credential, names, signature, date: request.headers['x-amz-date'] ?? '', lifeMs: tenMinutesMs };
  const members = membersOf(queryOf(request.target));
  const named = (name: string): string => members.find(([key]) => key === `X-Amz-${name}`)?.[1] ?? '';
  const inQuery = {
    credential: named('Credential'),
    names: named('SignedHeaders'),
    signature: named('Signature'),
    date: named('Date'),
    lifeMs: (Number(named('Expires') || '600') || 0) * 1000,
  };
  return [inHeader, inQuery].some((claim) => {
    const [id, shortDate = '', region = '', service = ''] = claim.credential.split('/');
    const { date } = claim;
    const scope = { secret, date, shortDate, region, service, signedHeaders: claim.names.split(';') };
    const livesMs = Math.min(claim.lifeMs, weekMs);
    const isTimely = date > dateOf(Date.now() - livesMs) && date < dateOf(Date.now() + tenMinutesMs);
    return id === accessKeyId && isTimely && signatureOf(request, scope) === claim.signature;
  });
}

/** AWS Signature Version 4 as a caller makes it, written from its description, with every part open to be made wrong. */
import { createHash, createHmac } from 'node:crypto';

export interface Signing {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly region?: string;
  readonly service: string;
  readonly host: string;
  readonly method?: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  /** `20261122T024315Z`; default now. */
  readonly date?: string;
  /** Of the scope; default the day of {@link date}. */
  readonly shortDate?: string;
  readonly signedHeaders?: readonly string[];
  /** Seconds, of a presigned URL. */
  readonly expires?: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export function dateOf(instant: number): string {
  return new Date(instant).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

interface Parts {
  readonly credential: string;
  readonly signature: string;
  readonly date: string;
  readonly headers: readonly string[];
}

function sign(signing: Signing, query: readonly (readonly [string, string])[]): Parts {
  const { accessKeyId, secret, region = 'us-east-1', service, host, method = 'GET', target, body = '' } = signing;
  const { date = dateOf(Date.now()), shortDate = date.slice(0, 8), signedHeaders: headers = ['host'] } = signing;
  const values: Readonly<Record<string, string>> = { host, 'x-amz-date': date };
  const canonical = [
    method,
    target.split('?', 1)[0]!,
    query
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .sort()
      .join('&'),
    ...headers.map((name) => `${name}:${values[name]}`),
    '',
    headers.join(';'),
    sha256(body),
  ].join('\n');
  const scope = [shortDate, region, service, 'aws4_request'];
  const key = scope.reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${secret}`);
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  const signature = hmac(key, text).toString('hex');
  return { credential: `${accessKeyId}/${scope.join('/')}`, signature, date, headers };
}

/** The headers of a signed request. */
export function signedHeaders(signing: Signing): Readonly<Record<string, string>> {
  const query = [...new URLSearchParams(signing.target.split('?').slice(1).join('?'))];
  const headers = signing.signedHeaders ?? ['host', 'x-amz-date'];
  const { credential, signature, date } = sign({ ...signing, signedHeaders: headers }, query);
  const list = headers.join(';');
  return {
    host: signing.host,
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${list}, Signature=${signature}`,
  };
}

/** The target of a presigned URL. */
export function presigned(signing: Signing): string {
  const { region = 'us-east-1', service, accessKeyId, target, date = dateOf(Date.now()), expires } = signing;
  const shortDate = signing.shortDate ?? date.slice(0, 8);
  const [path = '', given = ''] = target.split('?');
  const query: [string, string][] = [
    ...new URLSearchParams(given),
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKeyId}/${shortDate}/${region}/${service}/aws4_request`],
    ['X-Amz-Date', date],
    ...(expires === undefined ? [] : [['X-Amz-Expires', expires] as [string, string]]),
    ['X-Amz-SignedHeaders', (signing.signedHeaders ?? ['host']).join(';')],
  ];
  const { signature } = sign({ ...signing, date }, query);
  const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `${path}?${text}&X-Amz-Signature=${signature}`;
}

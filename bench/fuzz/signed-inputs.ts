/**
 * Requests to a service that asks for signatures, by HTTP and by WebSocket: signed well, signed for what is not allowed, and changed after
 * they were signed. Each says what must become of it; what was changed is judged by a reader of signatures of its own (sigv4.ts).
 */
import type { Chance } from '../../faults/chance.ts';
import { plainRequest } from './http-inputs.ts';
import { oddText, often, spoilBytes } from './mutations.ts';
import { type Request, type Signing, dateOf, isSigned, presigned, signedHeaders } from './sigv4.ts';

export interface SignedInput {
  readonly door: 'http' | 'ws';
  readonly request: Request;
  /** `either`: it is still signed, but looks odd enough to be refused. */
  readonly expected: 'taken' | 'refused' | 'either';
}

/** Who may ask. */
export interface Key {
  readonly accessKeyId: string;
  readonly secret: string;
}

export type Hosts = Readonly<Record<SignedInput['door'], string>>;

const maxInputs = 24;
const scopes: Readonly<Record<string, string>> = {
  iot: 'iot',
  'iot-jobs-data': 'iot-jobs-data',
  'iot-data': 'iotdata',
};
const upgrade = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'mqtt',
};

export function signedStory(chance: Chance, key: Key, hosts: Hosts): readonly SignedInput[] {
  return Array.from({ length: chance.between(1, maxInputs) }, () => input(chance, key, hosts));
}

function input(chance: Chance, key: Key, hosts: Hosts): SignedInput {
  const door = often(chance, 15) ? 'ws' : 'http';
  const proper = door === 'ws' ? toGateway(chance, key, hosts.ws) : toApi(chance, key, hosts.http);
  const inQuery = door === 'ws' || often(chance, 40);
  const make = (signing: Signing): Request => signed(signing, inQuery);
  if (often(chance, 35)) return { door, request: make(proper), expected: 'taken' };
  if (often(chance, 25)) return { door, request: make(notAllowed(chance, proper, inQuery)), expected: 'refused' };
  const request = changed(chance, make(proper), door);
  return { door, request, expected: isSigned(request, key.accessKeyId, key.secret) ? 'either' : 'refused' };
}

function toGateway(chance: Chance, key: Key, host: string): Signing {
  const service = chance.pick(['iotdevicegateway', 'iotdevicegateway', 'iotdata']);
  const expires = often(chance, 50) ? { expires: chance.pick(['300', '86400', '604800']) } : {};
  return { ...key, service, host, target: '/mqtt', headers: upgrade, ...expires };
}

function toApi(chance: Chance, key: Key, host: string): Signing {
  const { method, target, headers, body, service } = plainRequest(chance);
  // What Node writes; other bytes are for the door without signatures.
  const written = Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, '?')] as const);
  const names = written.map(([name]) => name).filter(() => often(chance, 80));
  const about = { service: scopes[service] ?? service, host, method, target: withoutBackslash(target), body };
  return { ...key, ...about, headers: Object.fromEntries(written), ...alsoSigned(names) };
}

function alsoSigned(names: readonly string[]): Pick<Signing, 'signedHeaders'> {
  return names.length === 0 ? {} : { signedHeaders: ['host', ...names].sort() };
}

function signed(signing: Signing, inQuery: boolean): Request {
  const { method = 'GET', target, host, headers = {}, body = '' } = signing;
  if (inQuery) return { method, target: presigned(signing), headers: { ...headers, host }, body };
  const names = signing.signedHeaders && [...new Set([...signing.signedHeaders, 'x-amz-date'])].sort();
  return { method, target, headers: signedHeaders({ ...signing, ...(names && { signedHeaders: names }) }), body };
}

const minuteMs = 60_000;

/** Signed by the rules, for what nobody may do. */
function notAllowed(chance: Chance, signing: Signing, inQuery: boolean): Signing {
  const now = Date.now();
  const date = (ms: number): Partial<Signing> => ({ date: dateOf(now + ms) });
  const ways: readonly (() => Partial<Signing>)[] = [
    () => ({ secret: `${signing.secret}x` }),
    () => ({ secret: '' }),
    () => ({ accessKeyId: chance.pick(['OTHER', '__proto__', 'constructor', signing.accessKeyId.toLowerCase()]) }),
    () => ({ ...date(-chance.between(6, 500_000) * minuteMs), ...(inQuery && { expires: '1' }) }),
    () => date(chance.between(6, 500_000) * minuteMs),
    () => ({ shortDate: chance.pick(['20200101', '99991231', '00000000']) }),
    () => ({ date: chance.pick(['yesterday', '20261301T000000Z', '20261127T250000Z', '2026-11-27T00:00:00Z', 'x']) }),
    () => ({ service: chance.pick(['s3', 'sts', 'iotx', 'IOT', 'iot%2f']) }),
    () => ({ signedHeaders: chance.pick([['x-amz-date'], ['Host'], ['hos'], ['accept']]) }),
    () => ({ region: chance.pick(['', 'a/b']) }),
    ...(inQuery
      ? [() => ({ expires: chance.pick(['0', '-1', '604801', '1e3', ' 60', 'NaN', '9'.repeat(30), '0x10', '60.0']) })]
      : []),
  ];
  return { ...signing, ...chance.pick(ways)() };
}

const isPage = /^\/([?#]|$|healthz|metrics|page|files\/)/;

type Change = (request: Request, chance: Chance) => Request;

/** What somebody on the way could do, who has not the secret. */
const changes: readonly Change[] = [
  (request, chance) => ({ ...request, method: chance.pick(['GET', 'PUT', 'POST', 'DELETE', 'PATCH']) }),
  (request, chance) =>
    withMember(request, chance.pick(['maxResults=1', 'force=true', 'a', '=', '&', 'X-Amz-Date=', '%'])),
  (request, chance) =>
    withMember(request, `X-Amz-${chance.pick(memberNames)}=${chance.pick(['x', '', '0'.repeat(64)])}`),
  (request, chance) => withMember(request, `x-amz-${chance.pick(memberNames).toLowerCase()}=x`),
  (request, chance) =>
    path(request, (text) => `${text}${chance.pick(['/', '//', '/.', '/..', '%2f', '%00', ';a', '%20'])}`),
  (request) => path(request, (text) => text.replace('/', '//')),
  (request) => path(request, (text) => text.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)),
  (request, chance) =>
    path(request, (text) =>
      text.replace(/\/[^/]+$/, `/${encodeURIComponent(Buffer.from(oddText(chance)).toString())}`),
    ),
  (request) => ({ ...request, target: request.target.replace(/%20|\+/, (space) => (space === '+' ? '%20' : '+')) }),
  (request) => ({ ...request, target: request.target.replace(/%([\dA-F]{2})/, (_, hex: string) => `%25${hex}`) }),
  (request) => ({ ...request, target: request.target.replace(/%[\dA-F]{2}/, (hex) => hex.toLowerCase()) }),
  (request) => ({ ...request, target: request.target.replace('?', '??') }),
  (request) => ({ ...request, target: request.target.replace('&', '?') }),
  (request) => ({ ...request, target: `${request.target}#x` }),
  (request) => ({ ...request, target: sorted(request.target) }),
  (request) => ({ ...request, target: request.target.replace(/([?&])[^?&]+&/, '$1') }),
  (request, chance) => ({ ...request, target: spoiled(chance, request.target, 1) }),
  (request, chance) => ({
    ...request,
    body: Buffer.concat([Buffer.from(request.body), Buffer.from(chance.pick([' ', '{}']))]),
  }),
  (request, chance) => ({
    ...request,
    body: request.body.length === 0 ? '{}' : spoilBytes(chance, Buffer.from(request.body)),
  }),
  (request, chance) => header(request, 'x-amz-date', (date) => `${date.slice(0, -2)}${chance.between(0, 9)}Z`),
  (request, chance) => header(request, 'authorization', (text) => spoiled(chance, text, 0)),
  (request) => header(request, 'authorization', (text) => text.replace(/Signature=./, 'Signature=')),
  (request) => header(request, 'authorization', (text) => text.replace('SignedHeaders=', 'SignedHeaders=accept;')),
  (request) => header(request, 'authorization', (text) => text.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=host')),
  (request) => header(request, 'authorization', (text) => text.replace('us-east-1', 'eu-west-1')),
  (request) => header(request, 'authorization', (text) => text.replace(/Credential=[^,]+, /, '')),
  (request) => header(request, 'authorization', (text) => text.toUpperCase()),
  (request) => header(request, 'authorization', (text) => text.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')),
  (request) => header(request, 'authorization', () => ''),
  (request) => ({
    ...request,
    headers: { ...request.headers, authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e' },
  }),
  (request, chance) => ({
    ...request,
    headers: { ...request.headers, 'x-amz-content-sha256': chance.pick(['UNSIGNED-PAYLOAD', 'x']), 'x-amz-date': 'x' },
  }),
];
const memberNames = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature', 'Security-Token'];

function changed(chance: Chance, request: Request, door: SignedInput['door']): Request {
  let result = request;
  for (let left = chance.between(1, 2); left > 0; left -= 1) result = chance.pick(changes)(result, chance);
  // What is no upgrade of this path is nothing to ask a signature for.
  if (door === 'ws') {
    const query = result.target.split('?').slice(1).join('?');
    return { ...result, method: 'GET', target: withoutBackslash(`/mqtt?${query}`), body: '' };
  }
  // Pages of the rig are open to everybody.
  const target = withoutBackslash(result.target);
  return { ...result, target: isPage.test(target) ? `/things${target}` : target };
}

/** A request target with one is refused as none, whoever has signed it. */
function withoutBackslash(target: string): string {
  return target.replaceAll('\\', '%5C');
}

function withMember(request: Request, member: string): Request {
  return { ...request, target: `${request.target}${request.target.includes('?') ? '&' : '?'}${member}` };
}

function path(request: Request, change: (text: string) => string): Request {
  const [before = '', ...query] = request.target.split('?');
  return { ...request, target: [change(before), ...query].join('?') };
}

function header({ headers, ...request }: Request, name: string, change: (text: string) => string): Request {
  const text = headers[name];
  return text === undefined ? { ...request, headers } : { ...request, headers: { ...headers, [name]: change(text) } };
}

function sorted(target: string): string {
  const [before = '', ...query] = target.split('?');
  return [before, query.join('?').split('&').sort().reverse().join('&')].join(query.length > 0 ? '?' : '');
}

/** As HTTP takes it. @param from what stands before stays as it is */
function spoiled(chance: Chance, text: string, from: number): string {
  const bytes = spoilBytes(chance, Buffer.from(text.slice(from)));
  return text.slice(0, from) + bytes.toString('latin1').replace(/[^\x21-\x7e]/g, 'x');
}

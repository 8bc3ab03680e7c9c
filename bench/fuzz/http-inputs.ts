/**
 * What is asked in one connection at an HTTP door: AWS's operations, the rig's own pages and signed URLs, odd in what they say, and in
 * the end often one that is hardly HTTP. One input is one request. What ends the connection comes last, as with MQTT.
 */
import type { Chance } from '../../faults/chance.ts';
import { type OperationEntry, operationsOf, serviceNames } from '../../protocol/operations.ts';
import { type Story, cut } from './mqtt-inputs.ts';
import { noise, oddText, oddValue, often, spoilBytes, spoilJson, spoilObject } from './mutations.ts';

/** Those that make keys take a tenth of a second each, and are the library's work. */
const keyMakers: ReadonlySet<string> = new Set(['CreateKeysAndCertificate', 'CreateProvisioningClaim']);
const operations: readonly OperationEntry[] = serviceNames.flatMap((name) => [...operationsOf(name)]);
const quickOperations = operations.filter(({ name }) => !keyMakers.has(name));
const names = ['pump', 'lamp', 'fuzz', 'kept', 'unknown', '$next', '1'];
const pages = [
  '/',
  '/healthz',
  '/metrics',
  '/page/documents',
  '/page/actions',
  '/page/look',
  '/page/nothing',
  '/favicon.ico',
  '/mqtt',
  '/files/',
  '/jobs-data/things',
  '//',
  '//[',
  '//:80/',
  '/\\',
  '/?key=%',
  '/page/%',
  '/things?maxResults=1?x=2',
];
const maxInputs = 24;

export function httpStory(chance: Chance): Story {
  return storyOf(chance, awsRequest, (request) =>
    often(chance, 20) ? noise(chance, chance.between(1, 200)) : spoilBytes(chance, request),
  );
}

/** @param targets signed paths of a download and an upload. */
export function fileStory(chance: Chance, targets: readonly string[]): Story {
  const [down = '', up = ''] = targets;
  const headers = (): Readonly<Record<string, string>> => ({
    ...(often(chance, 60) && { range: rangeFor(chance) }),
    ...(often(chance, 20) && { 'if-range': '"x"', 'if-match': '"y"' }),
    ...(often(chance, 10) && { 'content-range': 'bytes 0-9/*' }),
  });
  const proper = (): Buffer => {
    if (often(chance, 25)) return written('PUT', up, headers(), noise(chance, chance.between(0, 300)));
    const method = chance.pick(['GET', 'GET', 'HEAD']);
    return written(method, often(chance, 30) ? spoilTarget(chance, down) : down, headers(), nothing);
  };
  return storyOf(chance, proper, (request) => {
    if (often(chance, 30)) return spoilBytes(chance, request);
    const target = chance.pick([down, up]);
    const path = often(chance, 50) ? spoilTarget(chance, target) : target;
    const method = chance.pick(['PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT']);
    return written(method, path, headers(), noise(chance, chance.between(0, 300)));
  });
}

const nothing = Buffer.alloc(0);

/** @param spoil what makes the last one. */
function storyOf(chance: Chance, proper: (chance: Chance) => Buffer, spoil: (request: Buffer) => Buffer): Story {
  const requests = Array.from({ length: chance.between(1, maxInputs) }, () => proper(chance));
  if (often(chance, 60)) requests.push(spoil(proper(chance)));
  return { pieces: cut(chance, Buffer.concat(requests)), inputs: requests.length };
}

function rangeFor(chance: Chance): string {
  const [from, to] = [
    chance.pick(['0', '1', '99', '1e3', '-5', '99999999999999999999', '']),
    chance.pick(['', '4', '0']),
  ];
  return chance.pick([
    `bytes=${from}-${to}`,
    'bytes=0-0,2-3,5-',
    `bytes=${'0-1,'.repeat(50)}`,
    'lines=1-2',
    plain(oddText(chance)),
  ]);
}

function spoilTarget(chance: Chance, target: string): string {
  const spoiled = spoilBytes(chance, Buffer.from(target)).toString('latin1');
  return `/files/${spoiled.slice(1).replace(/^files\//, '')}`.replace(/[^\x21-\x7e]/g, '%20');
}

function awsRequest(chance: Chance): Buffer {
  if (often(chance, 6)) return written(chance.pick(['GET', 'HEAD', 'POST', 'PUT']), chance.pick(pages), {}, nothing);
  const { method, target, headers, body, service } = plainRequest(chance);
  const signed = often(chance, 60) ? { ...headers, authorization: authorization(chance, service) } : headers;
  return written(method, target, signed, body);
}

export interface PlainRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly service: string;
}

/** Of an operation, without a signature. */
export function plainRequest(chance: Chance): PlainRequest {
  const operation = chance.pick(often(chance, 1) ? operations : quickOperations);
  const { path = [], query = [], header = [], body = [], payload } = operation.request;
  let target = operation.uri;
  for (const { name, wireName = name } of path) {
    const value = often(chance, 85) ? chance.pick(names) : oddText(chance);
    const text = often(chance, 90) ? encodeURIComponent(wellFormed(value)) : value.replace(/[^\x21-\x7e]/g, '');
    target = target.replace(`{${wireName}}`, () => text).replace(`{${wireName}+}`, () => text);
  }
  const asked = query.filter(() => often(chance, 30));
  const pairs = asked.map(({ name, wireName = name }) => `${wireName}=${encodeURIComponent(queryValue(chance))}`);
  if (pairs.length > 0) target += `${target.includes('?') ? '&' : '?'}${pairs.join('&')}`;
  const headers: Record<string, string> = {};
  for (const { name, wireName = name } of header) {
    if (often(chance, 40)) headers[wireName.toLowerCase()] = plain(queryValue(chance));
  }
  const members = Object.fromEntries(body.map(({ name }) => [name, memberValue(chance, name)]));
  const isEmpty = body.length === 0 && payload === undefined;
  const text = isEmpty ? nothing : spoilJson(chance, spoilObject(chance, members) as Record<string, unknown>);
  return { method: operation.method, target, headers, body: text, service: operation.service };
}

function memberValue(chance: Chance, name: string): unknown {
  if (name === 'targets') return ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
  if (name === 'document') return '{"operation":"fuzz"}';
  if (name.endsWith('Name') || name.endsWith('Id')) return chance.pick(names);
  return oddValue(chance);
}

function queryValue(chance: Chance): string {
  return wellFormed(often(chance, 60) ? chance.pick(['1', '10', 'true', 'IN_PROGRESS', 'SNAPSHOT']) : oddText(chance));
}

function authorization(chance: Chance, service: string): string {
  const scope = `AKID/20261127/us-east-1/${often(chance, 90) ? service : 'execute-api'}/aws4_request`;
  const proper = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
  return often(chance, 90) ? proper : plain(oddText(chance));
}

function written(method: string, target: string, headers: Readonly<Record<string, string>>, body: Buffer): Buffer {
  let head = `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  const start = Buffer.from(`${head}\r\n`);
  return body.length === 0 ? start : Buffer.concat([start, body]);
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** One line that HTTP takes, or the connection would end with it. */
function plain(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\u{10ffff}]/gu, ' ');
}

/** What is asked in one connection at an HTTP door: AWS's operations, the rig's own pages and signed URLs, proper, odd or spoiled. */
import type { Chance } from '../../faults/chance.ts';
import { type OperationEntry, operationsOf, serviceNames } from '../../protocol/operations.ts';
import { type Story, cut } from './mqtt-inputs.ts';
import { noise, oddText, oddValue, often, spoilBytes, spoilJson, spoilObject } from './mutations.ts';

const operations: readonly OperationEntry[] = serviceNames.flatMap((name) => [...operationsOf(name)]);
const names = ['pump', 'lamp', 'fuzz', 'kept', 'unknown', '$next', '1'];
const pages = [
  '/',
  '/healthz',
  '/metrics',
  '/page',
  '/events',
  '/favicon.ico',
  '/mqtt',
  '/files/',
  '/jobs-data/things',
];

export function httpStory(chance: Chance, most: number): Story {
  const inputs = Math.min(most, chance.between(1, 12));
  const requests: Buffer[] = [];
  for (let index = 0; index < inputs; index += 1) {
    const request = often(chance, 2) ? noise(chance, chance.between(1, 200)) : awsRequest(chance);
    requests.push(often(chance, 8) ? spoilBytes(chance, request) : request);
  }
  return { pieces: cut(chance, Buffer.concat(requests)), inputs };
}

/** @param targets signed paths of a download and an upload. */
export function fileStory(chance: Chance, most: number, targets: readonly string[]): Story {
  const inputs = Math.min(most, chance.between(1, 12));
  const requests = Array.from({ length: inputs }, () => {
    const target = chance.pick(targets);
    const path = often(chance, 30) ? spoilTarget(chance, target) : target;
    const headers = {
      ...(often(chance, 60) && { range: rangeFor(chance) }),
      ...(often(chance, 20) && { 'if-range': '"x"', 'if-match': '"y"' }),
      ...(often(chance, 10) && { 'content-range': 'bytes 0-9/*' }),
    };
    const method = chance.pick(['GET', 'GET', 'HEAD', 'PUT', 'PUT', 'POST', 'DELETE', 'OPTIONS']);
    const body = method === 'PUT' || method === 'POST' ? noise(chance, chance.between(0, 300)) : Buffer.alloc(0);
    const request = written(method, path, headers, body);
    return often(chance, 5) ? spoilBytes(chance, request) : request;
  });
  return { pieces: cut(chance, Buffer.concat(requests)), inputs };
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
    oddText(chance),
  ]);
}

function spoilTarget(chance: Chance, target: string): string {
  const spoiled = spoilBytes(chance, Buffer.from(target)).toString('latin1');
  return `/files/${spoiled.slice(1).replace(/^files\//, '')}`.replace(/[\r\n ]/g, '%20');
}

function awsRequest(chance: Chance): Buffer {
  if (often(chance, 6)) return written(chance.pick(['GET', 'POST', 'PUT']), chance.pick(pages), {}, Buffer.alloc(0));
  const operation = chance.pick(operations);
  const { path = [], query = [], header = [], body = [], payload } = operation.request;
  let target = operation.uri;
  for (const { name, wireName = name } of path) {
    const value = often(chance, 85) ? chance.pick(names) : oddText(chance);
    const text = often(chance, 90) ? encodeURIComponent(wellFormed(value)) : value.replace(/[\s]/g, '');
    target = target.replace(`{${wireName}}`, text).replace(`{${wireName}+}`, text);
  }
  const asked = query.filter(() => often(chance, 30));
  const pairs = asked.map(({ name, wireName = name }) => `${wireName}=${encodeURIComponent(queryValue(chance))}`);
  if (pairs.length > 0) target += `${target.includes('?') ? '&' : '?'}${pairs.join('&')}`;
  const headers: Record<string, string> = {};
  for (const { name, wireName = name } of header) if (often(chance, 40)) headers[wireName] = plain(queryValue(chance));
  if (often(chance, 60)) headers['authorization'] = authorization(chance, operation.service);
  const members = Object.fromEntries(body.map(({ name }) => [name, memberValue(chance, name)]));
  const isEmpty = body.length === 0 && payload === undefined;
  const text = isEmpty ? Buffer.alloc(0) : spoilJson(chance, spoilObject(chance, members) as Record<string, unknown>);
  return written(operation.method, target, headers, text);
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
  const lines = Object.entries({ host: '127.0.0.1', 'content-length': String(body.length), ...headers });
  const head = [`${method} ${target} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), body]);
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** One line, or it would be another header. */
function plain(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

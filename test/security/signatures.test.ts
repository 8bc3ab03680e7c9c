/** A running service that asks for signatures: everything that is signed well but wrongly, on HTTP and WebSocket. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Service, startService } from '../../broker/start-service.ts';
import { rawHttp } from '../support/raw-http.ts';
import { type Signing, dateOf, presigned, signedHeaders } from '../../bench/fuzz/sigv4.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secret = 'wJalrXUtnFEMI/K7MDENG';
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let service: Service;
let host: string;

beforeAll(async () => {
  service = await startService({ accessKeys: { [accessKeyId]: secret } });
  ({ host } = new URL(service.httpUrl ?? ''));
});
afterAll(() => service.close());

function things(more: Partial<Signing> = {}): Signing {
  return { accessKeyId, secret, service: 'iot', host, target: '/things', ...more };
}

async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, headers: got } = await rawHttp(Number(host.split(':')[1]), { path, headers: { host, ...headers } });
  return `${status} ${String(got['x-amzn-errortype'] ?? 'ok')}`;
}

const byHeader = (more: Partial<Signing> = {}, target?: string): Promise<string> => {
  const signing = things(more);
  return ask(target ?? signing.target, signedHeaders(signing));
};
const byQuery = (more: Partial<Signing> = {}): Promise<string> => ask(presigned(things(more)));

const invalid = '403 InvalidSignatureException';
const incomplete = '403 IncompleteSignatureException';

describe('HTTP', () => {
  it('takes what is signed well, in the header and in the query', async () => {
    expect(await byHeader()).toBe('200 ok');
    expect(await byHeader({ target: '/things?maxResults=5' })).toBe('200 ok');
    // The signature is good; a question mark is in no value of an attribute.
    expect(await byHeader({ target: '/things?attributeValue=b?c' })).toBe('400 InvalidRequestException');
    expect(await byQuery()).toBe('200 ok');
    expect(await byQuery({ expires: '604800', date: dateOf(Date.now() - 6 * dayMs) })).toBe('200 ok');
  });

  it('covers what stands behind a second question mark', async () => {
    const target = '/things?maxResults=1';
    for (const more of ['?maxResults=5', '?', '&maxResults=5', '?&thingTypeName=x']) {
      expect(await byHeader({ target }, target + more)).toBe(invalid);
      expect(await ask(`${presigned(things({ target }))}${more}`)).toMatch(/^403 /);
    }
  });

  it('takes nothing beside what was signed, however alike a reader may find it', async () => {
    const target = '/things?attributeName=a%20b&attributeValue=%EF%BF%BD';
    // The signature is good; there is no such attribute.
    expect(await byHeader({ target })).toBe('400 InvalidRequestException');
    for (const other of [
      target.replace('?', '??'),
      target.replace('%EF%BF%BD', '%ff'),
      `${target}&x-amz-signature=x`,
      `${target}&X-Amz-signature=x`,
    ]) {
      expect([other, await byHeader({ target }, other)]).toEqual([other, invalid]);
    }
    const path = presigned(things());
    for (const member of ['X-Amz-Signature=', 'X-Amz-Signature=x', 'x-amz-signature=x', 'X-Amz-Expires=9', 'a']) {
      expect(await ask(`${path}&${member}`)).toBe(invalid);
    }
  });

  it.each(['0', '-1', '604801', '9999999999', '1e9', 'NaN', 'Infinity', '', ' 60', '60s'])(
    'takes no URL that expires in %j',
    async (expires) => {
      expect(await byQuery({ expires, date: dateOf(Date.now() - 10 * minuteMs) })).toMatch(/^403 /);
    },
  );

  it.each([
    ['no date', 'yesterday'],
    ['a thirteenth month', '20261301T000000Z'],
    ['a 25th hour', '20261122T250000Z'],
    ['another form', '2026-11-22T02:43:15Z'],
    ['last year', '20251122T024315Z'],
    ['next year', '20991122T024315Z'],
  ])('takes no signature of %s', async (_what, date) => {
    expect(await byHeader({ date })).toMatch(/^403 /);
    expect(await byQuery({ date, expires: '604800' })).toMatch(/^403 /);
  });

  it('takes no scope of another day, no signature without the host, and not two signatures', async () => {
    expect(await byHeader({ shortDate: '20260101' })).toBe(incomplete);
    expect(await byQuery({ shortDate: '20260101' })).toBe(incomplete);
    expect(await byHeader({ signedHeaders: ['x-amz-date'] })).toBe(incomplete);
    const headers = signedHeaders(things());
    expect(await ask(presigned(things()), headers)).toBe(incomplete);
  });

  it('believes the scope that was signed and no other', async () => {
    const path = presigned(things({ service: 'iot-jobs-data', target: '/things/T/jobs' }));
    const credential = `${accessKeyId}/20261122/us-east-1/iot/aws4_request`;
    for (const authorization of [
      `AWS4-HMAC-SHA256 Credential=${credential}`,
      `AWS4-HMAC-SHA256 x, Credential=${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      'Bearer x',
      '',
    ]) {
      expect(await ask(path, { authorization })).toBe(incomplete);
    }
    expect(await byHeader({ service: 's3' })).toBe(invalid);
    expect(await byHeader({ service: 'iotdevicegateway' })).toBe(invalid);
  });
});

describe('WebSocket', () => {
  const target = '/mqtt';

  /** 101, or with which status the upgrade is refused. */
  async function upgrade(more: Partial<Signing> = {}): Promise<number | undefined> {
    const url = new URL(service.wsUrl ?? '');
    const path = presigned(things({ service: 'iotdevicegateway', host: url.host, target, ...more }));
    const webSocket = new WebSocket(`ws://${url.host}${path}`, 'mqtt');
    webSocket.on('error', () => {});
    const refused = once(webSocket, 'unexpected-response').then(
      ([, response]) => (response as { readonly statusCode?: number }).statusCode,
    );
    const status = await Promise.race([once(webSocket, 'open').then(() => 101), refused]);
    webSocket.terminate();
    return status;
  }

  it('takes what AWS’s SDKs sign, of any region', async () => {
    expect(await upgrade()).toBe(101);
    expect(await upgrade({ expires: '86400', region: 'eu-west-1' })).toBe(101);
    expect(await upgrade({ service: 'iotdata' })).toBe(101);
  });

  it.each(['iot', 'iot-jobs-data', 'execute-api', 's3', 'sts'])('takes no signature for %s', async (name) => {
    expect(await upgrade({ service: name })).toBe(403);
  });

  it('takes no stale one, none that lives for ever and none of a wrong secret', async () => {
    expect(await upgrade({ date: dateOf(Date.now() - 10 * minuteMs) })).toBe(403);
    expect(await upgrade({ expires: '99999999', date: dateOf(Date.now() - 10 * minuteMs) })).toBe(403);
    expect(await upgrade({ secret: 'other' })).toBe(403);
    expect(await upgrade({ accessKeyId: 'OTHER' })).toBe(403);
  });
});

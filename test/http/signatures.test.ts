/**
 * Who may call when the service asks: AWS's own signers on one side, the check on the other, and everything that somebody in
 * between or a stranger could change. Certificates speak for devices.
 */
import { request as httpsRequest } from 'node:https';
import { IoT } from '@aws-sdk/client-iot';
import { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CertificateAuthority, openCertificateAuthority } from '../../broker/certificates.ts';
import type { IssuedCertificate } from '../../broker/certificates.ts';
import { type HttpDoor, openHttpDoor } from '../../broker/http/http-door.ts';
import { createSignatureCheck } from '../../broker/http/signatures.ts';
import type { SignedRequest } from '../../broker/http/signed-request.ts';
import { everyOperation } from '../support/every-operation.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { createRecordingPort } from '../support/recording-port.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const keys = new Map([[accessKeyId, secretAccessKey]]);

const port = createRecordingPort();
const seen: SignedRequest[] = [];
let authority: CertificateAuthority;
let door: HttpDoor;
let now = Date.now();

beforeAll(async () => {
  authority = await openCertificateAuthority('memory');
  const check = createSignatureCheck(keys, () => now);
  door = await openHttpDoor({
    port,
    handled: everyOperation,
    listeners: {
      http: 0,
      https: { port: 0, ...(await authority.issueServerCertificate(['127.0.0.1'])), ca: authority.ca },
    },
    signatures(request) {
      seen.push(request);
      return check(request);
    },
    status: () => ({ endpoints: {}, connectedClients: 0 }),
  });
});

afterAll(() => door.close());

beforeEach(() => {
  now = Date.now();
  seen.length = 0;
  port.commands.length = 0;
  port.reply = { accepted: true, response: {} };
});

function config(credentials = { accessKeyId, secretAccessKey }) {
  return { endpoint: `http://127.0.0.1:${door.ports.http}`, region: 'eu-west-1', credentials, maxAttempts: 1 };
}

async function withOperator<Result>(
  use: (operator: IoT) => Promise<Result>,
  credentials?: Parameters<typeof config>[0],
): Promise<Result> {
  const operator = new IoT(config(credentials));
  try {
    return await use(operator);
  } finally {
    operator.destroy();
  }
}

/** A request that the check has let through, to be changed. */
async function signedRequest(): Promise<SignedRequest> {
  await withOperator((operator) =>
    operator.updateThing({ thingName: 'a:b', attributePayload: { attributes: { a: 'b' } } }),
  );
  return seen[0]!;
}

/** The status of what a device with that certificate is answered. */
function ask(path: string, certificate?: IssuedCertificate): Promise<number> {
  const options = { host: '127.0.0.1', port: door.ports.https, path, ca: authority.ca, agent: false as const };
  return new Promise((resolve, reject) => {
    httpsRequest({ ...options, ...certificate }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('a signature of the AWS SDK', () => {
  it('is good on a path with reserved characters, with a query, and with a body', async () => {
    await signedRequest();
    await withOperator((operator) =>
      operator.listThings({ attributeName: 'a:b/c#,@', attributeValue: '[x]=1', maxResults: 3 }),
    );
    const device = new IoTJobsDataPlane(config());
    await device.describeJobExecution({ thingName: 'a:b', jobId: '$next' });
    device.destroy();
    expect(port.commands.map(({ name }) => name)).toEqual([
      'iot:UpdateThing',
      'iot:ListThings',
      'iotjobsdata:DescribeJobExecution',
    ]);
  });

  it.each([
    ['a wrong secret', { accessKeyId, secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
    ['an unknown key', { accessKeyId: 'AKIDOTHER', secretAccessKey }, 'UnrecognizedClientException'],
  ])('made with %s is refused', async (_what, credentials, name) => {
    const refused = withOperator((operator) => operator.describeJob({ jobId: 'J' }), credentials);
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
    expect(port.commands).toEqual([]);
  });

  it.each([
    ['six minutes old', 6, 'InvalidSignatureException'],
    ['six minutes ahead', -6, 'InvalidSignatureException'],
    ['four minutes old', 4, undefined],
    ['four minutes ahead', -4, undefined],
  ])('that is %s', async (_what, minutes, exception) => {
    const request = await signedRequest();
    const later = createSignatureCheck(keys, () => now + minutes * 60_000);
    expect(later(request)?.exception).toBe(exception);
  });

  it('is worth nothing for another method, path, query, header or body', async () => {
    const request = await signedRequest();
    const check = createSignatureCheck(keys, () => now);
    const { headers, target } = request;
    const changed: Partial<SignedRequest>[] = [
      { method: 'DELETE' },
      { target: target.replace('b', 'c') },
      { target: `${target}?expectedVersion=1` },
      { headers: { ...headers, host: 'elsewhere' } },
      {
        headers: {
          ...headers,
          'x-amz-date': headers['x-amz-date']!.toString().replace(/.Z$/, (end) => `${(Number(end[0]) + 1) % 10}Z`),
        },
      },
      { body: Buffer.from('{"attributePayload":{}}') },
    ];
    expect(check(request)).toBeUndefined();
    for (const change of changed) {
      expect(check({ ...request, ...change })?.exception).toBe('InvalidSignatureException');
    }
  });
});

describe('a request', () => {
  it.each([
    ['without a signature', {}, 'MissingAuthenticationTokenException'],
    ['with half of one', { authorization: 'AWS4-HMAC-SHA256 Credential=x' }, 'IncompleteSignatureException'],
    ['with a scope and no key', scopedTo('iot'), 'IncompleteSignatureException'],
  ])('%s is refused on both planes', async (_what, headers, exception) => {
    for (const path of ['/jobs/J', '/jobs-data/things/T/jobs']) {
      const { status, json } = await rawHttp(door.ports.http ?? 0, { path, headers });
      expect([status, json()['__type']]).toEqual([403, exception]);
    }
    expect(port.commands).toEqual([]);
  });

  it('for health and figures needs none', async () => {
    for (const path of ['/healthz', '/metrics']) {
      expect((await rawHttp(door.ports.http ?? 0, { path })).status).toBe(200);
    }
  });
});

describe('a certificate', () => {
  it('lets a device ask for its own thing', async () => {
    const certificate = await authority.issueThingCertificate('T');
    expect(await ask('/things/T/jobs/$next', certificate)).toBe(200);
  });

  it('does not let it ask for another thing, nor the control plane', async () => {
    const certificate = await authority.issueThingCertificate('T');
    for (const path of ['/things/U/jobs', '/jobs/J', '/things/T', '/jobs'])
      expect(await ask(path, certificate)).toBe(403);
    // Only who it is has been asked.
    expect(port.commands.filter(({ name }) => name !== 'jobrig:DescribePrincipal')).toEqual([]);
  });

  it('of the bench lets it ask for every thing', async () => {
    expect(await ask('/things/U/jobs/$next', await authority.issueThingCertificate('*'))).toBe(200);
  });

  it('of another authority is none', async () => {
    const stranger = await openCertificateAuthority('memory');
    expect(await ask('/things/T/jobs', await stranger.issueThingCertificate('T'))).toBe(403);
    expect(await ask('/things/T/jobs')).toBe(403);
  });
});

/** What docs/compatibility.md says is missing is refused by name, through the AWS SDK, rather than half done. */
import * as iot from '@aws-sdk/client-iot';
import * as shadows from '@aws-sdk/client-iot-data-plane';
import * as jobs from '@aws-sdk/client-iot-jobs-data-plane';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { missingOperations } from '../docs/compatibility-page.ts';
import { rawHttp, scopedTo } from '../support/raw-http.ts';
import { type HttpService, startHttpService } from '../support/http-service.ts';

let service: HttpService;

beforeAll(async () => {
  service = await startHttpService();
});

afterAll(() => service.close());

const requests: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  StartCommandExecution: {
    targetArn: 'arn:aws:iot:us-east-1:000000000000:thing/T',
    commandArn: 'arn:aws:iot:us-east-1:000000000000:command/C',
  },
  CreateDynamicThingGroup: { thingGroupName: 'G', queryString: 'thingName:T' },
  StartThingRegistrationTask: {
    templateBody: '{}',
    inputFileBucket: 'bucket',
    inputFileKey: 'key',
    roleArn: 'arn:aws:iam::000000000000:role/bulk',
  },
  SearchIndex: { queryString: 'thingName:T' },
  CreateTopicRule: { ruleName: 'R', topicRulePayload: { sql: "SELECT * FROM 'a'", actions: [] } },
};

it.each(Object.keys(missingOperations))('%s', async (name) => {
  const isOfJobs = `${name}Command` in jobs;
  const commands = (isOfJobs ? jobs : iot) as unknown as Readonly<Record<string, new (request: unknown) => unknown>>;
  const client = (isOfJobs ? service.device : service.operator) as unknown as {
    send(command: unknown): Promise<unknown>;
  };
  const command = new commands[`${name}Command`]!(requests[name]);
  await expect(client.send(command)).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringMatching(new RegExp(`^${name} is not served by jobrig; .{10,}\\.$`)) as string,
  });
});

/** Every operation of the SDKs for the services of this port, by the names that their schemas have. */
const known = [...Object.entries(iot), ...Object.entries(shadows), ...Object.entries(jobs)].flatMap(([, schema]) =>
  Array.isArray(schema) && schema[0] === 9 ? [schema as unknown as Schema] : [],
);
type Schema = readonly [9, string, name: string, { readonly http: readonly [method: string, uri: string] }];
const signedFor: Readonly<Record<string, string>> = {
  'com.amazonaws.iot': 'iot',
  'com.amazonaws.iotdataplane': 'iotdata',
  'com.amazonaws.iotjobsdataplane': 'iot-jobs-data',
};

it('every operation of AWS is served or named, with what to use instead', async () => {
  expect(known.length).toBeGreaterThan(280);
  const unknown: string[] = [];
  for (const [, namespace, name, { http }] of known) {
    const [method, uri] = http;
    const path = uri.replace(/\{[^}]+\}/g, 'x');
    const response = await rawHttp(service.httpPort, { method, path, headers: scopedTo(signedFor[namespace]!) });
    if (response.status !== 404 || response.headers['x-amzn-errortype'] !== 'UnknownOperationException') continue;
    const message = String(response.json()['message']);
    if (!message.startsWith(`${name} is not served by jobrig; `)) unknown.push(`${name}: ${message}`);
  }
  expect(unknown).toEqual([]);
});

it('what AWS has not is not made up', async () => {
  const { status, json } = await rawHttp(service.httpPort, { path: '/not/of/aws', headers: scopedTo('iot') });
  expect([status, json()['message']]).toEqual([404, 'No operation is called by GET /not/of/aws.']);
});

/** What AWS writes, member by member, where a service of one's own would write something else: measured or documented. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpService, startHttpService } from '../support/http-service.ts';
import { type RawResponse, rawHttp, scopedTo } from '../support/raw-http.ts';

const scope = 'arn:aws:iot:us-east-1:000000000000';
const document = '{"operation":"firmware"}';

let service: HttpService;

beforeEach(async () => {
  service = await startHttpService();
  await ask('POST', '/things/T', {});
  await ask('POST', '/thing-groups/root', {});
  await ask('PUT', '/thing-groups/addThingToThingGroup', { thingGroupName: 'root', thingName: 'T' });
});
afterEach(() => service.close());

function ask(method: string, path: string, body?: object): Promise<RawResponse> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return rawHttp(service.httpPort, { method, path, headers: scopedTo('iot'), body: text });
}

async function described(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await ask('GET', path)).json();
}

const createJob = (jobId: string, more: object = {}): Promise<RawResponse> =>
  ask('PUT', `/jobs/${jobId}`, { targets: [`${scope}:thing/T`], document, ...more });

async function message(response: Promise<RawResponse>): Promise<string> {
  const { status, json } = await response;
  return `${status} ${String(json()['message'])}`;
}

async function details(): Promise<unknown> {
  return ((await described('/things/T/jobs/J'))['execution'] as { statusDetails: unknown }).statusDetails;
}

describe('an execution', () => {
  it('has an empty object of details until its device has reported some', async () => {
    await createJob('J');
    expect(await details()).toEqual({});
    const update = { status: 'IN_PROGRESS', statusDetails: { step: 'one' } };
    await rawHttp(service.httpPort, {
      method: 'POST',
      path: '/jobs-data/things/T/jobs/J',
      body: JSON.stringify(update),
    });
    expect(await details()).toEqual({ detailsMap: { step: 'one' } });
  });
});

describe('a thing group', () => {
  it('that is a plain root has no properties and no way from a root', async () => {
    const { thingGroupProperties, thingGroupMetadata } = await described('/thing-groups/root');
    expect(thingGroupProperties).toEqual({});
    expect(Object.keys(thingGroupMetadata as object)).toEqual(['creationDate']);
  });

  it('shows what it has, and no more', async () => {
    const thingGroupProperties = { thingGroupDescription: 'below' };
    await ask('POST', '/thing-groups/child', { parentGroupName: 'root', thingGroupProperties });
    const group = await described('/thing-groups/child');
    expect(group['thingGroupProperties']).toEqual(thingGroupProperties);
    expect(group['thingGroupMetadata']).toMatchObject({
      parentGroupName: 'root',
      rootToParentThingGroups: [{ groupName: 'root', groupArn: `${scope}:thinggroup/root` }],
    });
    const attributePayload = { attributes: { site: 'roof' } };
    await ask('POST', '/thing-groups/bare', { thingGroupProperties: { attributePayload } });
    expect((await described('/thing-groups/bare'))['thingGroupProperties']).toEqual({ attributePayload });
  });
});

describe('ListJobs', () => {
  it('names the group of a job for a group, and none for a job for a thing', async () => {
    const { thingGroupId } = await described('/thing-groups/root');
    await createJob('for-thing');
    await createJob('for-group', { targets: [`${scope}:thinggroup/root`] });
    const ids = async (query: string): Promise<unknown> =>
      ((await described(`/jobs${query}`))['jobs'] as { jobId: string; thingGroupId?: string }[]).map((job) => [
        job.jobId,
        job.thingGroupId,
      ]);
    expect(await ids('')).toEqual([
      ['for-group', thingGroupId],
      ['for-thing', undefined],
    ]);
    expect(await ids('?thingGroupName=root')).toEqual([['for-group', thingGroupId]]);
    expect(await ids(`?thingGroupId=${String(thingGroupId)}`)).toEqual([['for-group', thingGroupId]]);
  });
});

describe('AWS’s words', () => {
  it('for things by attribute and type at once', async () => {
    const text = 'Listing things by the combination of attribute and thing type is not supported';
    expect(await message(ask('GET', '/things?attributeName=a&thingTypeName=t'))).toBe(`400 ${text}`);
    expect(await message(ask('GET', '/things?attributeName=a&attributeValue=b&thingTypeName=t'))).toBe(`400 ${text}`);
    expect((await ask('GET', '/things?attributeName=a')).status).toBe(200);
    expect((await ask('GET', '/things?thingTypeName=t')).status).toBe(200);
  });

  it.each([
    'short',
    '',
    'x'.repeat(3000),
    'arn:aws:iam::1:role/x',
    `arn:aws:iam::000000000000:role/${'r'.repeat(2048)}`,
  ])('for a role that is none, however long: %.20j', async (roleArn) => {
    const presignedUrlConfig = { roleArn, expiresInSec: 600 };
    expect(await message(createJob('J', { presignedUrlConfig }))).toBe(`400 Given role ${roleArn} is invalid.`);
  });

  it('for too many retry criteria, each printed with its members', async () => {
    const criteriaList = ['FAILED', 'TIMED_OUT', 'ALL'].map((failureType) => ({ failureType, numberOfRetries: 1 }));
    expect(await message(createJob('J', { jobExecutionsRetryConfig: { criteriaList } }))).toBe(
      "400 1 validation error detected: Value '[RetryCriteria(failureType=FAILED, numberOfRetries=1), RetryCriteria(failureType=TIMED_OUT, numberOfRetries=1), RetryCriteria(failureType=ALL, numberOfRetries=1)]' at 'jobExecutionsRetryConfig.criteriaList' failed to satisfy constraint: Member must have length less than or equal to 2",
    );
    expect(await message(createJob('J', { abortConfig: { criteriaList: [] } }))).toContain(
      "Value '[]' at 'abortConfig",
    );
  });

  it('for a schedule that is past', async () => {
    const schedulingConfig = { startTime: '2020-01-01 00:00' };
    expect(await message(createJob('J', { schedulingConfig }))).toBe(
      '400 The startTime 2020-01-01 00:00 is in the past.',
    );
  });
});

it('an endBehavior without an end is accepted and shown', async () => {
  expect((await createJob('J', { schedulingConfig: { endBehavior: 'CANCEL' } })).status).toBe(200);
  const { job } = (await described('/jobs/J')) as { job: { schedulingConfig: object } };
  expect(job.schedulingConfig).toMatchObject({ endBehavior: 'CANCEL', endTime: null });
});

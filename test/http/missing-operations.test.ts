/** What docs/compatibility.md says is missing is refused by name, through the AWS SDK, rather than half done. */
import * as iot from '@aws-sdk/client-iot';
import * as jobs from '@aws-sdk/client-iot-jobs-data-plane';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { missingOperations } from '../docs/compatibility-page.ts';
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
  await expect(client.send(command)).rejects.toMatchObject({ name: 'UnknownOperationException' });
});

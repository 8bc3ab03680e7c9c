/** The AWS SDK for JavaScript as an operator, its two clients. */
import * as iot from '@aws-sdk/client-iot';
import * as data from '@aws-sdk/client-iot-jobs-data-plane';
import { credentials } from '../rig.ts';
import type { Answer, Operator } from './operator.ts';

interface Sender {
  send(command: unknown): Promise<Record<string, unknown>>;
}
type Commands = Readonly<Record<string, new (members: object) => unknown>>;

export function awsSdkOperator(endpoint: string): Operator {
  const config = { endpoint, region: 'us-east-1', credentials };
  const planes = {
    iot: { client: new iot.IoTClient(config), commands: iot as unknown as Commands },
    'iot-jobs-data': { client: new data.IoTJobsDataPlaneClient(config), commands: data as unknown as Commands },
  };
  return {
    async call(service, operation, members): Promise<Answer> {
      const { client, commands } = planes[service];
      const Command = commands[`${operation}Command`]!;
      try {
        const { $metadata: _metadata, ...output } = await (client as Sender).send(new Command(members));
        return { output };
      } catch (error) {
        return { error: (error as Error).name };
      }
    },
    close() {
      for (const { client } of Object.values(planes)) client.destroy();
      return Promise.resolve();
    },
  };
}

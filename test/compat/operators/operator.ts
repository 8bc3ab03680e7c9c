/** What every operator client can do, so that one story can be told to all of them: any operation by name, on either plane. */
import { credentials } from '../rig.ts';

export type Plane = 'iot' | 'iot-jobs-data';
export type Members = Readonly<Record<string, unknown>>;

/** What came back, or the name of the exception. Times are whatever `new Date` reads. */
export type Answer = { readonly output: Readonly<Record<string, unknown>> } | { readonly error: string };

export interface Operator {
  call(service: Plane, operation: string, members: Members): Promise<Answer>;
  close(): Promise<void>;
}

/** As any AWS tool takes it from its environment. */
export function awsEnvironment(endpoint: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

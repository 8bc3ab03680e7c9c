/** The service as `jobrig serve` runs it, certificates for its things on disk, and an operator: the AWS SDK for JavaScript. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateJobCommand,
  CreateThingCommand,
  DeleteJobExecutionCommand,
  DescribeJobExecutionCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { type Service, startService } from '../../broker/start-service.ts';

export interface Rig {
  readonly service: Service;
  readonly httpUrl: string;
  /** Makes a thing and all that a device needs to connect as it, as environment variables. */
  addThing(thingName: string): Promise<DeviceEnvironment>;
  createJob(thingName: string, jobId: string): Promise<void>;
  forceDelete(thingName: string, jobId: string): Promise<void>;
  statusOf(thingName: string, jobId: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** As `jobrig check` gives it to the agent that it tests. */
export type DeviceEnvironment = Readonly<Record<`JOBRIG_${string}`, string>>;

export const anyCredentials = { accessKeyId: 'any', secretAccessKey: 'any' };

export async function startRig(): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'jobrig-compat-'));
  const service = await startService({ dataDir: directory });
  const authority = await openCertificateAuthority(directory);
  const { httpUrl = '', mqttUrl = '', mqttsUrl = '' } = service;
  const operator = new IoTClient({ endpoint: httpUrl, region: 'us-east-1', credentials: anyCredentials });

  return {
    service,
    httpUrl,
    async addThing(thingName) {
      await operator.send(new CreateThingCommand({ thingName }));
      const { cert, key } = await authority.issueThingCertificate(thingName);
      const [certFile, keyFile] = [join(directory, `${thingName}.pem`), join(directory, `${thingName}.key`)];
      await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key, { mode: 0o600 })]);
      return {
        JOBRIG_THING_NAME: thingName,
        JOBRIG_MQTT_HOST: '127.0.0.1',
        JOBRIG_MQTT_PORT: new URL(mqttUrl).port,
        JOBRIG_MQTTS_PORT: new URL(mqttsUrl).port,
        JOBRIG_CA_FILE: service.caFile ?? '',
        JOBRIG_CERT_FILE: certFile,
        JOBRIG_KEY_FILE: keyFile,
      };
    },
    async createJob(thingName, jobId) {
      const targets = [`arn:aws:iot:us-east-1:000000000000:thing/${thingName}`];
      await operator.send(new CreateJobCommand({ jobId, targets, document: '{"operation":"reboot"}' }));
    },
    async forceDelete(thingName, jobId) {
      await operator.send(new DeleteJobExecutionCommand({ thingName, jobId, executionNumber: 1, force: true }));
    },
    async statusOf(thingName, jobId) {
      const { execution } = await operator.send(new DescribeJobExecutionCommand({ thingName, jobId }));
      return execution?.status;
    },
    async close() {
      operator.destroy();
      await service.close();
      await rm(directory, { recursive: true });
    },
  };
}

/**
 * The service as `jobrig serve` runs it, certificates for its things on disk, and an operator: the AWS SDK for JavaScript. With
 * `--require-auth` it knows one access key, which is what every client here signs with.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCertificateAuthority } from '../../broker/certificates.ts';
import { type Service, startService } from '../../broker/start-service.ts';
import { startServe } from '../support/serve-process.ts';
import { operatorOf } from '../support/operator.ts';

export interface Rig {
  readonly httpUrl: string;
  /** Makes a thing and all that a device needs to connect as it, as environment variables. */
  addThing(thingName: string): Promise<DeviceEnvironment>;
  createJob(thingName: string, jobId: string): Promise<void>;
  forceDelete(thingName: string, jobId: string): Promise<void>;
  statusOf(thingName: string, jobId: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** As `jobrig check` gives it to the agent that it tests, and what clients over WebSocket sign with. */
export type DeviceEnvironment = Readonly<Record<`JOBRIG_${string}` | `AWS_${string}`, string>>;

export const credentials = { accessKeyId: 'AKIDCOMPAT', secretAccessKey: 'compat/Secret+Key' };

export async function startRig({ requireAuth = false, throughDoors = false } = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'jobrig-compat-'));
  const service = await (throughDoors ? severalProcesses(directory, requireAuth) : oneProcess(directory, requireAuth));
  const authority = await openCertificateAuthority(directory);
  const { httpUrl = '', mqttUrl, mqttsUrl, wssUrl } = service;
  const operator = operatorOf(service, { credentials, maxAttempts: 3 });

  return {
    httpUrl,
    async addThing(thingName) {
      await operator.createThing({ thingName });
      const { cert, key } = await authority.issueThingCertificate(thingName);
      const [certFile, keyFile] = [join(directory, `${thingName}.pem`), join(directory, `${thingName}.key`)];
      await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key, { mode: 0o600 })]);
      return {
        JOBRIG_THING_NAME: thingName,
        JOBRIG_MQTT_HOST: '127.0.0.1',
        JOBRIG_MQTT_PORT: portOf(mqttUrl),
        JOBRIG_MQTTS_PORT: portOf(mqttsUrl),
        JOBRIG_WSS_PORT: portOf(wssUrl),
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        JOBRIG_CA_FILE: service.caFile ?? '',
        JOBRIG_CERT_FILE: certFile,
        JOBRIG_KEY_FILE: keyFile,
      };
    },
    async createJob(thingName, jobId) {
      const targets = [`arn:aws:iot:us-east-1:000000000000:thing/${thingName}`];
      await operator.createJob({ jobId, targets, document: '{"operation":"reboot"}' });
    },
    async forceDelete(thingName, jobId) {
      await operator.deleteJobExecution({ thingName, jobId, executionNumber: 1, force: true });
    },
    async statusOf(thingName, jobId) {
      const { execution } = await operator.describeJobExecution({ thingName, jobId });
      return execution?.status;
    },
    async close() {
      operator.destroy();
      await service.close();
      await rm(directory, { recursive: true });
    },
  };
}

type Served = Pick<Service, 'httpUrl' | 'mqttUrl' | 'mqttsUrl' | 'wssUrl' | 'caFile' | 'close'>;

function oneProcess(dataDir: string, requireAuth: boolean): Promise<Served> {
  const accessKeys = { [credentials.accessKeyId]: credentials.secretAccessKey };
  return startService({ dataDir, ...(requireAuth && { accessKeys }) });
}

/** An engine, and doors that are not its process. */
async function severalProcesses(dataDir: string, requireAuth: boolean): Promise<Served> {
  const auth = requireAuth ? ['--access-key', `${credentials.accessKeyId}:${credentials.secretAccessKey}`] : [];
  const flags = ['--data-dir', dataDir, '--mqtts-port', '0', '--wss-port', '0', '--processes', '3', ...auth];
  const { urls, httpUrl, stop } = await startServe({ flags: [...flags, '--log-level', 'error'] });
  const close = async (): Promise<void> => {
    await stop();
  };
  const { mqtt, mqtts, wss, ca } = urls;
  return {
    httpUrl,
    ...(mqtt !== undefined && { mqttUrl: mqtt }),
    ...(mqtts !== undefined && { mqttsUrl: mqtts }),
    ...(wss !== undefined && { wssUrl: wss }),
    ...(ca !== undefined && { caFile: ca }),
    close,
  };
}

function portOf(url: string | undefined): string {
  return url === undefined ? 'off' : new URL(url).port;
}

/**
 * The operations table walked whole through the real AWS SDK: what the SDK is given arrives as one engine command, and what
 * the engine answers comes out of the SDK, member for member.
 */
import * as iot from '@aws-sdk/client-iot';
import * as data from '@aws-sdk/client-iot-jobs-data-plane';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpDoor, openHttpDoor } from '../../broker/http/http-door.ts';
import type { CertificateFacts, KeyPair } from '../../broker/engine/provisioning/certificate-facts.ts';
import type { CertificateIssuer } from '../../broker/http/certificate-members.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import { type OperationEntry, operationsOf } from '../../protocol/operations.ts';
import { everyOperation } from '../support/every-operation.ts';
import { createRecordingPort } from '../support/recording-port.ts';
import { sampleOf } from '../support/shape-samples.ts';

/** Members that may not stand together with the others (reference configs.md §1 and §6, templates.md §1). */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  CreateJob: [
    'documentSource',
    'jobTemplateArn',
    'documentParameters',
    'jobExecutionsRolloutConfig',
    'schedulingConfig',
  ],
  CreateJobTemplate: ['jobArn', 'documentSource', 'jobExecutionsRolloutConfig'],
  UpdateJob: ['jobExecutionsRolloutConfig'],
  ListThings: ['thingTypeName'],
};

/** Reads and makes always the same. */
const certificate: CertificateFacts = {
  certificateId: 'ab'.repeat(32),
  certificatePem: 'a certificate',
  notBefore: 1_700_000_000_000,
  notAfter: 1_800_000_000_000,
};
const keyPair = sampleOf('iot', 'KeyPair') as KeyPair;
const certificates: CertificateIssuer = {
  createWithKeys: () => Promise.resolve({ certificate, keyPair }),
  issueFor: () => Promise.resolve(certificate),
  read: () => certificate,
};
/** Operations for which the door makes or reads a certificate. */
const withCertificate: ReadonlySet<string> = new Set([
  'CreateKeysAndCertificate',
  'CreateCertificateFromCsr',
  'CreateProvisioningClaim',
  'RegisterCertificate',
  'RegisterCertificateWithoutCA',
]);

/** What the SDK is given, and what the engine is to hear, where a value for every member will not do. */
const special: Readonly<Record<string, Readonly<Record<'input' | 'request', Dictionary>>>> = {
  CreateOTAUpdate: {
    input: signedWith(Buffer.from('signed')),
    request: signedWith('c2lnbmVk'),
  },
};

/** Blobs are Base64 in JSON, and bytes in the SDK. */
function signedWith(inlineDocument: unknown): Dictionary {
  const customCodeSigning = { signature: { inlineDocument }, hashAlgorithm: 'SHA256', signatureAlgorithm: 'ECDSA' };
  const fileLocation = { s3Location: { bucket: 'images', key: 'v2.bin', version: '1' } };
  return {
    otaUpdateId: 'sample',
    targets: ['sample'],
    roleArn: 'arn:aws:iam::000000000000:role/sample',
    files: [{ fileName: '/fw', fileType: 0, fileLocation, codeSigning: { customCodeSigning }, attributes: { a: 'b' } }],
  };
}

function withoutBlobs(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(withoutBlobs);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBlobs(member)]));
}

const control = operationsOf('iot').filter(({ name }) => name !== 'DescribeEndpoint');
const device = operationsOf('iot-jobs-data');
const port = createRecordingPort();
let door: HttpDoor;
let operator: iot.IoTClient;
let agent: data.IoTJobsDataPlaneClient;

beforeAll(async () => {
  door = await openHttpDoor({
    port,
    handled: everyOperation,
    certificates,
    listeners: { http: 0 },
    status: () => ({ endpoints: {}, connectedClients: 0 }),
  });
  const config = {
    endpoint: `http://127.0.0.1:${door.ports.http}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  operator = new iot.IoTClient(config);
  agent = new data.IoTJobsDataPlaneClient(config);
});

afterAll(async () => {
  operator.destroy();
  agent.destroy();
  await door.close();
});

type Dictionary = Record<string, unknown>;

function sampleRequest({ service, name, requestShape }: OperationEntry): Dictionary {
  const members = sampleOf(service, requestShape) as Dictionary;
  for (const member of leftOut[name] ?? []) delete members[member];
  return members;
}

/** Runs the SDK's command of that name; which one it is, only the table knows. */
async function run(client: unknown, commands: unknown, name: string, input: Dictionary): Promise<Dictionary> {
  const Command = (commands as Record<string, new (members: Dictionary) => unknown>)[`${name}Command`];
  if (Command === undefined) throw new Error(`the SDK has no ${name}Command`);
  const sender = client as { send(command: unknown): Promise<Dictionary> };
  const { $metadata: _metadata, ...output } = await sender.send(new Command(input));
  return output;
}

describe('every operation of the control plane', () => {
  it.each(control.map((operation) => [operation.name, operation] as const))('%s', async (name, operation) => {
    const { service, responseShape } = operation;
    const { input, request } = special[name] ?? { input: sampleRequest(operation) };
    port.commands.length = 0;
    port.reply = { accepted: true, response: responseShape && sampleOf(service, responseShape) };

    const output = await run(operator, iot, name, input);

    const heard = withCertificate.has(name) ? { ...input, certificate } : (request ?? input);
    expect(port.commands).toEqual([{ name: `iot:${name}`, request: heard }]);
    expect(withoutBlobs(output)).toEqual(
      responseShape === undefined ? {} : sampleOf(service, responseShape, (atMs) => new Date(atMs)),
    );
  });
});

describe('every operation of the data plane', () => {
  const jobDocument = '{"operation":"sample"}';
  const execution: JobExecution = {
    jobId: 'sample',
    thingName: 'T:1',
    executionNumber: 3,
    status: 'IN_PROGRESS',
    statusDetails: { step: 'download' },
    queuedAt: 1_700_000_000_123,
    startedAt: 1_700_000_001_999,
    lastUpdatedAt: 1_700_000_002_000,
    versionNumber: 2,
    timesOutAt: 1_700_000_600_000,
    retryAttempt: 0,
  };
  const times = { queuedAt: 1_700_000_000, startedAt: 1_700_000_001, lastUpdatedAt: 1_700_000_002 };
  const numbers = { executionNumber: 3, versionNumber: 2 };
  const state = { status: 'IN_PROGRESS', statusDetails: { step: 'download' } };
  const head = { jobId: 'sample', thingName: 'T:1', approximateSecondsBeforeTimedOut: 599, jobDocument };
  const described = { execution: { ...head, ...state, ...times, ...numbers } };
  const answers: Readonly<Record<string, { readonly response: unknown; readonly output: unknown }>> = {
    GetPendingJobExecutions: {
      response: { inProgress: [execution], queued: [] },
      output: { inProgressJobs: [{ jobId: 'sample', ...times, ...numbers }], queuedJobs: [] },
    },
    StartNextPendingJobExecution: { response: { execution, jobDocument }, output: described },
    DescribeJobExecution: { response: { execution, jobDocument }, output: described },
    UpdateJobExecution: {
      response: { executionState: execution, jobDocument },
      output: { executionState: { ...state, versionNumber: 2 }, jobDocument },
    },
  };

  it.each(device.map((operation) => [operation.name, operation] as const))('%s', async (name, operation) => {
    const input = sampleRequest(operation);
    port.commands.length = 0;
    port.reply = { accepted: true, response: answers[name]?.response };

    const output = await run(agent, data, name, input);

    expect(port.commands).toEqual([{ name: `iotjobsdata:${name}`, request: input }]);
    expect(output).toEqual(answers[name]?.output);
  });

  it('tells the planes apart by the signature where they share a path', async () => {
    port.commands.length = 0;
    port.reply = { accepted: true, response: {} };
    await run(operator, iot, 'DescribeJobExecution', { thingName: 'T', jobId: 'J' });
    await run(agent, data, 'DescribeJobExecution', { thingName: 'T', jobId: '$next' });
    expect(port.commands).toEqual([
      { name: 'iot:DescribeJobExecution', request: { thingName: 'T', jobId: 'J' } },
      { name: 'iotjobsdata:DescribeJobExecution', request: { thingName: 'T', jobId: '$next' } },
    ]);
  });
});

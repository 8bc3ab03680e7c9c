/**
 * FreeRTOS's OTA agent, played from what it was seen to do (docs/field-notes.md): it finishes an update over MQTT streams and
 * over HTTP, verifies the signature, reboots into a self-test, and lives with a job that is deleted under it.
 */
import { X509Certificate, createVerify } from 'node:crypto';
import type { CreateOTAUpdateCommandInput } from '@aws-sdk/client-iot';
import { decode, encode } from 'cborg';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from '../support/download.ts';
import {
  type FieldBench,
  type FieldDevice,
  type FieldExecution,
  roleArn,
  openFieldBench,
} from '../support/field-bench.ts';

const blockBytes = 4096;
const reportsEvery = 64;

interface OtaFile {
  readonly filepath: string;
  readonly filesize: number;
  readonly fileid: number;
  readonly certfile: string;
  readonly update_data_url: string | null;
  readonly auth_scheme: string | null;
  readonly 'sig-sha256-ecdsa': string;
}
interface OtaDocument {
  readonly protocols: readonly string[];
  readonly streamname?: string;
  readonly files: readonly [OtaFile];
}

let bench: FieldBench;

beforeEach(async () => {
  bench = await openFieldBench();
});

function createUpdate(otaUpdateId: string, more: Partial<CreateOTAUpdateCommandInput> = {}) {
  return bench.operator.createOTAUpdate({
    otaUpdateId,
    targets: [bench.thingArn],
    roleArn,
    files: [
      {
        fileName: '/fw',
        fileType: 0,
        fileLocation: { s3Location: { bucket: 'images', key: 'v2.bin' } },
        codeSigning: {
          startSigningJobParameter: {
            signingProfileName: 'bench',
            signingProfileParameter: { certificatePathOnDevice: 'Code Verify Key' },
            destination: { s3Destination: { bucket: 'images' } },
          },
        },
      },
    ],
    ...more,
  });
}

/** What the agent keeps over a reboot is nothing: it learns from the service where it was. */
class OtaAgent {
  readonly #bench: FieldBench;
  readonly #device: FieldDevice;
  readonly image: Buffer[] = [];
  #asked = 0;

  private constructor(field: FieldBench, device: FieldDevice) {
    this.#bench = field;
    this.#device = device;
  }

  static async boot(field: FieldBench, cleanSession = true): Promise<OtaAgent> {
    const device = await field.connect(8883, { clean: cleanSession, keepalive: 60 });
    await device.subscribe(['jobs/notify-next']);
    return new OtaAgent(field, device);
  }

  get device(): FieldDevice {
    return this.#device;
  }

  /** It never subscribes to the answer. */
  async nextJob(): Promise<FieldExecution | undefined> {
    this.#asked += 1;
    const clientToken = `${this.#asked}:${this.#bench.thingName}`;
    const [outcome, answer] = await this.#device.ask('jobs/$next/get', { clientToken });
    expect([outcome, answer['clientToken']]).toEqual(['accepted', clientToken]);
    return answer['execution'] as FieldExecution | undefined;
  }

  report(jobId: string, status: string, statusDetails: object, qos: 0 | 1 = 1) {
    return this.#device.ask(`jobs/${jobId}/update`, { status, statusDetails }, qos);
  }

  /** One block at a time; the bitmap names all that are missing. */
  async receiveByStream(
    jobId: string,
    { streamname = '', files: [file] }: OtaDocument,
    stopAfter = Infinity,
  ): Promise<Buffer> {
    const blocks = Math.ceil(file.filesize / blockBytes);
    const missing = new Set(Array.from({ length: blocks }, (_, block) => block));
    const image = Buffer.alloc(file.filesize);
    await this.#device.subscribe([`streams/${streamname}/data/cbor`], 0);
    for (let received = 0; missing.size > 0 && received < stopAfter;) {
      const bitmap = Buffer.alloc(Math.ceil(blocks / 8));
      for (const block of missing) bitmap[block >> 3]! |= 1 << (block & 7);
      const request = { c: 'rdy', f: file.fileid, l: blockBytes, o: 0, b: bitmap, n: 1 };
      await this.#device.publish(`streams/${streamname}/get/cbor`, Buffer.from(encode(request)), 0);
      const { payload, qos } = await this.#device.next(`streams/${streamname}/data/cbor`);
      const { f, i, l, p } = decode(payload) as { f: number; i: number; l: number; p: Uint8Array };
      expect([f, qos, p instanceof Uint8Array, p.length]).toEqual([file.fileid, 0, true, l]);
      expect(l).toBe(Math.min(blockBytes, file.filesize - i * blockBytes));
      image.set(p, i * blockBytes);
      missing.delete(i);
      received += 1;
      if (received === 1 || received % reportsEvery === 0) {
        await this.report(jobId, 'IN_PROGRESS', { receive: `${received}/${blocks}` }, 0);
      }
    }
    return image;
  }

  async receiveByHttp(jobId: string, { files: [file] }: OtaDocument): Promise<Buffer> {
    const image: Buffer[] = [];
    for (let start = 0; start < file.filesize; start += blockBytes) {
      const end = Math.min(start + blockBytes, file.filesize) - 1;
      const headers = { range: `bytes=${start}-${end}` };
      const { status, body } = await download(file.update_data_url!, this.#bench.service.ca, { headers });
      expect(status).toBe(206);
      image.push(body);
      if (start === 0) await this.report(jobId, 'IN_PROGRESS', { receive: '1' }, 0);
    }
    return Buffer.concat(image);
  }

  isGenuine(image: Buffer, file: OtaFile): boolean {
    const { publicKey } = new X509Certificate(this.#bench.service.codeSigningCertificate!);
    return createVerify('sha256').update(image).verify(publicKey, file['sig-sha256-ecdsa'], 'base64');
  }
}

const documentOf = ({ jobDocument }: FieldExecution): OtaDocument => jobDocument['afr_ota'] as OtaDocument;

describe.each(['MQTT', 'HTTP'] as const)('FreeRTOS OTA over %s', (protocol) => {
  it('finishes an update: blocks, signature, self-test after a reboot, and the last word', async () => {
    await createUpdate('u', { protocols: [protocol] });
    const agent = await OtaAgent.boot(bench);
    const job = (await agent.nextJob())!;
    const document = documentOf(job);
    expect(document.protocols).toEqual([protocol]);
    expect(document.files[0]).toMatchObject({ filepath: '/fw', filesize: 70_000, certfile: 'Code Verify Key' });
    const image =
      protocol === 'MQTT'
        ? await agent.receiveByStream(job.jobId, document)
        : await agent.receiveByHttp(job.jobId, document);
    expect(image.equals(bench.image)).toBe(true);
    expect(agent.isGenuine(image, document.files[0])).toBe(true);
    const ready = { self_test: 'ready', updatedBy: '0x00010002' };
    expect((await agent.report(job.jobId, 'IN_PROGRESS', ready))[0]).toBe('accepted');
    await agent.device.client.endAsync(true);

    const rebooted = await OtaAgent.boot(bench);
    const again = (await rebooted.nextJob())!;
    expect(again).toMatchObject({ jobId: 'AFR_OTA-u', status: 'IN_PROGRESS' });
    expect(again.statusDetails).toMatchObject(ready);
    expect(documentOf(again).files[0].filesize).toBe(70_000);
    await rebooted.report(job.jobId, 'IN_PROGRESS', { self_test: 'active', updatedBy: '0x00010003' });
    await rebooted.report(job.jobId, 'SUCCEEDED', { reason: 'accepted  v1.0.3', updatedBy: '  v1.0.2' });
    expect((await bench.execution(job.jobId))?.status).toBe('SUCCEEDED');
    expect(await rebooted.nextJob()).toBeUndefined();
    const { otaUpdateInfo } = await bench.operator.getOTAUpdate({ otaUpdateId: 'u' });
    expect(otaUpdateInfo).toMatchObject({ otaUpdateStatus: 'CREATE_COMPLETE', awsIotJobId: 'AFR_OTA-u' });
  });

  it('every block that is asked for can be seen, with the job that it is for', async () => {
    await createUpdate('u', { protocols: [protocol] });
    const agent = await OtaAgent.boot(bench);
    const job = (await agent.nextJob())!;
    if (protocol === 'MQTT') await agent.receiveByStream(job.jobId, documentOf(job));
    else await agent.receiveByHttp(job.jobId, documentOf(job));
    const finished = () =>
      bench.seen.flatMap((seen) => (seen.kind === 'download' && seen.state === 'finished' ? [seen] : []));
    await vi.waitUntil(() => finished().reduce((sum, { bytes }) => sum + bytes, 0) === 70_000, 60_000);
    expect(
      new Set(finished().map(({ jobId, thingName, totalBytes }) => `${jobId} ${thingName} ${totalBytes}`)),
    ).toEqual(new Set(['AFR_OTA-u field-1 70000']));
  });
});

describe('FreeRTOS OTA whose update is deleted in the middle of its stream', () => {
  it.each([
    ['leaving the stream', false, 'data'],
    ['with its stream', true, 'rejected'],
  ])('%s: it is told the job is gone, and what the stream says then', async (_what, deleteStream, kind) => {
    await createUpdate('u');
    const agent = await OtaAgent.boot(bench);
    const job = (await agent.nextJob())!;
    const document = documentOf(job);
    const { streamname } = document;
    await agent.receiveByStream(job.jobId, document, 3);
    await bench.operator.deleteOTAUpdate({ otaUpdateId: 'u', forceDeleteAWSJob: true, deleteStream });
    // The notification of its own progress came before; this one has no execution.
    let told = await agent.device.nextJson('jobs/notify-next');
    while ('execution' in told && Object.keys(told['execution'] as object).length > 0) {
      told = await agent.device.nextJson('jobs/notify-next');
    }
    const [outcome, answer] = await agent.report(job.jobId, 'IN_PROGRESS', { receive: '4/18' });
    expect([outcome, answer['code']]).toEqual(['rejected', 'ResourceNotFound']);
    await agent.device.subscribe([`streams/${streamname}/rejected/cbor`], 0);
    const request = Buffer.from(encode({ c: 'rdy', f: 0, l: blockBytes, o: 3, n: 1 }));
    await agent.device.publish(`streams/${streamname}/get/cbor`, request, 0);
    expect(decode((await agent.device.next(`streams/${streamname}/${kind}/cbor`)).payload)).toHaveProperty('c', 'rdy');
    expect(bench.seen.at(-1)).toMatchObject({ kind: 'download', jobId: 'AFR_OTA-u' });

    await createUpdate('v');
    expect(await agent.nextJob()).toMatchObject({ jobId: 'AFR_OTA-v', status: 'QUEUED' });
  });
});

it('the other reading: a stream is over for the device with its job', async () => {
  bench = await openFieldBench({ profile: 'documented' });
  await createUpdate('u');
  const agent = await OtaAgent.boot(bench);
  const job = (await agent.nextJob())!;
  const { streamname } = documentOf(job);
  await bench.deleteJob(job.jobId);
  await agent.device.subscribe([`streams/${streamname}/rejected/json`], 0);
  await agent.device.publish(`streams/${streamname}/get/json`, { f: 0, l: 256 }, 0);
  expect(await agent.device.nextJson(`streams/${streamname}/rejected/json`)).toMatchObject({
    code: 'ResourceNotFound',
  });
});

it('an update of a file that is missing fails without a job', async () => {
  await createUpdate('u', {
    files: [{ fileName: '/fw', fileLocation: { s3Location: { bucket: 'images', key: 'none' } } }],
  });
  const { otaUpdateInfo } = await bench.operator.getOTAUpdate({ otaUpdateId: 'u' });
  expect(otaUpdateInfo?.otaUpdateStatus).toBe('CREATE_FAILED');
  expect(otaUpdateInfo?.errorInfo?.message).toContain('s3://images/none');
});

it('the library of file streams with its fixed version and its constant bitmap gets what it asks for', async () => {
  await createUpdate('u');
  const agent = await OtaAgent.boot(bench);
  const { streamname } = documentOf((await agent.nextJob())!);
  await agent.device.subscribe([`streams/${streamname}/data/json`, `streams/${streamname}/data/cbor`], 0);
  await agent.device.publish(`streams/${streamname}/get/json`, '{"s": 1,"f": 0,"l": 256,"o": 2,"n": 2}', 0);
  for (const i of [2, 3]) {
    expect(await agent.device.nextJson(`streams/${streamname}/data/json`)).toEqual({
      f: 0,
      i,
      l: 256,
      p: bench.image.subarray(i * 256, (i + 1) * 256).toString('base64'),
    });
  }
  const constant = Buffer.from('444d513d3d', 'hex');
  const request = { c: 'rdy', f: 0, l: 256, o: 0, b: constant, n: 1 };
  await agent.device.publish(`streams/${streamname}/get/cbor`, Buffer.from(encode(request)), 0);
  expect(decode((await agent.device.next(`streams/${streamname}/data/cbor`)).payload)).toMatchObject({ i: 2, l: 256 });
});

/** OTA updates: what one makes, how it shows, and how it goes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command, CreateOtaUpdate, OtaImage } from '../../broker/engine/contract.ts';
import { plain, Rows, rowsOf, thingArn, World } from './world.ts';

const roleArn = 'arn:aws:iam::123456789012:role/ota';
const s3Location = { bucket: 'images', key: 'a b/v2.bin', version: '7' };
const image: OtaImage = { object: { bucket: 'images', key: 'a b/v2.bin', versionId: '7' }, bytes: 70_000 };
const update: CreateOtaUpdate = {
  otaUpdateId: 'u',
  targets: [thingArn('t')],
  files: [{ fileName: '/fw', fileType: 0, fileLocation: { s3Location } }],
  roleArn,
  images: [image],
};

function otaWorld(more: Partial<CreateOtaUpdate> = {}): World {
  const world = new World();
  world.things('t');
  world.ok('iot:CreateOTAUpdate', { ...update, ...more });
  return world;
}

function documentOf(world: World): Record<string, unknown> {
  const { document = '' } = world.ok('iot:GetJobDocument', { jobId: 'AFR_OTA-u' });
  return (JSON.parse(document) as { afr_ota: Record<string, unknown> }).afr_ota;
}

const inStream = (streamId: string, fileId: number) => ({ fileLocation: { stream: { streamId, fileId } } });
const infoOf = (world: World) => world.ok('iot:GetOTAUpdate', { otaUpdateId: 'u' }).otaUpdateInfo!;
const refusalOf = (world: World) => world.refused('iot:CreateOTAUpdate', update).message;
const streamsOf = (world: World) => world.ok('iot:ListStreams', {}).streams ?? [];

describe('an OTA update over MQTT', () => {
  it('answers that all is to come, and has made a stream and a job whose document names it', () => {
    const world = new World();
    world.things('t');
    expect(world.ok('iot:CreateOTAUpdate', update)).toEqual({
      otaUpdateId: 'u',
      otaUpdateArn: 'arn:aws:iot:eu-west-1:123456789012:otaupdate/u',
      otaUpdateStatus: 'CREATE_PENDING',
      awsIotJobId: 'AFR_OTA-u',
      awsIotJobArn: 'arn:aws:iot:eu-west-1:123456789012:job/AFR_OTA-u',
    });
    const [stream] = streamsOf(world);
    expect(stream).toMatchObject({ streamVersion: 1, description: 'Stream for OTAUpdate u' });
    expect(stream?.streamId).toMatch(/^AFR_OTA-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(world.ok('iot:DescribeStream', { streamId: stream!.streamId! }).streamInfo?.files).toEqual([
      { fileId: 0, s3Location },
    ]);
    expect(documentOf(world)).toEqual({
      protocols: ['MQTT'],
      streamname: stream?.streamId,
      files: [
        {
          filepath: '/fw',
          filesize: 70_000,
          fileid: 0,
          certfile: null,
          fileType: 0,
          update_data_url: null,
          auth_scheme: null,
          'sig--': null,
        },
      ],
    });
    expect(world.jobOf('AFR_OTA-u')).toMatchObject({
      status: 'IN_PROGRESS',
      targetSelection: 'SNAPSHOT',
      presignedUrlConfig: { roleArn, expiresInSec: 1800 },
    });
    expect(world.pending('t').queued).toEqual(['AFR_OTA-u']);
    expect(world.ok('jobrig:OpenStream', { thingName: 't', streamId: stream!.streamId! }).jobId).toBe('AFR_OTA-u');
  });

  it("shows what was asked for, and nothing about the job's limits", () => {
    const world = otaWorld({ awsJobTimeoutConfig: { inProgressTimeoutInMinutes: 5 }, description: 'first' });
    expect(infoOf(world)).toMatchObject({
      description: 'first',
      protocols: ['MQTT'],
      targetSelection: 'SNAPSHOT',
      otaUpdateFiles: update.files,
      otaUpdateStatus: 'CREATE_COMPLETE',
      awsIotJobId: 'AFR_OTA-u',
    });
    const { awsJobExecutionsRolloutConfig, awsJobPresignedUrlConfig } = infoOf(world);
    expect([awsJobExecutionsRolloutConfig, awsJobPresignedUrlConfig]).toEqual([{}, {}]);
    expect(Object.keys(infoOf(world))).not.toContain('awsJobTimeoutConfig');
    expect(world.jobOf('AFR_OTA-u')?.timeoutConfig).toEqual({ inProgressTimeoutInMinutes: 5 });
  });

  it('is refused under an id that is taken: by an update, with or without a job, or by the job', () => {
    expect(refusalOf(otaWorld())).toContain('OTA update');
    expect(refusalOf(otaWorld({ images: [{ code: 'NoSuchKey', message: 'gone' }] }))).toContain('OTA update');
    const world = new World();
    world.things('t');
    world.job('AFR_OTA-u', [thingArn('t')]);
    expect(refusalOf(world)).toContain('Job AFR_OTA-u');
  });

  it('takes its files from a stream that is there, and makes none', () => {
    const world = new World();
    world.things('t');
    world.ok('iot:CreateStream', { streamId: 's', roleArn, files: [{ fileId: 7, s3Location }] });
    const files = [{ fileLocation: { stream: { streamId: 's', fileId: 7 } } }];
    world.ok('iot:CreateOTAUpdate', { ...update, files });
    expect(streamsOf(world)).toHaveLength(1);
    expect(documentOf(world)).toMatchObject({ streamname: 's', files: [{ fileid: 7, filepath: null }] });
  });

  it('carries a job id as long as its own id, which devices can ask about', () => {
    const world = new World();
    world.things('t');
    const otaUpdateId = 'u'.repeat(64);
    world.ok('iot:CreateOTAUpdate', { ...update, otaUpdateId });
    expect(world.jobOf(`AFR_OTA-${otaUpdateId}`)?.status).toBe('IN_PROGRESS');
    expect(world.refused('iot:CreateOTAUpdate', { ...update, otaUpdateId: `${otaUpdateId}u` }).code).toBe(
      'InvalidRequest',
    );
  });
});

describe('the document of an OTA update', () => {
  it('over HTTP has a URL to be signed instead of a stream', () => {
    const world = otaWorld({ protocols: ['HTTP'], awsJobPresignedUrlConfig: { expiresInSec: 60 } });
    expect(streamsOf(world)).toEqual([]);
    expect(documentOf(world)).toMatchObject({
      protocols: ['HTTP'],
      files: [
        {
          update_data_url:
            '${aws:iot:s3-presigned-url-v2:https://s3.eu-west-1.amazonaws.com/images/a%20b/v2.bin?versionId=7}',
          auth_scheme: 'aws.s3.presigned',
        },
      ],
    });
    expect(Object.keys(documentOf(world))).not.toContain('streamname');
    expect(world.jobOf('AFR_OTA-u')?.presignedUrlConfig?.expiresInSec).toBe(60);
  });

  it('over both has both', () => {
    expect(documentOf(otaWorld({ protocols: ['MQTT', 'HTTP'] }))).toMatchObject({
      protocols: ['MQTT', 'HTTP'],
      streamname: expect.stringMatching(/^AFR_OTA-/) as string,
      files: [{ auth_scheme: 'aws.s3.presigned' }],
    });
  });

  const certificateChain = { certificateName: '/c.pem' };
  it.each([
    [
      {
        customCodeSigning: {
          signature: { inlineDocument: 'b3du' },
          certificateChain,
          hashAlgorithm: 'SHA1',
          signatureAlgorithm: 'RSA',
        },
      },
      { certfile: '/c.pem', 'sig-sha1-rsa': 'b3du' },
    ],
    [
      {
        customCodeSigning: {
          signature: { inlineDocument: 'b3du' },
          hashAlgorithm: 'sha-256',
          signatureAlgorithm: 'ecdsa',
        },
      },
      { certfile: null, 'sig-sha256-ecdsa': 'b3du' },
    ],
    [
      { startSigningJobParameter: { signingProfileParameter: { certificatePathOnDevice: 'Code Verify Key' } } },
      { certfile: 'Code Verify Key', 'sig-sha256-ecdsa': 'cmln' },
    ],
    [{ awsSignerJobId: 'job' }, { certfile: null, 'sig-sha256-ecdsa': 'cmln' }],
  ])('with %j has %j', (codeSigning, members) => {
    const files = [{ ...update.files[0], codeSigning }];
    const world = otaWorld({ files, images: [{ ...image, signature: 'cmln' }] });
    expect(documentOf(world)).toMatchObject({ files: [members] });
  });

  it('numbers its files, and passes their attributes on', () => {
    const attributes = { board: 'lamp' };
    const files = [update.files[0]!, { ...update.files[0], attributes }];
    expect(documentOf(otaWorld({ files, images: [image, image] }))).toMatchObject({
      files: [{ fileid: 0 }, { fileid: 1, attr: attributes }],
    });
  });
});

describe('an OTA update that cannot be', () => {
  it('is failed by its file, without a job', () => {
    const problem = { code: 'NoSuchKey', message: 'gone' };
    const world = otaWorld({ images: [problem] });
    expect(infoOf(world)).toMatchObject({ otaUpdateStatus: 'CREATE_FAILED', errorInfo: problem });
    expect([world.jobOf('AFR_OTA-u'), streamsOf(world)]).toEqual([undefined, []]);
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u' });
    world.ok('iot:CreateOTAUpdate', update);
  });

  it('is failed by a file above 16 MB', () => {
    const world = otaWorld({ images: [{ ...image, bytes: 16 * 1024 * 1024 + 1 }] });
    expect(infoOf(world).otaUpdateStatus).toBe('CREATE_FAILED');
    expect(infoOf(otaWorld({ images: [{ ...image, bytes: 16 * 1024 * 1024 }] })).otaUpdateStatus).toBe(
      'CREATE_COMPLETE',
    );
  });

  it.each<[string, Partial<CreateOtaUpdate>, string]>([
    ['for nobody', { targets: [thingArn('nobody')] }, 'ResourceNotFound'],
    ['from no stream', { files: [inStream('none', 0)] }, 'ResourceNotFound'],
    ['from a file that a stream has not', { files: [inStream('s', 9)] }, 'InvalidRequest'],
    ['from two places', { files: [inStream('s', 0), update.files[0]!], images: [image, image] }, 'InvalidRequest'],
    ['where no files can be read', { images: undefined as never }, 'InvalidRequest'],
    ['twice', { otaUpdateId: 'there' }, 'ResourceAlreadyExists'],
    ['beside a job of the same id', { otaUpdateId: 'job' }, 'ResourceAlreadyExists'],
  ])('is refused %s', (_what, members, code) => {
    const world = new World();
    world.things('t');
    world.ok('iot:CreateStream', { streamId: 's', roleArn, files: [{ fileId: 0, s3Location }] });
    world.ok('iot:CreateOTAUpdate', { ...update, otaUpdateId: 'there' });
    world.job('AFR_OTA-job', [thingArn('t')]);
    expect(world.refused('iot:CreateOTAUpdate', { ...update, ...members }).code).toBe(code);
  });
});

describe('deleting an OTA update', () => {
  it('is refused while its job is live, unless forced; the update goes with the job', () => {
    const world = otaWorld();
    expect(world.refused('iot:DeleteOTAUpdate', { otaUpdateId: 'u' }).code).toBe('InvalidRequest');
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u', forceDeleteAWSJob: true });
    expect(infoOf(world).otaUpdateStatus).toBe('DELETE_IN_PROGRESS');
    expect(world.refused('iot:DeleteOTAUpdate', { otaUpdateId: 'u', forceDeleteAWSJob: true }).code).toBe(
      'VersionMismatch',
    );
    world.settle();
    expect(world.refused('iot:GetOTAUpdate', { otaUpdateId: 'u' }).code).toBe('ResourceNotFound');
    expect([world.jobOf('AFR_OTA-u'), streamsOf(world).length]).toEqual([undefined, 1]);
    world.ok('iot:CreateOTAUpdate', update);
  });

  it('goes through when the job is over', () => {
    const world = otaWorld();
    world.update('t', 'AFR_OTA-u', 'SUCCEEDED');
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u' });
    world.settle();
    expect(world.jobOf('AFR_OTA-u')).toBeUndefined();
  });

  it.each([
    ['its own', update.files, true, 0],
    ['its own, which it leaves', update.files, false, 1],
    ['that of another', [inStream('s', 0)], true, 1],
  ])('takes a stream along: %s', (_what, files, deleteStream, left) => {
    const world = new World();
    world.things('t');
    if (files !== update.files)
      world.ok('iot:CreateStream', { streamId: 's', roleArn, files: [{ fileId: 0, s3Location }] });
    world.ok('iot:CreateOTAUpdate', { ...update, files });
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u', deleteStream, forceDeleteAWSJob: true });
    expect(streamsOf(world)).toHaveLength(left);
  });

  it('goes on after the job was deleted by hand', () => {
    const world = otaWorld();
    world.ok('iot:DeleteJob', { jobId: 'AFR_OTA-u', force: true });
    world.settle();
    expect(infoOf(world).otaUpdateStatus).toBe('CREATE_COMPLETE');
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u' });
    expect(world.refused('iot:GetOTAUpdate', { otaUpdateId: 'u' }).code).toBe('ResourceNotFound');
  });

  it('survives a restart in its midst', () => {
    const world = otaWorld();
    world.ok('iot:DeleteOTAUpdate', { otaUpdateId: 'u', forceDeleteAWSJob: true, deleteStream: true });
    const again = new World(rowsOf(world.engine), world.now);
    expect([...again.engine.rows()]).toEqual([...world.engine.rows()]);
    again.settle();
    expect(again.refused('iot:GetOTAUpdate', { otaUpdateId: 'u' }).code).toBe('ResourceNotFound');
  });
});

it('OTA updates are listed, newest first, by their status', () => {
  const world = otaWorld();
  world.ok('iot:CreateOTAUpdate', { ...update, otaUpdateId: 'bad', images: [{ code: 'NoSuchKey', message: '' }] });
  world.ok('iot:CreateOTAUpdate', { ...update, otaUpdateId: 'v' });
  const ids = (request: object): unknown =>
    world.ok('iot:ListOTAUpdates', request).otaUpdates?.map(({ otaUpdateId }) => otaUpdateId);
  expect([ids({}), ids({ otaUpdateStatus: 'CREATE_FAILED' }), ids({ maxResults: 1 })]).toEqual([
    ['v', 'bad', 'u'],
    ['bad'],
    ['v'],
  ]);
});

describe('an engine built from the rows', () => {
  const id = fc.constantFrom('u', 'v');
  const streamId = fc.constantFrom('s', 'r');
  const flags = fc.record({ deleteStream: fc.boolean(), forceDeleteAWSJob: fc.boolean() });
  const inS = [inStream('s', 0)];
  const location = { fileId: 0, s3Location };
  const commands: fc.Arbitrary<Command> = fc.oneof(
    streamId.map((stream) => ({ name: 'iot:CreateStream', request: { streamId: stream, files: [location], roleArn } })),
    streamId.map((stream) => ({ name: 'iot:UpdateStream', request: { streamId: stream, description: 'new' } })),
    streamId.map((stream) => ({ name: 'iot:DeleteStream', request: { streamId: stream } })),
    fc
      .tuple(id, fc.constantFrom(update.files, inS), fc.constantFrom(image, { code: 'NoSuchKey', message: '' }))
      .map(([otaUpdateId, files, found]) => ({
        name: 'iot:CreateOTAUpdate',
        request: { ...update, otaUpdateId, files, images: [found] },
      })),
    fc
      .tuple(id, flags)
      .map(([otaUpdateId, more]) => ({ name: 'iot:DeleteOTAUpdate', request: { otaUpdateId, ...more } })),
    id.map((otaUpdateId) => ({ name: 'iot:DeleteJob', request: { jobId: `AFR_OTA-${otaUpdateId}`, force: true } })),
    id.map((otaUpdateId) => ({ name: 'iot:CancelJob', request: { jobId: `AFR_OTA-${otaUpdateId}`, force: true } })),
    id.map((otaUpdateId) => ({
      name: 'iotjobsdata:UpdateJobExecution',
      request: { thingName: 't', jobId: `AFR_OTA-${otaUpdateId}`, status: 'SUCCEEDED' },
    })),
    fc.constant({ name: 'jobrig:OpenStream', request: { thingName: 't', streamId: 's' } }),
    fc.constant({ name: 'iot:ListStreams', request: {} }),
    fc.constant({ name: 'iot:ListOTAUpdates', request: {} }),
    fc.constant({ name: 'jobrig:Wake', request: {} }),
  ) as fc.Arbitrary<Command>;

  it('goes on exactly as the first one would, whatever becomes of streams, updates and their jobs', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 25 }), fc.nat(24), (given, restart) => {
        const first = new World();
        const kept = new Rows();
        kept.keep(first.apply('iot:CreateThing', { thingName: 't' }).changes);
        let second = new World(kept.all(), first.now);
        given.forEach((command, index) => {
          first.now += 1000;
          if (index === restart) second = new World(kept.all());
          const outcome = first.engine.apply(command, first.now);
          kept.keep(outcome.changes);
          expect(plain(second.engine.apply(command, first.now))).toEqual(plain(outcome));
        });
        expect(rowsOf(new World(kept.all()).engine)).toEqual(rowsOf(first.engine));
      }),
      { numRuns: 300 },
    );
  });
});

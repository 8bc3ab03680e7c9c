/**
 * CreateOTAUpdate: makes the stream and the job in the same turn, although it answers that both are to come, as AWS does.
 * A door that can read files gives along what it has found out about each. What is wrong with a file fails the update; what
 * is wrong with the request refuses it. Assumed: which is which, and the texts.
 * Source: reference streams-and-ota.md §2.1, §2.2, open points S11, S13, S14.
 */
import type { CreateOTAUpdateRequest, CreateOTAUpdateResponse, OTAUpdateFile } from '../../../protocol/aws/iot.ts';
import { maxFilesPerStream, maxOtaFileBytes, otaPresignedUrlSeconds } from '../../../protocol/limits.ts';
import { formatJobArn, formatOtaUpdateArn, isJobId } from '../../../protocol/names.ts';
import { createJob } from '../control-plane/create-job.ts';
import type { CreateOtaUpdate, OtaImage, Rejected, Reply } from '../contract.ts';
import { uuidOf } from '../identifiers.ts';
import { alreadyExists, invalidRequest, streamNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { OtaUpdateRow } from '../rows.ts';
import { findStream, type State } from '../state.ts';
import { makeStream } from '../streams/streams.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import { resolveTargets } from '../targets.ts';
import type { Turn } from '../turn.ts';
import { otaDocument, type OtaDocumentFile } from './ota-document.ts';
import { otaJobId, putOtaUpdate } from './ota-updates.ts';

export function createOTAUpdate(turn: Turn, command: CreateOtaUpdate): Reply<CreateOTAUpdateResponse> {
  const { images, ...request } = command;
  const { state, now } = turn;
  const { otaUpdateId } = request;
  const otaUpdateArn = formatOtaUpdateArn(state.identity, otaUpdateId);
  if (state.otaUpdates.has(otaUpdateId)) {
    return alreadyExists('OTA update', otaUpdateId, otaUpdateId, otaUpdateArn);
  }
  const jobId = otaJobId(otaUpdateId);
  if (!isJobId(jobId)) return invalidRequest(`The id of the job, ${jobId}, would be too long.`);
  if (state.jobs.has(jobId)) return alreadyExists('Job', jobId, jobId, formatJobArn(state.identity, jobId));
  const targets = resolveTargets(state, request.targets);
  if ('accepted' in targets) return targets;
  const source = sourceOf(state, request);
  if ('accepted' in source) return source;
  if (images === undefined) return invalidRequest('The files cannot be read: there is no file store.');
  const tags = withTags({}, request.tags);
  if (isTooManyTags(tags)) return invalidRequest('Too many tags.');

  const failure = failureOf(images);
  const streamId = source.streamId ?? (source.makesStream ? newStreamId(otaUpdateId, now) : undefined);
  if (failure === undefined) {
    const refusal = makeJob(turn, request, jobId, streamId, images as readonly OtaImage[]);
    if (refusal !== undefined) return refusal;
    if (source.makesStream) makeOwnStream(turn, request, streamId!, jobId);
  }
  const made = failure === undefined;
  putOtaUpdate(turn, {
    sequence: turn.createSequence(),
    otaUpdateId,
    request,
    status: made ? 'CREATE_COMPLETE' : 'CREATE_FAILED',
    createdAt: now,
    lastModifiedAt: now,
    ...(made && { jobId }),
    ...(made && source.makesStream && { ownStreamId: streamId! }),
    ...(failure && { errorInfo: failure }),
  });
  setTags(turn, otaUpdateArn, tags);
  return accept({
    otaUpdateId,
    otaUpdateArn,
    otaUpdateStatus: 'CREATE_PENDING',
    ...(made && { awsIotJobId: jobId, awsIotJobArn: formatJobArn(state.identity, jobId) }),
  });
}

/** One version 4 UUID is what AWS appends; this one is as good and the same for the same command. */
function newStreamId(otaUpdateId: string, now: number): string {
  return `AFR_OTA-${uuidOf(`stream/${otaUpdateId}/${now}`)}`;
}

interface Source {
  /** The stream that the request names. */
  readonly streamId?: string;
  readonly makesStream: boolean;
}

/** An update over MQTT takes its files from one stream: the one that is named, or a new one. */
function sourceOf(state: State, { files, protocols = ['MQTT'] }: CreateOTAUpdateRequest): Source | Rejected {
  if (files.length > maxFilesPerStream) {
    return invalidRequest(`An OTA update has at most ${maxFilesPerStream} files.`);
  }
  const named = files.flatMap(({ fileLocation }) => (fileLocation?.stream === undefined ? [] : [fileLocation.stream]));
  const [first] = named;
  if (first === undefined) return { makesStream: protocols.includes('MQTT') };
  const streamId = first.streamId ?? '';
  if (named.length < files.length || named.some((other) => other.streamId !== streamId)) {
    return invalidRequest('The files of an OTA update must all be in one stream, or none of them.');
  }
  const stream = findStream(state, streamId);
  if (stream === undefined) return streamNotFound(streamId);
  const missing = named.find(({ fileId }) => !stream.files.some((file) => file.fileId === fileId));
  if (missing !== undefined) return invalidRequest(`Stream ${streamId} has no file ${missing.fileId}.`);
  return { streamId, makesStream: false };
}

function failureOf(images: NonNullable<CreateOtaUpdate['images']>): OtaUpdateRow['errorInfo'] {
  for (const image of images) {
    if ('code' in image) return image;
    if (image.bytes > maxOtaFileBytes) {
      const { bucket, key } = image.object;
      const message = `The file s3://${bucket}/${key} is larger than ${maxOtaFileBytes} bytes.`;
      return { code: 'InvalidRequestException', message };
    }
  }
  return undefined;
}

function makeJob(
  turn: Turn,
  request: CreateOTAUpdateRequest,
  jobId: string,
  streamId: string | undefined,
  images: readonly OtaImage[],
): Rejected | undefined {
  const { protocols = ['MQTT'], targets, targetSelection, description, roleArn } = request;
  const { awsJobPresignedUrlConfig, awsJobExecutionsRolloutConfig, awsJobAbortConfig, awsJobTimeoutConfig } = request;
  const { expiresInSec = otaPresignedUrlSeconds } = awsJobPresignedUrlConfig ?? {};
  const files: readonly OtaDocumentFile[] = request.files.map((file, index) => ({
    file,
    image: images[index]!,
    fileId: file.fileLocation?.stream?.fileId ?? index,
  }));
  const parts = { region: turn.state.identity.region, protocols, files, ...(streamId !== undefined && { streamId }) };
  const { abortCriteriaList: criteriaList } = awsJobAbortConfig ?? {};
  const reply = createJob(turn, {
    jobId,
    targets,
    document: otaDocument(parts),
    description,
    targetSelection,
    presignedUrlConfig: { roleArn, expiresInSec },
    jobExecutionsRolloutConfig: awsJobExecutionsRolloutConfig,
    abortConfig: criteriaList && { criteriaList },
    timeoutConfig: awsJobTimeoutConfig,
  });
  return reply.accepted ? undefined : reply;
}

function makeOwnStream(
  turn: Turn,
  { otaUpdateId, files, roleArn }: CreateOTAUpdateRequest,
  streamId: string,
  jobId: string,
): void {
  makeStream(turn, {
    streamId,
    roleArn,
    files: files.map(({ fileLocation }: OTAUpdateFile, fileId) => ({ fileId, s3Location: fileLocation?.s3Location })),
    description: `Stream for OTAUpdate ${otaUpdateId}`,
    otaUpdateId,
    jobId,
  });
}

/**
 * The streams that there are, and the versions of those that were: an id that is used again goes on where it stopped.
 * A stream names files in S3 and holds nothing of them. Source: reference streams-and-ota.md §2, open point S9.
 */
import type { StreamFile } from '../../../protocol/aws/iot.ts';
import { streamVersionDays } from '../../../protocol/limits.ts';
import { formatStreamArn } from '../../../protocol/names.ts';
import { type EpochMs, msPerMinute } from '../../../protocol/time.ts';
import type { Rejected } from '../contract.ts';
import { invalidRequest } from '../refusals.ts';
import type { StreamRow } from '../rows.ts';
import type { State } from '../state.ts';
import { setTags, type Tags } from '../tags.ts';
import type { Turn } from '../turn.ts';

const versionKeptMs = streamVersionDays * 24 * 60 * msPerMinute;
/** The version that follows the last one is the first again; sixteen bits is what the model allows. */
const maxVersion = 65_535;

export function holdStream(state: State, row: StreamRow): void {
  const before = state.streams.get(row.streamId);
  if (before !== undefined && before.sequence !== row.sequence) state.streamList.remove(before);
  const stream = before?.sequence === row.sequence ? before : { sequence: row.sequence, row };
  stream.row = row;
  if (stream !== before) state.streamList.append(stream);
  state.streams.set(row.streamId, stream);
}

export function versionAfter(version: number): number {
  return version >= maxVersion ? 1 : version + 1;
}

/** Of a stream that is about to be made. */
function firstVersion(state: State, streamId: string, now: EpochMs): number {
  const row = state.streams.get(streamId)?.row;
  if (row?.deletedAt === undefined || now - row.deletedAt >= versionKeptMs) return 1;
  return versionAfter(row.version);
}

type NewStream = Pick<StreamRow, 'streamId' | 'files' | 'roleArn' | 'description' | 'otaUpdateId' | 'jobId'>;

export function makeStream(turn: Turn, stream: NewStream, tags: Tags = {}): StreamRow {
  const { state, now } = turn;
  const row: StreamRow = {
    sequence: turn.createSequence(),
    ...stream,
    version: firstVersion(state, stream.streamId, now),
    createdAt: now,
    lastUpdatedAt: now,
  };
  replaceStream(turn, row);
  setTags(turn, formatStreamArn(state.identity, row.streamId), tags);
  return row;
}

export function replaceStream(turn: Turn, row: StreamRow): void {
  holdStream(turn.state, row);
  turn.put('stream', row.streamId, row);
}

/** Of whose job it was stays known, for those who watch a device that goes on asking. */
export function deleteStreamRow(turn: Turn, { sequence, streamId, version, jobId }: StreamRow): void {
  const { state, now } = turn;
  replaceStream(turn, {
    sequence,
    streamId,
    version,
    jobId,
    files: [],
    roleArn: '',
    createdAt: now,
    lastUpdatedAt: now,
    deletedAt: now,
  });
  setTags(turn, formatStreamArn(state.identity, streamId), {});
}

/** Assumed: texts; that each file is told by its id and lies somewhere in S3 follows from what a stream is. */
export function refuseFiles(files: readonly StreamFile[]): Rejected | undefined {
  const ids = new Set<number>();
  for (const { fileId, s3Location } of files) {
    if (fileId === undefined) return invalidRequest('A file of a stream needs a fileId.');
    if (ids.has(fileId)) return invalidRequest(`The fileId ${fileId} is used twice.`);
    ids.add(fileId);
    if (s3Location?.bucket === undefined || s3Location.key === undefined) {
      return invalidRequest(`The file ${fileId} needs an s3Location with bucket and key.`);
    }
  }
  return undefined;
}

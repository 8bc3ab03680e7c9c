/**
 * What a device may know of a stream, for whoever reads its files: asked with every request of a device, so that a stream
 * that is deleted is gone with the next block. A device may read any stream, whatever jobs it has (reference
 * streams-and-ota.md S3). The job for which the stream was made, or in whose document it is named, goes along for those who
 * watch the device.
 */
import type { OpenStreamRequest, OpenedStream, Reply } from '../contract.ts';
import { streamNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { StreamRow } from '../rows.ts';
import { findExecution, findStream, queuesOf, type State } from '../state.ts';
import type { Turn } from '../turn.ts';

export function openStream({ state }: Turn, { streamId, thingName }: OpenStreamRequest): Reply<OpenedStream> {
  const stream = findStream(state, streamId);
  if (stream === undefined || isOver(state, stream, thingName)) {
    const { jobId } = state.streams.get(streamId)?.row ?? {};
    return { ...streamNotFound(streamId), ...(jobId !== undefined && { members: { jobId } }) };
  }
  const { version, description, files } = stream;
  const jobId = stream.jobId ?? jobNaming(state, streamId, thingName);
  return accept({ streamId, version, description, files, jobId });
}

/**
 * Assumed: a stream goes on answering when the job for which it was made is canceled or force-deleted, until it is deleted
 * itself (S5); in the other profile it is over for a thing with the execution of that job.
 */
function isOver({ profile, jobs }: State, { jobId }: StreamRow, thingName: string): boolean {
  if (profile.streamAfterItsJob === 'answers' || jobId === undefined) return false;
  const job = jobs.get(jobId);
  return job === undefined || job.row.status === 'DELETION_IN_PROGRESS' || findExecution(job, thingName) === undefined;
}

/** Of what the device works on. */
function jobNaming(state: State, streamId: string, thingName: string): string | undefined {
  const thing = state.things.get(thingName);
  if (thing === undefined) return undefined;
  const name = JSON.stringify(streamId);
  for (const queue of queuesOf(thing)) {
    const execution = queue.inProgress.find(({ job }) => job.row.document.includes(name));
    if (execution !== undefined) return execution.job.id;
  }
  return undefined;
}

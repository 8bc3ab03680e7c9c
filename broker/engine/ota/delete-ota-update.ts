/**
 * DeleteOTAUpdate: takes the job along, a live one only by force, and the stream when it is asked to and the update made it.
 * The update is DELETE_IN_PROGRESS until its job is gone. Source: reference streams-and-ota.md §2.2, open point S12.
 */
import type { DeleteOTAUpdateRequest, DeleteOTAUpdateResponse } from '../../../protocol/aws/iot.ts';
import { maxJobsDeleting } from '../../../protocol/limits.ts';
import type { Rejected, Reply } from '../contract.ts';
import { deleteJob } from '../job-deletion.ts';
import { limitExceeded, jobInStatus, otaUpdateBeingDeleted, otaUpdateNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { OtaUpdateRow } from '../rows.ts';
import { findStream, type Job, type State } from '../state.ts';
import { deleteStreamRow } from '../streams/streams.ts';
import type { Turn } from '../turn.ts';
import { dropOtaUpdate, putOtaUpdate } from './ota-updates.ts';

export function deleteOTAUpdate(turn: Turn, request: DeleteOTAUpdateRequest): Reply<DeleteOTAUpdateResponse> {
  const { state } = turn;
  const { otaUpdateId, deleteStream = false, forceDeleteAWSJob = false } = request;
  const row = state.otaUpdates.get(otaUpdateId)?.row;
  if (row === undefined) return otaUpdateNotFound(otaUpdateId);
  if (row.status === 'DELETE_IN_PROGRESS') return otaUpdateBeingDeleted(otaUpdateId);
  const job = row.jobId === undefined ? undefined : state.jobs.get(row.jobId);
  const refusal = job && refuseJob(state, job, forceDeleteAWSJob);
  if (refusal !== undefined) return refusal;
  if (deleteStream) deleteOwnStream(turn, row);
  if (job === undefined) {
    dropOtaUpdate(turn, otaUpdateId);
  } else {
    putOtaUpdate(turn, { ...row, status: 'DELETE_IN_PROGRESS', lastModifiedAt: turn.now });
    if (job.row.status !== 'DELETION_IN_PROGRESS') deleteJob(turn, job, forceDeleteAWSJob);
  }
  return accept({});
}

function refuseJob({ deletingJobs }: State, { id, row }: Job, force: boolean): Rejected | undefined {
  const { status } = row;
  if (status === 'DELETION_IN_PROGRESS') return undefined;
  if (status !== 'COMPLETED' && status !== 'CANCELED' && !force)
    return jobInStatus(id, status, 'deleted without force');
  if (deletingJobs.length < maxJobsDeleting) return undefined;
  return limitExceeded(`At most ${maxJobsDeleting} jobs can be in status DELETION_IN_PROGRESS.`);
}

function deleteOwnStream(turn: Turn, { ownStreamId }: OtaUpdateRow): void {
  const stream = ownStreamId === undefined ? undefined : findStream(turn.state, ownStreamId);
  if (stream !== undefined) deleteStreamRow(turn, stream);
}

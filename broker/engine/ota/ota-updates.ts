/**
 * OTA updates: each is a job and, for MQTT, a stream, with a record of what was asked for. An update outlives neither: it is
 * deleted with its job. Source: reference streams-and-ota.md §2.2, open points S11 and S12.
 */
import type { OTAUpdateInfo } from '../../../protocol/aws/iot.ts';
import { formatJobArn, formatOtaUpdateArn, otaJobIdPrefix } from '../../../protocol/names.ts';
import type { OtaUpdateRow } from '../rows.ts';
import type { State } from '../state.ts';
import { setTags } from '../tags.ts';
import type { Turn } from '../turn.ts';

export function otaJobId(otaUpdateId: string): string {
  return `${otaJobIdPrefix}${otaUpdateId}`;
}

export function holdOtaUpdate(state: State, row: OtaUpdateRow): void {
  const held = state.otaUpdates.get(row.otaUpdateId);
  if (held !== undefined) {
    held.row = row;
    return;
  }
  const update = { sequence: row.sequence, row };
  state.otaUpdates.set(row.otaUpdateId, update);
  state.otaUpdateList.append(update);
}

export function putOtaUpdate(turn: Turn, row: OtaUpdateRow): void {
  holdOtaUpdate(turn.state, row);
  turn.put('otaUpdate', row.otaUpdateId, row);
}

export function dropOtaUpdate(turn: Turn, otaUpdateId: string): void {
  const { state } = turn;
  const update = state.otaUpdates.get(otaUpdateId);
  if (update === undefined) return;
  state.otaUpdates.delete(otaUpdateId);
  state.otaUpdateList.remove(update);
  turn.drop('otaUpdate', otaUpdateId);
  setTags(turn, formatOtaUpdateArn(state.identity, otaUpdateId), {});
}

/** A job is gone: an update that was waiting for that goes with it. */
export function otaJobGone(turn: Turn, jobId: string): void {
  if (!jobId.startsWith(otaJobIdPrefix)) return;
  const row = turn.state.otaUpdates.get(jobId.slice(otaJobIdPrefix.length))?.row;
  if (row?.status === 'DELETE_IN_PROGRESS') dropOtaUpdate(turn, row.otaUpdateId);
}

/** As GetOTAUpdate shows it: without limits on the job, role and tags; what was not asked for shows as an empty object. */
export function describedOtaUpdate(state: State, row: OtaUpdateRow): OTAUpdateInfo {
  const { otaUpdateId, jobId, request } = row;
  return {
    otaUpdateId,
    otaUpdateArn: formatOtaUpdateArn(state.identity, otaUpdateId),
    creationDate: row.createdAt,
    lastModifiedDate: row.lastModifiedAt,
    description: request.description,
    targets: request.targets,
    protocols: request.protocols ?? ['MQTT'],
    awsJobExecutionsRolloutConfig: request.awsJobExecutionsRolloutConfig ?? {},
    awsJobPresignedUrlConfig: request.awsJobPresignedUrlConfig ?? {},
    targetSelection: request.targetSelection ?? 'SNAPSHOT',
    otaUpdateFiles: request.files,
    otaUpdateStatus: row.status,
    awsIotJobId: jobId,
    awsIotJobArn: jobId === undefined ? undefined : formatJobArn(state.identity, jobId),
    errorInfo: row.errorInfo,
    additionalParameters: request.additionalParameters,
  };
}

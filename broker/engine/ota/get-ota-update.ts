/** GetOTAUpdate. Source: reference streams-and-ota.md §2. */
import type { GetOTAUpdateRequest, GetOTAUpdateResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { otaUpdateNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { describedOtaUpdate } from './ota-updates.ts';

export function getOTAUpdate({ state }: Turn, { otaUpdateId }: GetOTAUpdateRequest): Reply<GetOTAUpdateResponse> {
  const update = state.otaUpdates.get(otaUpdateId);
  if (update === undefined) return otaUpdateNotFound(otaUpdateId);
  return accept({ otaUpdateInfo: describedOtaUpdate(state, update.row) });
}

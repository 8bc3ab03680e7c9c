/** Since when a device has had no reason left to work for an execution that is gone. */
import type { EpochMs } from '../../protocol/time.ts';
import type { Limits } from './limits.ts';
import type { ExecutionRecord } from './execution-records.ts';
import type { DeviceRecord } from './record.ts';

/**
 * An answer leaves no doubt. After a notification a device may ask before it believes it, and cannot help how long the answer
 * takes; if it asks nobody, the notification is all it needs.
 */
export function doubtedSince(
  { openRequests, answeredAt }: DeviceRecord,
  { answerMs }: Limits,
  { known, hinted }: ExecutionRecord,
  now: EpochMs,
): EpochMs | undefined {
  if (known !== undefined) return known.at;
  const open = openRequests.at(-1);
  if (hinted === undefined || (open !== undefined && now - open.seen.at <= answerMs)) return undefined;
  return Math.max(hinted.at, answeredAt);
}
